"""What a run says: one line a thing, by name, never a value."""

import sys
from collections import Counter

ORDER = ("created", "changed", "adopted", "deleted", "left", "forgotten")
WHY = {
    "adopted": "was there before; now as the file says, and never deleted by the sync",
    "left": "no longer in the file, but not made by the sync: yours to delete",
    "forgotten": "no longer in the file, and gone already",
}


class Failure(Exception):  # noqa: N818 - the word of the messages
    """The sync could not be done; the message says why and holds no value."""


class Report:
    """Collects what happened; printed only once the transaction is kept."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.counts: Counter[tuple[str, str]] = Counter()

    def entry(self, noun: str, name: str, what: str, differs: list[str] | None = None) -> None:
        """`what` is created, kept, adopted, deleted, left or forgotten; `differs` names the fields that were set."""
        if what == "kept":
            what = "changed" if differs else "unchanged"
        self.counts[noun, what] += 1
        if what != "unchanged":
            notes = [f"set {', '.join(differs)}"] if differs else []
            notes += [WHY[what]] if what in WHY else []
            self.lines.append(f"{what} {noun} {name}" + (f" ({'; '.join(notes)})" if notes else ""))

    def say(self) -> None:
        """Print the lines and a sum for each kind, and the number of changes at the end."""
        for line in self.lines:
            sys.stdout.write(f"{line}\n")
        for noun in sorted({noun for noun, _ in self.counts}):
            parts = [f"{self.counts[noun, what]} {what}" for what in (*ORDER, "unchanged") if self.counts[noun, what]]
            sys.stdout.write(f"{noun}s: {', '.join(parts)}\n")
        sys.stdout.write(f"{len(self.lines)} changes\n")
