"""What a secret that is set anew does is in the plan's difference: the stack files' encrypted texts are compared."""

import json
from pathlib import Path

import pytest

from infra.preview import anew, diff, diff_report, planning
from infra.preview.anew import SetAnew
from infra.preview.diff import Diff
from infra.preview.planning import ROOT
from tests.program.conftest import PlanOf
from tests.program.stacks import SHIPPED

RELEASE = "kubernetes:helm.sh/v3:Release"


def difference(plan: PlanOf, stack: str, home: str, *keys: str) -> Diff:
    made = plan(stack, home)
    return diff.compare(made, made, SetAnew(tuple(f"airflow:{key}" for key in keys)))


def names(found: Diff, kind: str, token: str) -> set[str]:
    return {change.resource.name for change in found.of_kind(kind) if change.resource.type.endswith(token)}


@pytest.mark.parametrize(("stack", "home"), SHIPPED)
@pytest.mark.guarantee("a secret that is set anew is in the plan's difference")
def test_a_fernet_key_set_anew(plan: PlanOf, stack: str, home: str) -> None:
    found = difference(plan, stack, home, "fernetKey")
    assert names(found, "replaced", ":Secret") == {"main-fernet"}
    assert {"main-migration", "main-sync"} <= names(found, "replaced", ":Job")
    assert "main-database" not in names(found, "replaced", ":Job")
    assert names(found, "changed", ":Release") == {"main"}
    assert not difference(plan, stack, home)
    (told,) = (line.text for line in diff_report.lines(found) if "then replaced" in line.text)
    assert told.strip().startswith("airflow:fernetKey; then replaced: ")
    assert "Secret main-fernet" in told
    assert "Job main-migration" in told
    assert "; then changed: " in told
    assert f"`{told.strip()}`" in diff_report.markdown(found)
    assert found.as_json()["secretsSetAnew"] == ["airflow:fernetKey"]


@pytest.mark.parametrize(("stack", "home"), SHIPPED)
@pytest.mark.guarantee("a secret that is set anew is in the plan's difference")
def test_every_secret_of_a_stack_leads_somewhere(plan: PlanOf, stack: str, home: str) -> None:
    made = plan(stack, home)
    keys = [key.partition(":")[2] for key in made.missing_secrets]
    assert len(keys) >= 7
    for key in keys:
        assert difference(plan, stack, home, key).changes, key
    assert set(keys) == {key for one in made for by in one.by_secret.values() for key in by}


@pytest.mark.parametrize(("stack", "home"), [("production", "."), ("production", "examples/azure")])
def test_the_administrators_password_changes_the_server_in_place(plan: PlanOf, stack: str, home: str) -> None:
    found = difference(plan, stack, home, "databasePassword")
    servers = [one for one in found.changes if one.resource.options.protect]
    assert [one.kind for one in servers] == ["changed"]
    assert not [one for one in found.changes if one.loses_data]


def test_a_plan_is_the_same_with_and_without_the_traces(plan: PlanOf) -> None:
    made = plan("local")
    everything = json.dumps(made.as_json())
    assert "urn:secret" not in everything
    assert not [urn for one in made for urn in one.waits_for if urn.startswith("urn:secret")]
    assert not [urn for one in made for by in one.by_property.values() for urn in by if urn.startswith("urn:secret")]


BASE = {"fernetKey": "v1:a", "jwtSecret": "v1:b", "main.databasePassword": "v1:c", "databasePassword": "v1:d"}


def stacks(tmp_path: Path, name: str, held: dict[str, str], salt: str = "v1:salt", releases: str = "main") -> Path:
    folder = tmp_path / name
    folder.mkdir()
    text = (ROOT / "Pulumi.local.yaml").read_text()
    more = "".join(f"    - name: {release}\n" for release in releases.split()[1:])
    text = text.replace("    - name: main\n", f"{more}    - name: main\n")
    lines = (f"  airflow:{key}:\n    secure: {sealed}\n" for key, sealed in held.items())
    (folder / "Pulumi.local.yaml").write_text(f"encryptionsalt: {salt}\n{text}{''.join(lines)}")
    return folder


def between(tmp_path: Path, after: dict[str, str], salt: str = "v1:salt", releases: str = "main") -> SetAnew:
    return anew.between(
        stacks(tmp_path, "before", BASE), stacks(tmp_path, "after", after, salt, releases), ROOT, "local"
    )


def test_what_differs_is_set_anew_and_what_comes_is_not(tmp_path: Path) -> None:
    found = between(tmp_path, {**BASE, "jwtSecret": "v1:x", "apiSecretKey": "v1:new"})
    assert found == SetAnew(("airflow:jwtSecret",))


@pytest.mark.guarantee("a secret that is set anew is in the plan's difference")
def test_a_key_that_moved_to_a_releases_name_is_the_same(tmp_path: Path) -> None:
    moved = {f"main.{key}" if key in ("fernetKey", "jwtSecret") else key: value for key, value in BASE.items()}
    assert between(tmp_path, {**moved, "second.fernetKey": "v1:z"}, releases="main second") == SetAnew()


def test_a_new_key_beside_the_one_that_served_is_set_anew(tmp_path: Path) -> None:
    found = between(tmp_path, {**BASE, "main.fernetKey": "v1:z"}, releases="main second")
    assert found == SetAnew(("airflow:main.fernetKey",))


@pytest.mark.guarantee("a secret that is set anew is in the plan's difference")
def test_another_provider_is_said_to_be_not_looked_at(tmp_path: Path) -> None:
    found = between(tmp_path, {key: f"{value}x" for key, value in BASE.items()}, "v1:other")
    assert found.keys == ()
    assert "secrets provider" in found.unlooked
    made = planning.make(planning.Request("local")).plan
    said = [line.text for line in diff_report.lines(diff.compare(made, made, found))]
    assert any("not looked at" in line for line in said)


@pytest.mark.guarantee("a secret that is set anew is in the plan's difference")
def test_an_earlier_plan_says_that_it_holds_no_secrets(plan: PlanOf) -> None:
    made = plan("local")
    said = "\n".join(line.text for line in diff_report.lines(diff.compare(made, made, anew.NO_FILES)))
    assert "encrypted values were not looked at" in said
    assert "make plan-diff" in said
