"""Writes docs/survival.md from what the runs of `make test-survival` saw: python -m tests.engine.table."""

import json
import sys
from typing import Any

from infra.preview.planning import ROOT
from tests.engine import survival
from tests.engine.test_survival import SEEN
from tests.program.stacks import SHIPPED

PAGE = ROOT / "docs" / "survival.md"
BEGIN, END = "<!-- written by the runs: make test-survival -->", "<!-- until here -->"


def main() -> int:
    """Put the table between its marks; 2 where nothing was seen."""
    seen: list[dict[str, Any]] = [json.loads(file.read_text()) for file in sorted(SEEN.glob("*.json"))]
    if not seen:
        sys.stderr.write(f"nothing was seen yet: {SEEN} is written by `make test-survival`\n")
        return 2
    text = PAGE.read_text()
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{table(seen)}{END}{after}")
    return 0


def table(seen: list[dict[str, Any]]) -> str:
    """A row for each scenario, a column for each stack; what was not run says so."""
    stacks = ["/".join(shipped) for shipped in SHIPPED]
    found = {(one["scenario"], one["stack"]): one["seen"] for one in seen}
    lines = [
        "| what goes wrong |" + "".join(f" {_title(stack)} |" for stack in stacks),
        "|---" * (len(stacks) + 1) + "|",
    ]
    for scenario in survival.SCENARIOS:
        what = (scenario.__doc__ or "").splitlines()[0]
        cells = [found.get((scenario.__name__, stack), "not run") for stack in stacks]
        lines.append(f"| {what} |" + "".join(f" {cell} |" for cell in cells))
    return "\n".join(lines) + "\n"


def _title(stack: str) -> str:
    name, _, folder = stack.partition("/")
    return name if folder == "." and name == "local" else f"{name} on {'AWS' if folder == '.' else 'Azure'}"


if __name__ == "__main__":
    sys.exit(main())
