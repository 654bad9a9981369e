"""What a user can get wrong before the program's own settings are reached, and how a command line says what it is."""

import sys
import traceback
from collections.abc import Callable

import pulumi


class InputError(Exception):
    """A stack, a file or an option that cannot be used; the text says what, why and the cure. Exit code 2."""


def exit_code(command: Callable[[], int | None], *mendable: type[Exception]) -> int:
    """Run a command line; 2 for what a person can mend, with its text alone, 1 for a defect of ours, 130 for Ctrl-C."""
    try:
        return command() or 0
    except (InputError, pulumi.RunError, *mendable) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    except Exception:
        sys.stderr.write("The program has a defect (yours to report, ours to repair):\n")
        traceback.print_exc()
        return 1
