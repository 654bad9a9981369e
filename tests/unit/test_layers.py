"""A layer imports only layers to its left, and config comes in by one door."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Left to right. A package may import those before it, and itself.
SHARED = ("settings", "contracts", "names", "versions", "standing", "namespaces", "wait_for")
ORDER = (*SHARED, "cloud", "platform", "airflow", "program", "preview")
FREE = {"settings": set[str](), "contracts": set[str](), "names": set[str](), "versions": set[str]()}


def modules() -> list[Path]:
    return sorted((ROOT / "infra").rglob("*.py"))


def layer(path: Path) -> str:
    return path.relative_to(ROOT / "infra").parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def layers_of(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imported(path) if name.startswith("infra.")} - {layer(path)}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_layer_imports_only_layers_to_its_left(path: Path) -> None:
    here = layer(path)
    if here == "__init__":
        return
    assert here in ORDER, f"{here} has no place in the order of the layers"
    # `settings` and `contracts` import no layer; settings may know pins and names, to judge versions and clashes.
    allowed = {"versions", "names"} if here in FREE else set(ORDER[: ORDER.index(here)])
    assert layers_of(path) <= allowed


def test_only_the_program_knows_every_layer() -> None:
    everything = {"cloud", "platform", "airflow"}
    knowing = [path for path in modules() if everything <= layers_of(path)]
    assert [path.name for path in knowing] == ["program.py"]


def test_config_is_read_in_settings_alone() -> None:
    for path in modules():
        if layer(path) in ("settings", "preview"):
            continue
        text = path.read_text()
        assert "pulumi.Config" not in text, path
        assert "runtime.config" not in text, path


@pytest.mark.parametrize(
    ("sdk", "homes"),
    [
        ("pulumi_aws", ["infra/cloud/aws"]),
        ("pulumi_azure_native", ["infra/cloud/azure"]),
        ("boto3", ["ops"]),
        ("azure", ["ops", "infra/cloud/azure/scripts"]),
    ],
)
def test_a_clouds_sdk_stays_in_its_folder(sdk: str, homes: list[str]) -> None:
    for folder in ("infra", "local", "ops", "bot"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if str(path.relative_to(ROOT)).startswith((*homes, "infra/preview")):
                continue
            assert sdk not in {name.split(".")[0] for name in imported(path)}, path


def test_the_story_is_short() -> None:
    run = next(
        node
        for node in ast.walk(ast.parse((ROOT / "infra/program.py").read_text()))
        if isinstance(node, ast.FunctionDef) and node.name == "run"
    )
    assert run.end_lineno
    assert run.end_lineno - run.lineno < 40
