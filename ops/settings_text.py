"""Settings in plain text: read (SOPS included), checked, edited in memory-backed files, kept for one machine."""

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.settings.payload import problems
from ops.errors import OpsError

# SOPS writes its metadata as a top-level key: YAML's `sops:` at a line's beginning, or JSON's
SOPS_YAML = re.compile(r"^sops:\s*$", re.MULTILINE)
VIM = ("-n", "-i", "NONE", "--cmd", "set noundofile nobackup nowritebackup")  # no copy of the text anywhere else


def read(file: Path | None) -> str:
    """The text of `file` (None: standard input), decrypted where SOPS encrypted it."""
    name = str(file) if file else "standard input"
    try:
        text = (file.read_bytes() if file else sys.stdin.buffer.read()).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise OpsError(f"{name} cannot be read: {reason}") from None
    return decrypted(text, file) if is_sops(text) else text


def is_sops(text: str) -> bool:
    """Whether SOPS encrypted it, as YAML or JSON."""
    if SOPS_YAML.search(text):
        return True
    try:
        data: object = json.loads(text)
    except ValueError:
        return False
    return isinstance(data, dict) and "sops" in data


def decrypted(text: str, file: Path | None) -> str:
    """What `sops -d` gives; the plain text only passes through a pipe."""
    if not shutil.which("sops"):
        source = shlex.quote(str(file)) if file else "FILE"
        raise OpsError(
            "the settings are encrypted by SOPS, which is not on this machine; where it is: "
            f"`sops -d {source} | make apply-secret STACK=… FILE=-`"
        )
    kind = "json" if text.lstrip().startswith("{") else "yaml"
    command = ["sops", "-d", "--input-type", kind, "--output-type", kind, str(file) if file else "/dev/stdin"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OpsError(f"sops -d failed ({done.returncode}): {done.stderr.strip()}")
    return done.stdout


def check(text: str) -> None:
    """Raise OpsError with all that the sync would refuse, or with the size where a Secret cannot hold it."""
    if found := problems(text):
        raise OpsError("\n".join(found))


def edited(text: str) -> str:
    """`text` after the user's editor had it, in a folder of mode 0700 that is gone afterwards, whatever happens."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own within, and never on a disk
    base = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="airflow-settings-", dir=base) as folder:
        file = Path(folder) / "secret.yaml"
        file.touch(mode=0o600)
        file.write_text(text)
        command = editor()
        try:
            done = subprocess.run([*command, str(file)], check=False)
        except FileNotFoundError:
            raise OpsError(f"the editor {command[0]} is not on this machine: set EDITOR") from None
        if done.returncode:
            raise OpsError(f"the editor ended with {done.returncode}: nothing was stored")
        try:
            return file.read_text()
        except (OSError, UnicodeDecodeError):
            raise OpsError("what the editor left cannot be read as UTF-8: nothing was stored") from None


def editor() -> list[str]:
    """$VISUAL, $EDITOR or vi, as words; vim is told to keep no copies."""
    words = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    program = shutil.which(words[0]) if words else None
    real = Path(program).resolve().name if program else ""
    return [*words, *VIM] if real.startswith(("vim", "nvim")) else words


def keep(file: Path, text: str) -> None:
    """Write `text` to `file` as a whole, mode 0600."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".secret.", suffix=".yaml")  # mkstemp's mode is 0600
    try:
        with os.fdopen(handle, "w") as draft:
            draft.write(text)
        Path(name).replace(file)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
