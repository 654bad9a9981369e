"""Make Airflow's connections, variables, pools and users match a settings file. Run inside an Airflow image:

    python /path/to/sync --passwords-file passwords.json secret.yaml

Exit code: 0 done, 2 the settings or the arguments are wrong and nothing was changed, 1 anything else (also unchanged).
"""

import argparse
import io
import sys
import traceback
from pathlib import Path

from settings_file import BadSettings
from settings_passwords import PasswordFile, PasswordSecret
from settings_report import Failure
from settings_rules import check


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="sync", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "file", help="the settings: YAML, plain, gzipped, or gzipped in base64; - reads them from stdin"
    )
    parser.add_argument(
        "--check", action="store_true", help="check the settings only; needs neither Airflow nor database"
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--passwords-file", metavar="FILE", help="a file (0600) for the generated passwords of new users"
    )
    place.add_argument("--passwords-secret", metavar="[NAMESPACE/]NAME", help="a Kubernetes Secret for the same")
    parser.add_argument("--administrator", metavar="NAME", help="the stack's own user, who keeps the role Admin")
    return parser.parse_args()


def passwords(options: argparse.Namespace) -> PasswordFile | PasswordSecret | None:
    if options.passwords_file:
        return PasswordFile(Path(options.passwords_file))
    if options.passwords_secret:
        namespace, _, name = options.passwords_secret.rpartition("/")
        return PasswordSecret(name, namespace or None)
    return None


def main() -> int:
    for stream in (sys.stdout, sys.stderr):  # names hold any letter, and the locale may know ASCII alone
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = arguments()
    try:
        raw = sys.stdin.buffer.read() if options.file == "-" else Path(options.file).read_bytes()
    except OSError as error:
        return fail([f"the settings cannot be read: {error}"], 2)
    try:
        settings = check(raw)
        if options.check:
            return 0
        from settings_database import run  # Airflow is imported here: seconds that bad settings need not wait for

        run(settings, passwords(options), options.administrator).say()
    except BadSettings as error:
        return fail(error.problems, 2)
    except Failure as error:
        return fail([str(error)], 1)
    except Exception as error:
        # the text of an unforeseen error may hold a value, so only its kind and place are told
        frames = traceback.extract_tb(error.__traceback__)
        places = [f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames]
        return fail([f"unforeseen {type(error).__name__} at {' < '.join(reversed(places))}"], 1)
    return 0


def fail(problems: list[str], code: int) -> int:
    for problem in problems:
        sys.stderr.write(f"error: {problem}\n")
    sys.stderr.write("nothing was changed\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
