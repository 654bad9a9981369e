"""A release's settings on their way to the sync: checked by its own rules, packed as one value of a Secret."""

import base64
import functools
import gzip
import importlib
import sys
from collections.abc import Callable
from pathlib import Path

SYNC = Path(__file__).parents[1] / "airflow" / "sync"
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


@functools.lru_cache(maxsize=64)
def problems(text: str) -> tuple[str, ...]:
    """What the sync would refuse in `text`, each a place and a rule without a value; empty where all is well."""
    check, bad_settings = _rules()
    try:
        check(text.encode())
        compressed(text)
    except bad_settings as error:
        return tuple(str(error).splitlines())
    except SettingsTooLarge as error:
        return (str(error),)
    return ()


@functools.cache
def _rules() -> tuple[Callable[[bytes], object], type[Exception]]:
    """The sync's own `check`, and the error it raises. Its modules lie flat, as a ConfigMap mounts them."""
    sys.path.insert(0, str(SYNC))
    try:
        return importlib.import_module("settings_rules").check, importlib.import_module("settings_file").BadSettings
    finally:
        sys.path.remove(str(SYNC))
