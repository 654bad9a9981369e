"""Preview and second `up` on Pulumi's engine, beside a bare program of as many resources on the same simulated clouds.

    .venv/bin/python benchmarks/engine.py [--releases 50] [--runs 3]

Needs the Pulumi CLI with its `pulumi-language-python` on PATH, no account. The production stack as it ships, and the
local one with fifty releases. Each figure is the best of several runs of the CLI, and a ratio is one of processor
seconds of the CLI, its language host and the program, so that whatever else the machine does counts less. The bare
program registers the same types with the same inputs and dependencies by the SDKs' classes, with no settings, names or
decisions: what Pulumi itself costs.
"""

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
BUDGET = 1.3
LISTED = "bare.json"
PROGRAM = "from benchmarks.engine import bare\n\nbare()\n"


@dataclass(frozen=True)
class Figures:
    """One command of the CLI: seconds on the clock, and of the processor."""

    seconds: float
    processor: float

    def __str__(self) -> str:
        return f"{self.seconds:6.2f} s ({self.processor:.2f} s of processor)"


def main() -> int:
    """Print the figures; 1 where a ratio is over the budget, 2 where there is no CLI."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--releases", type=int, default=50, help="releases in the large stack")
    parser.add_argument("--runs", type=int, default=3, help="runs per figure, of which the best counts")
    options = parser.parse_args()
    if missing := [name for name in ("pulumi", "pulumi-language-python") if not shutil.which(name)]:
        print(f"not on PATH: {', '.join(missing)}: install the Pulumi CLI (docs/operations.md)", file=sys.stderr)
        return 2
    good = _compared("production", 1, options.runs)
    return 0 if good & _compared("local", options.releases, options.runs) else 1


def _compared(name: str, releases: int, runs: int) -> bool:
    from benchmarks.preview import copies
    from tests.engine import stacks
    from tests.engine.providers.server import Clouds

    good = True
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        with Clouds() as clouds:
            stack = stacks.begin(Path(folder, "ours"), clouds, name, more={"releases": copies(name, releases)})
            first = _measured(stack.preview, runs)
            stack.up()
            ours = {"preview": first, "second up": _measured(_empty(stack), runs)}
            listed = _listed(stack.resources(), {thing.urn: thing.shown for thing in clouds.world.standing})
        with Clouds() as clouds:
            stack = stacks.begin(Path(folder, "bare"), clouds, name)
            Path(stack.checkout.project, "__main__.py").write_text(PROGRAM)
            Path(stack.checkout.project, LISTED).write_text(json.dumps(listed))
            first = _measured(stack.preview, runs)
            stack.up()
            bare = {"preview": first, "second up": _measured(_empty(stack), runs)}
    print(f"{name}, {releases} release{'s' if releases > 1 else ''}, {len(listed)} resources")
    for what, one in ours.items():
        ratio = one.processor / bare[what].processor
        print(f"  {what:<10} this program {one}   bare program {bare[what]}   ratio {ratio:.2f}")
        good &= ratio <= BUDGET
    return good


def _empty(stack: Any) -> Callable[[], None]:
    def up() -> None:
        said = stack.unchanged()
        if said.code:
            raise SystemExit(f"the second up is not empty:\n{said.text[-2000:]}")

    return up


def _measured(command: Callable[[], object], runs: int) -> Figures:
    """The best of several runs."""
    found: list[Figures] = []
    for _ in range(runs):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        command()
        took, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found.append(Figures(took, used))
    return min(found, key=lambda one: one.processor)


def _listed(state: list[dict[str, Any]], shown: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a bare program has to register, each after what it waits for."""
    from tests.engine.providers.cloud import MADE_UP

    kept = [one for one in state if one["urn"] in shown or one["type"].startswith("airflow:")]
    return [
        {
            "urn": one["urn"],
            "type": one["type"],
            "inputs": {key: value for key, value in shown.get(one["urn"], {}).items() if key != MADE_UP},
            "waitsFor": one.get("dependencies", ()),
        }
        for one in kept
    ]


def bare() -> None:
    """The bare program, run by the engine: registers what is listed, and nothing else."""
    import importlib

    import pulumi

    from infra.preview import sdk

    listed = json.loads(Path(LISTED).read_text())
    packages = {item["type"].split(":")[0] for item in listed} - {"airflow"}
    modules = {package: importlib.import_module(f"pulumi_{package.replace('-', '_')}") for package in packages}
    providers = {package: module.Provider(package) for package, module in modules.items()}
    made: dict[str, pulumi.Resource] = {}
    for number, item in enumerate(listed):
        name = f"{item['urn'].rpartition('::')[2]}-{number}"
        waits = [made[urn] for urn in item["waitsFor"] if urn in made]
        if item["type"].startswith("airflow:"):
            component = pulumi.ComponentResource(item["type"], name, None, pulumi.ResourceOptions(depends_on=waits))
            component.register_outputs({})
            made[item["urn"]] = component
            continue
        options = pulumi.ResourceOptions(provider=providers[item["type"].split(":")[0]], depends_on=waits)
        values = {key: _value(value) for key, value in item["inputs"].items()}
        cls = sdk.class_of(item["type"])
        made[item["urn"]] = (
            pulumi.CustomResource(item["type"], name, values, options)
            if cls is None
            else cls(name, opts=options, **{sdk.python_name(cls, key): value for key, value in values.items()})
        )


def _value(value: Any) -> Any:
    """A value from the wire as a program gives it."""
    import pulumi

    from tests.engine.providers import wire

    if isinstance(value, Mapping):
        inner = cast("Mapping[str, Any]", value)
        if wire.SIGNATURE in inner:
            return pulumi.Output.secret(_value(inner["value"]))
        return {key: _value(item) for key, item in inner.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return [_value(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(main())
