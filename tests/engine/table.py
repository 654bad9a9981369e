"""Writes docs/changes.md and docs/survival.md from what the runs saw: python -m tests.engine.table changes|survival."""

import json
import sys
from collections.abc import Iterable
from typing import Any

from infra.preview.planning import ROOT

SEEN = ROOT / "build" / "engine"
"""What the runs saw, a file for each row or cell."""
BEGIN, END = "<!-- written by the runs -->", "<!-- until here -->"
TITLES = {
    ("local", "."): "local",
    ("integration", "."): "integration on AWS",
    ("production", "."): "production on AWS",
    ("integration", "examples/azure"): "integration on Azure",
    ("production", "examples/azure"): "production on Azure",
}


def note(page: str, what: str, shipped: tuple[str, str], seen: Any) -> None:
    """Keep what was seen of a row's cell."""
    folder = SEEN / page
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(letter if letter.isalnum() else "-" for letter in f"{what} {' '.join(shipped)}")
    (folder / f"{name}.json").write_text(json.dumps({"what": what, "stack": "/".join(shipped), "seen": seen}))


def main(page: str) -> int:
    """Put the table between its marks; 2 where nothing was seen."""
    seen: dict[tuple[str, str], Any] = {}
    for file in sorted((SEEN / page).glob("*.json")):
        one = json.loads(file.read_text())
        seen[one["what"], one["stack"]] = one["seen"]
    if not seen:
        sys.stderr.write(f"nothing was seen yet: {SEEN / page} is written by the runs\n")
        return 2
    rows = (changes if page == "changes" else survival)(seen)
    path = ROOT / "docs" / f"{page}.md"
    text = path.read_text()
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    path.write_text(f"{before}{BEGIN}\n{_table(rows)}{END}{after}")
    return 0


def changes(seen: dict[tuple[str, str], list[str]]) -> Iterable[list[str]]:
    """A row for each change, in the order in which they were made."""
    from tests.engine.change_cases import CHANGES

    yield ["what changes", "stack", "replaced", "deleted", "changed", "created", "the old one goes first", "data"]
    for change in CHANGES:
        cells = seen.get((change.name, "/".join(change.stack)), ["not shown"] + [""] * 5)
        yield [change.name, TITLES[change.stack], *cells]


def survival(seen: dict[tuple[str, str], str]) -> Iterable[list[str]]:
    """A row for each scenario, a column for each stack."""
    from tests.engine.survival import SCENARIOS

    yield ["what goes wrong", *TITLES.values()]
    for scenario in SCENARIOS:
        what = (scenario.__doc__ or "").splitlines()[0]
        yield [what, *(seen.get((scenario.__name__, "/".join(shipped)), "not run") for shipped in TITLES)]


def _table(rows: Iterable[list[str]]) -> str:
    head, *rest = rows
    lines = [head, ["---"] * len(head), *rest]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
