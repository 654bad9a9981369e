"""A release's settings on their way to the sync: checked by its own rules, packed as one value of a Secret."""

import base64
import functools
import gzip
import subprocess
import sys
from pathlib import Path

SYNC = Path(__file__).parents[1] / "airflow" / "sync"  # run, not imported
SECRET_MAX = 1024 * 1024  # bytes of all values of a Secret, before their base64 (k8s.io/api/core/v1, MaxSecretSize)


class SettingsTooLarge(ValueError):  # noqa: N818 - the word of the message
    """The settings do not fit into a Kubernetes Secret."""


def compressed(text: str) -> str:
    """`text` (YAML) gzipped, as the base64 that a Secret's `data` wants; the same text gives the same bytes.

    Raises SettingsTooLarge above 1 MiB of compressed bytes, naming both sizes.
    """
    packed = gzip.compress(text.encode(), compresslevel=9, mtime=0)
    if len(packed) > SECRET_MAX:
        raise SettingsTooLarge(
            f"the settings have {len(text.encode()):,} bytes, {len(packed):,} when compressed; a Kubernetes Secret "
            f"holds {SECRET_MAX:,}: move large values (certificates, tables) to files or the object store"
        )
    return base64.b64encode(packed).decode()


@functools.lru_cache(maxsize=4)
def problems(text: str) -> tuple[str, ...]:
    """What the sync would refuse in `text`, each a place and a rule without a value; empty where all is well.

    The script's own `--check`, in a process of its own: its modules lie flat, as a ConfigMap mounts them.
    """
    command = [sys.executable, "-I", str(SYNC), "--check", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", check=False)
    found = tuple(line.removeprefix("error: ") for line in done.stderr.splitlines() if line.startswith("error: "))
    if found:
        return found
    if done.returncode:
        return (f"the settings could not be checked: {SYNC.name} --check ended with {done.returncode}",)
    try:
        compressed(text)
    except SettingsTooLarge as error:
        return (str(error),)
    return ()
