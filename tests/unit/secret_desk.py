"""A desk for the tests of the secret verbs: fake `pulumi` and `sops` that note how they are called, and an editor."""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from ops.secret import main

ROOT = Path(__file__).parents[2]
SECRET = "s3cr3t"

# They do no more than the real ones: `config get` adds a newline, `config set` without a value reads standard input and
# cuts the last newline (pkg/cmd/pulumi/config), `sops -d FILE` prints the plain text.
PULUMI = """
import json, pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "calls").open("a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
words = [word for word in sys.argv[1:] if word != "--non-interactive"]
if "--config-file" in words:
    at = words.index("--config-file")
    del words[at : at + 2]
if words[:2] == ["config", "get"]:
    key, _, stack = words[2:]
    held = here / f"{stack}.{key}"
    if not held.exists():
        sys.exit(f"error: configuration key '{key}' not found for stack '{stack}'")
    print(held.read_text())
elif words[:3] == ["config", "set", "--secret"]:
    key, _, stack = words[3:]
    if (here / "refuse").exists():
        (here / "refuse").unlink()
        sys.exit("error: the login has expired")
    (here / f"{stack}.{key}").write_text(sys.stdin.read().removesuffix("\\n"))
elif words[:2] == ["stack", "output"]:
    print("{}")
elif words[0] == "up":
    sys.exit(7 if "--fail" in words else 0)
else:
    sys.exit("error: unknown command")
"""
SOPS_CLI = """
import pathlib, sys
here = pathlib.Path(__file__).parent
text = pathlib.Path(sys.argv[-1]).read_text()
sys.exit("no key") if "version: 0" in text else print((here / "plain").read_text(), end="")
"""


@dataclass(frozen=True)
class Ended:
    """How a verb ended, and what it and the programs that it called said."""

    returncode: int
    stdout: str
    stderr: str


@contextmanager
def standard_streams(given: str) -> Iterator[tuple[Path, Path]]:
    """Files in place of the three streams, for this process and those that it starts; those of what is said."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as back:
        said = Path(folder, "in"), Path(folder, "out"), Path(folder, "err")
        said[0].write_text(given)
        for number, (name, path) in enumerate(zip(("stdin", "stdout", "stderr"), said, strict=True)):
            before = os.dup(number)
            back.callback(os.close, before)
            back.callback(os.dup2, before, number)
            file = back.enter_context(path.open("w" if number else "r"))
            os.dup2(file.fileno(), number)
            back.enter_context(patch.object(sys, name, file))
        yield said[1], said[2]


@contextmanager
def handlers_kept() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass
class Desk:
    """A checkout's folder, fake programs first on PATH, and an editor that does as it is told."""

    folder: Path

    def program(self, name: str, code: str) -> None:
        file = self.folder / "bin" / name
        file.write_text(f"#!{sys.executable}\n{code}")
        file.chmod(0o755)

    def editor(self, *texts: str, code: int = 0) -> None:
        """Each call writes the next text; what was there before, and the modes, are kept for the test."""
        (self.folder / "texts").write_text(json.dumps(texts))
        self.program(
            "editor",
            f"""
import json, pathlib, sys
file, desk = pathlib.Path(sys.argv[1]), pathlib.Path({str(self.folder)!r})
modes = [oct(path.stat().st_mode & 0o777) for path in (file.parent, file)]
(desk / "seen").write_text(json.dumps([file.read_text(), str(file), modes]))
(file.parent / "backup~").write_text(file.read_text())
texts = json.loads((desk / "texts").read_text())
if texts:
    file.write_text(texts.pop(0))
(desk / "texts").write_text(json.dumps(texts))
sys.exit({code})
""",
        )

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "ops.secret"]

    @property
    def env(self) -> dict[str, str]:
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return {
            "PATH": path,
            "EDITOR": str(self.folder / "bin" / "editor"),
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
        }

    def run(self, verb: str, *arguments: str, given: str = "") -> Ended:
        """The verb in this process: to import it anew takes ten times as long as all that it does."""
        argv = ["ops.secret", verb, "--root", str(self.folder), *arguments]
        with (
            standard_streams(given) as said,
            patch.dict(os.environ, self.env, clear=True),
            patch.object(sys, "argv", argv),
            handlers_kept(),
        ):
            try:
                code = main()
            except SystemExit as ended:
                code = int(ended.code or 0)
            sys.stdout.flush()
            sys.stderr.flush()
            out, err = (file.read_text() for file in said)
        ended = Ended(code, out, err)
        assert SECRET not in ended.stdout + ended.stderr
        assert SECRET not in self.calls()
        return ended

    def calls(self) -> str:
        log = self.folder / "bin" / "calls"
        return log.read_text() if log.exists() else ""

    def held(self, stack: str, key: str = "airflow:settings") -> Path:
        return self.folder / "bin" / f"{stack}.{key}"

    def seen(self) -> list[object]:
        return json.loads((self.folder / "seen").read_text())
