"""`python -m tests.corpus`: the plans of many stacks, and what differs between those of two checkouts.

A move of code changes none of them: write them before, write them after, compare. A step that is meant to change plans
names each difference in `allowed.yaml`, with the commit that makes it.
"""

import gc
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from infra.preview import planning
from infra.preview.model import Plan
from infra.settings import SettingsError

HERE = Path(__file__).parent
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@dataclass(frozen=True)
class Case:
    """A shipped stack file with what-ifs (`KEY=VALUE`) laid on it."""

    name: str
    stack: str
    stacks: str = "."
    config: tuple[str, ...] = ()

    def request(self) -> planning.Request:
        """What the planning is asked for."""
        return planning.Request(self.stack, Path(planning.ROOT, self.stacks), self.config)


@dataclass(frozen=True)
class Allowed:
    """A difference that is meant: `where` is a pattern over `CASE URN PATH`, `commit` the subject of its commit."""

    where: str
    commit: str


def cases() -> tuple[Case, ...]:
    """Every case of the corpus."""
    listed = yaml.safe_load((HERE / "cases.yaml").read_text())
    return tuple(Case(**{**one, "config": tuple(one.get("config", ()))}) for one in listed)


def allowed() -> tuple[Allowed, ...]:
    """The differences that are meant."""
    return tuple(Allowed(**one) for one in yaml.safe_load((HERE / "allowed.yaml").read_text()) or ())


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan with what `--json` leaves out: which values make the engine replace a resource."""
    replaced = {one.urn: list(one.options.replace_on_changes) for one in plan if one.options.replace_on_changes}
    return {**plan.as_json(), "replaceOnChanges": replaced}


def paths(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every leaf below a value as text, by the path that leads to it; a resource's path begins with its URN."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from paths(item, f"{path}.{key}")
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            named = isinstance(item, Mapping) and "urn" in item
            yield from paths(item, f" {item['urn']} " if named else f"{path}[{index}]")
    else:
        yield path, json.dumps(value)


def differences(before: Path, after: Path) -> Iterator[tuple[str, str]]:
    """Where the plans in two folders differ (`CASE URN PATH`), and how."""
    names = sorted({file.name for folder in (before, after) for file in folder.glob("*.json")})
    for name in names:
        texts = [file.read_text() if (file := folder / name).exists() else "null" for folder in (before, after)]
        if texts[0] != texts[1]:
            old, new = (dict(paths(json.loads(text))) for text in texts)
            for path in sorted(old.keys() | new.keys()):
                if old.get(path) != new.get(path):
                    yield f"{name.removesuffix('.json')}{path}", f"{old.get(path, '-')} → {new.get(path, '-')}"


@app.command()
def write(folder: Annotated[Path, typer.Argument(help="A new or empty folder.")]) -> None:
    """Write each case's plan into FOLDER, as CASE.json."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise typer.BadParameter(f"{folder} is not empty")
    gc.disable()
    for number, case in enumerate(cases(), 1):
        print(f"{number:3} {case.name}", file=sys.stderr, flush=True)
        try:
            plan: Any = as_json(planning.make(case.request()).plan)
        except SettingsError as error:
            raise typer.BadParameter(f"{case.name}: {error}") from None
        (folder / f"{case.name}.json").write_text(json.dumps(plan, indent=1, ensure_ascii=False) + "\n")
        gc.collect()


@app.command()
def compare(before: Path, after: Path) -> None:
    """Say where the plans in two folders differ, each difference once with its cases. Exit 1: one is not allowed."""
    meant = allowed()
    left: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for where, how in differences(before, after):
        if not any(re.search(one.where, where) for one in meant):
            case, _, rest = where.partition(" ")
            left[re.sub(r"urn:pulumi:[^:]+::", "", rest), how].append(case)
    for (where, how), found in sorted(left.items()):
        print(f"{len(found):4} {where}: {how[:300]}   ({found[0]}, …)")
    print(f"{len(left)} differences that allowed.yaml does not name")
    raise typer.Exit(1 if left else 0)


if __name__ == "__main__":
    app()
