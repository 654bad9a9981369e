"""What ships beside the code: rules and queries, as their own tools read them."""

from pathlib import Path

FOLDER = Path(__file__).parent / "data"


def text(name: str) -> str:
    """A data file's content."""
    return (FOLDER / name).read_text(encoding="utf-8")
