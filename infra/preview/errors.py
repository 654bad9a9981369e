"""What a user can get wrong before the program's own settings are reached, and how a command line says what it is."""

import json
import signal
import sys
import traceback
from collections.abc import Callable, Collection

import pulumi

_SHORT = 3
"""Characters of a line of a secret, such as `}` of a JSON, that tell nothing and stand everywhere."""


class InputError(Exception):
    """A stack, a file or an option that cannot be used; the text says what, why and the cure. Exit code 2."""


def exit_code(command: Callable[[], int | None], *mendable: type[Exception], secrets: Collection[str] = ()) -> int:
    """Run a command line; 2 for what a person can mend, with its text alone, 1 for a defect of ours, 130 for Ctrl-C.

    A library's words about a value may quote it: of a defect's traceback the `secrets` are taken out.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return command() or 0
    except (InputError, pulumi.RunError, *mendable) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    except Exception:
        sys.stderr.write("The program has a defect (yours to report, ours to repair):\n")
        sys.stderr.write(_without(secrets, traceback.format_exc()))
        return 1


def _without(secrets: Collection[str], text: str) -> str:
    """The text without the secrets, as they are, in a Python literal and in JSON; of long ones each line too."""
    parts = {part for secret in secrets for part in (secret, secret.strip(), *secret.splitlines())}
    forms = {form for part in parts for form in (part, repr(part)[1:-1], json.dumps(part)[1:-1])}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, "[secret]") if len(form) > _SHORT else text
    return text
