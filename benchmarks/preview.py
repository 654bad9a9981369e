"""Times the plan: every shipped stack, and one stack with fifty releases against a bare program of as many resources.

    .venv/bin/python benchmarks/preview.py [--releases 50] [--runs 3]

Each figure is the best of several runs of a whole process, imports included; memory is the process's peak. The ratio is
one of processor seconds, so that whatever else the machine does counts less. Bytecode is cached, as in every checkout
after its first run. The bare program registers the same types with the same inputs by the SDKs' classes under the same
recorder, components included, with no settings, names, decisions or dependencies: what Pulumi's SDK itself costs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
BUDGET = {"seconds": 5.0, "megabytes": 250.0, "releases_seconds": 15.0, "ratio": 1.5}
BARE = "--bare"


def main() -> int:
    """Print the figures; 1 where one is over its budget."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--releases", type=int, default=50, help="releases in the large stack")
    parser.add_argument("--runs", type=int, default=3, help="runs per figure, of which the best counts")
    options = parser.parse_args()
    good = True
    for folder in (".", "examples/azure"):
        for file in sorted((ROOT / folder).glob("Pulumi.*.yaml")):
            good &= _shipped(file.name.split(".")[1], folder, options.runs)
    return 0 if good & _large(options.releases, options.runs) else 1


def _shipped(stack: str, folder: str, runs: int) -> bool:
    found = _measured(["-m", "infra.preview", "--stack", stack, "--stacks", folder, "--json"], runs)
    if found is None:
        return False
    print(f"{folder + '/' + stack:<28} {found}")
    return found.seconds < BUDGET["seconds"] and found.megabytes < BUDGET["megabytes"]


def _large(count: int, runs: int) -> bool:
    good = True
    for stack in ("production", "local"):
        releases = json.dumps(copies(stack, count))
        command = ["-m", "infra.preview", "--stack", stack, "--config", f"releases={releases}", "--json"]
        ours = _measured(command, runs)
        if ours is None:
            good = False
            continue
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(ours.plan, file)
            file.flush()
            bare = _measured([__file__, BARE, file.name], runs)
        if bare is None:
            good = False
            continue
        ratio = ours.processor / bare.processor
        print(f"{stack} with {count} releases\n  this program {ours}\n  bare program {bare}   ratio {ratio:.2f}")
        good &= ours.seconds < BUDGET["releases_seconds"] and ratio <= BUDGET["ratio"]
    return good


def copies(stack: str, count: int) -> list[dict[str, Any]]:
    """The stack's first release, many times, each with a name and a host of its own."""
    from infra.preview import stackfile

    file = stackfile.read(ROOT, ROOT, stack)
    entries, _ = stackfile.owner_values(file.entries)
    first = cast(dict[str, Any], entries[f"{file.project}:releases"].data[0])
    hosts = {"host": f"{{name}}.{first['host']}"} if "host" in first else {}
    return [
        {
            **first,
            "name": (name := f"r{number:02}"),
            **{key: text.format(name=name) for key, text in hosts.items()},
        }
        for number in range(count)
    ]


@dataclass(frozen=True)
class Figures:
    """One process: seconds on the clock and of the processor, peak memory in MB, and the plan that it printed."""

    seconds: float
    processor: float
    megabytes: float
    plan: Any

    def __str__(self) -> str:
        count = len(self.plan["resources"])
        return (
            f"{count:>5} resources {self.seconds:6.2f} s ({self.processor:.2f} s of processor) {self.megabytes:6.0f} MB"
        )


def _measured(arguments: list[str], runs: int) -> Figures | None:
    """The best of several runs of a Python process that prints a plan; None where it failed."""
    best: Figures | None = None
    cached = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(runs):
        with tempfile.TemporaryFile("w+") as out:
            start = time.perf_counter()
            process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=out, env=cached)
            _, status, usage = os.wait4(process.pid, 0)
            took = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                print(f"{' '.join(arguments)[:80]}: exit code {process.returncode}")
                return None
            out.seek(0)
            printed = json.load(out)
        megabytes = usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
        found = Figures(took, usage.ru_utime + usage.ru_stime, megabytes, printed)
        best = found if best is None or found.processor < best.processor else best
    return best


def bare(path: Path) -> None:
    """Register what a plan lists, and nothing else."""
    import gc
    import importlib

    import pulumi

    from infra.preview import sdk
    from infra.preview.recorder import record

    gc.disable()  # as the command itself does
    plan = json.loads(path.read_text())
    listed = [item for item in plan["resources"] if not item["type"].startswith("pulumi:")]
    packages = {item["type"].split(":")[0] for item in listed if item["custom"]}
    modules = {package: importlib.import_module(f"pulumi_{package.replace('-', '_')}") for package in packages}

    def program() -> dict[str, Any]:
        providers = {package: module.Provider(package) for package, module in modules.items()}
        for number, item in enumerate(listed):
            values = {key: _value(value) for key, value in item["inputs"].items()}
            name = f"{item['name']}-{number}"
            if not item["custom"]:
                pulumi.ComponentResource(item["type"], name).register_outputs({})
                continue
            options = pulumi.ResourceOptions(provider=providers[item["type"].split(":")[0]])
            cls = sdk.class_of(item["type"])
            if cls is None:
                pulumi.CustomResource(item["type"], name, values, options)
            else:
                cls(name, opts=options, **{sdk.python_name(cls, key): value for key, value in values.items()})
        return {}

    recording = record(program, project="bare", stack="bare", config={})
    json.dump({"resources": [resource.as_json() for resource in recording.resources]}, sys.stdout)


def _value(value: Any) -> Any:
    """A plan's value as a program gives it."""
    import pulumi

    if isinstance(value, Mapping):
        inner = cast(Mapping[str, Any], value)
        if "$secret" in inner:
            return pulumi.Output.secret("x")
        return "x" if "$unknown" in inner else {key: _value(item) for key, item in inner.items()}
    return [_value(item) for item in cast(list[Any], value)] if isinstance(value, list) else value


if __name__ == "__main__":
    if sys.argv[1:2] == [BARE]:
        bare(Path(sys.argv[2]))
    else:
        sys.exit(main())
