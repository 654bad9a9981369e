"""`make edit-secret`, `make apply-secret`: a stack's settings, or this machine's where the stack is `local`."""

import signal

if __name__ == "__main__":  # a second of loading, in which Ctrl-C is the end and no traceback; main() takes over
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import subprocess
import sys
from pathlib import Path
from types import FrameType

import pulumi
import typer

from infra.preview.errors import InputError
from infra.preview.planning import ROOT
from ops import settings_text
from ops.errors import OpsError
from ops.moves import moved
from ops.stack import Stack
from ops.stack_secrets import MACHINE

EMPTY = "airflow:\n  connections: []\n  variables: {}\n"


def main() -> int:
    """Exit code 0 done, 2 refused with the reason, else that of `pulumi up` or of the local sync."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    options = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)  # so that the plain text is removed on the way out
    try:
        if not options.stack:
            raise OpsError("say which: STACK=local, or the stack's name")
        return edit(options) if options.verb == "edit" else apply(options)
    except typer.Exit as ended:
        return ended.exit_code
    except (OpsError, InputError, pulumi.RunError) as error:
        tell(error)
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped: nothing was stored\n")
        return 130


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="ops.secret", description=__doc__)
    parser.add_argument("verb", choices=["edit", "apply"])
    parser.add_argument("--stack", default="")
    parser.add_argument("--stacks", type=Path, default=ROOT, help="folder of the stack files, such as examples/azure")
    parser.add_argument("--release", default="", help="a release whose settings are its own (`<release>.settings`)")
    parser.add_argument("--file", default="", help="apply: the settings, plain or encrypted by SOPS; - is stdin")
    parser.add_argument("--root", type=Path, default=Path(), help="the checkout")
    parser.add_argument("rest", nargs="*", metavar="-- …", help="apply: more for `pulumi up`, such as --yes")
    return parser.parse_intermixed_args()


def leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def tell(error: Exception) -> None:
    sys.stderr.write("".join(f"error: {line}\n" for line in str(error).splitlines()))


def key(options: argparse.Namespace) -> str:
    return "settings" if options.stack == MACHINE else stack(options).secret_key("settings", options.release)


def stack(options: argparse.Namespace) -> Stack:
    return Stack(options.stack, options.stacks)


def local_file(options: argparse.Namespace) -> Path:
    return options.root / "settings" / MACHINE / "secret.yaml"


def edit(options: argparse.Namespace) -> int:
    before = current(options)
    text = before if before is not None else example(options)
    while True:
        text = settings_text.edited(text)
        if text == before:
            sys.stdout.write("nothing was changed\n")
            return 0
        try:
            settings_text.check(text)
            store(options, text)  # an expired login, or a key service that does not answer, need not cost the edit
            break
        except OpsError as error:
            tell(error)
            if not again():
                raise OpsError("nothing was stored; what was typed is gone") from None
    verb = "apply-secret" if options.stack == MACHINE else "deploy"
    sys.stdout.write(f"stored; `make {verb} {stack(options).given}` brings it into Airflow\n")
    return 0


def again() -> bool:
    return sys.stdin.isatty() and input("edit again? [Y/n] ").strip().lower() in ("", "y", "yes")


def current(options: argparse.Namespace) -> str | None:
    if options.stack != MACHINE:
        return stack(options).get_secret(key(options)) or None
    file = local_file(options)
    return file.read_text() if file.exists() else None


def example(options: argparse.Namespace) -> str:
    """What a new file begins with: the environment's committed example."""
    file = options.root / "settings" / options.stack.rpartition("/")[2] / "secret.example.yaml"
    return file.read_text() if file.exists() else EMPTY


def store(options: argparse.Namespace, text: str) -> None:
    if options.stack == MACHINE:
        settings_text.keep(local_file(options), text)
    else:
        stack(options).set_secret(key(options), text)


def apply(options: argparse.Namespace) -> int:
    if options.stack == MACHINE:
        if options.file:
            text = settings_text.read(None if options.file == "-" else Path(options.file))
            settings_text.check(text)
            store(options, text)
        return subprocess.run([sys.executable, "-m", "local", "sync"], cwd=options.root, check=False).returncode
    if not options.file:
        raise OpsError("say which: FILE=…, or FILE=- for standard input")
    text = settings_text.read(None if options.file == "-" else Path(options.file))
    settings_text.check(text)
    store(options, text)
    sys.stdout.write("stored\n")
    with moved(stack(options)) as copy:
        copy.on_terminal("up", *options.rest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
