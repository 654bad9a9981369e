"""The shell scripts that run in the database's pods; they are files, so that tests run them and linters read them."""

from pathlib import Path


def script(name: str) -> str:
    """The text of a script beside this file."""
    return (Path(__file__).parent / name).read_text()
