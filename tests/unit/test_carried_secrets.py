"""A second release: what the first has used goes under its name, still encrypted, and no key is made in its place."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.preview import planning
from infra.preview.planning import Request
from infra.settings import SECRETS, Settings, SettingsError, nameless, read, required_secrets
from infra.settings.secrets import take
from ops import stack_text
from ops.errors import OpsError
from ops.stack import Stack
from tests.unit.fakes import Programs
from tests.unit.stacks import LOCAL, flat

STACK = """\
# ours
encryptionsalt: v1:x
config:
  airflow:cloud: {kind: existing, context: kind-airflow}
  airflow:tier: local
  airflow:releases: RELEASES
"""
FLAT = ("adminPassword", "apiSecretKey", "fernetKey", "jwtSecret", "settings")


def stack_file(folder: Path, releases: list[str], held: Mapping[str, str] | None = None, more: str = "") -> Path:
    """A stack file with these releases, and secrets whose made-up ciphertext says what they are."""
    if held is None:
        held = {key: f"v1:of-{key}" for key in (*FLAT, "databasePassword", f"{releases[0]}.databasePassword")}
    text = STACK.replace("RELEASES", json.dumps([{"name": name} for name in releases])) + more
    lines = (f"  airflow:{key}:  # kept\n    secure: {sealed}\n" for key, sealed in held.items())
    path = folder / "Pulumi.local.yaml"
    path.write_text(text + "".join(lines))
    return path


def state(*releases: str, gone: tuple[str, ...] = ()) -> str:
    chain = "urn:pulumi:local::airflow::airflow:airflow:AirflowRelease"
    found: list[dict[str, Any]] = [{"urn": f"{chain}::{name}"} for name in releases]
    found += [{"urn": f"{chain}::{name}", "delete": True} for name in gone]
    inside = [{"urn": f"{chain}$kubernetes:core/v1:Secret::other-fernet"}]
    return json.dumps({"version": 3, "deployment": {"resources": [*inside, *found]} if found else {"manifest": {}}})


def held(path: Path) -> dict[str, str]:
    config: dict[str, Any] = yaml.safe_load(path.read_text())["config"]
    found = {key.removeprefix("airflow:"): entry for key, entry in config.items()}
    return {key: entry["secure"] for key, entry in found.items() if isinstance(entry, dict) and "secure" in entry}


@pytest.fixture
def engine(programs: Programs) -> Callable[[str], None]:
    programs.add("pulumi")
    return lambda exported: programs.answer(("stack export", {"out": exported}))


@pytest.mark.parametrize(
    ("releases", "standing", "owner"),
    [
        (["main", "second"], state("main"), "main"),
        (["second", "main"], state("main"), "main"),
        (["main", "second"], state("main", gone=("second",)), "main"),
        (["main", "second"], state(), "main"),
        (["second", "main"], state(), "second"),
    ],
    ids=["behind", "in front", "replaced in between", "not yet deployed", "the first where none stands"],
)
@pytest.mark.guarantee("a second release")
def test_what_the_first_release_has_goes_with_it(
    verb: Callable[..., int], engine: Any, programs: Programs, stacks: Path, capsys: Any, releases: list[str],
    standing: str, owner: str,
) -> None:  # fmt: skip
    path = stack_file(stacks, releases, {key: f"v1:of-{key}" for key in (*FLAT, f"{owner}.databasePassword")})
    engine(standing)
    assert verb("secrets") == 0
    now = held(path)
    assert {key: now[f"{owner}.{key}"] for key in FLAT} == {key: f"v1:of-{key}" for key in FLAT}
    assert not set(FLAT) & set(now)
    other = next(name for name in releases if name != owner)
    assert now[f"{owner}.databasePassword"] == f"v1:of-{owner}.databasePassword"
    assert {now[f"{other}.{key}"] for key in ("fernetKey", "jwtSecret", "apiSecretKey")} == {"v1:made-up"}
    calls = programs.calls()
    assert not [call for call in calls if f"airflow:{owner}." in str(call)], "nothing of the first one's was made"
    assert not [call for call in calls if "config get" in str(call) or "show-secrets" in str(call)], "nor decrypted"
    said = capsys.readouterr().out
    assert f"airflow:fernetKey is now airflow:{owner}.fernetKey" in said
    assert "v1:" not in said
    before = path.read_text()
    assert before.startswith("# ours\n")
    assert "  # kept\n" in before
    assert verb("secrets") == 0
    assert path.read_text() == before, "a second run has nothing to do"


def test_what_the_whole_stack_needs_too_stays_for_it(
    verb: Callable[..., int], engine: Any, stacks: Path, capsys: Any
) -> None:
    alerts = '  airflow:platform: {monitoring: {state: "on", alerts: {slack: {channel: "#a"}}}}\n'
    names = [{"name": name, "slack": True} for name in ("main", "second")]
    path = stack_file(stacks, ["main"], {"slackUrl": "v1:of-slackUrl", "main.fernetKey": "v1:own"}, alerts)
    text = path.read_text()
    path.write_text(text.replace('[{"name": "main"}]', json.dumps(names)))
    stack = Stack("local", stacks)
    needed = {secret.key for secret in required_secrets(stack.settings)}
    assert {"slackUrl", "main.slackUrl", "second.slackUrl"} <= needed
    engine(state("main"))
    assert verb("secrets") == 0
    now = held(path)
    assert now["slackUrl"] == now["main.slackUrl"] == "v1:of-slackUrl"
    assert "second.slackUrl" not in now
    said = capsys.readouterr().out
    assert "airflow:slackUrl is now airflow:main.slackUrl (and stays for the whole stack)" in said
    assert "airflow:second.slackUrl" in said.partition("A person has these")[2]


def test_what_a_release_has_of_its_own_is_left_alone(verb: Callable[..., int], engine: Any, stacks: Path) -> None:
    path = stack_file(stacks, ["main", "second"], {"fernetKey": "v1:old", "main.fernetKey": "v1:own"})
    engine(state("main"))
    assert verb("secrets") == 0
    assert (held(path)["main.fernetKey"], held(path)["fernetKey"]) == ("v1:own", "v1:old")


def test_what_a_release_has_used_that_the_file_no_longer_names_is_nobodys(
    verb: Callable[..., int], engine: Any, stacks: Path
) -> None:
    path = stack_file(stacks, ["a", "b"])
    engine(state("main"))
    assert verb("secrets") == 0
    now = held(path)
    assert now["fernetKey"] == "v1:of-fernetKey"
    assert (now["a.fernetKey"], now["b.fernetKey"]) == ("v1:made-up", "v1:made-up")


def test_nothing_is_moved_where_the_state_cannot_be_read(
    verb: Callable[..., int], programs: Programs, stacks: Path, capsys: Any
) -> None:
    path = stack_file(stacks, ["main", "second"])
    before = path.read_text()
    programs.add("pulumi")
    programs.answer(("stack export", {"code": 255, "err": "error: could not refresh the login"}))
    assert verb("secrets") == 2
    assert "`pulumi stack export` failed: error: could not refresh the login" in capsys.readouterr().err
    assert path.read_text() == before


@pytest.mark.guarantee("flat secrets of two releases")
def test_without_it_plan_and_deploy_refuse_and_name_the_command(
    verb: Callable[..., int], programs: Programs, stacks: Path, capsys: Any
) -> None:
    path = stack_file(stacks, ["main", "second"])
    kubeconfig = stacks / "kubeconfig"
    kubeconfig.write_text("contexts: [{name: kind-airflow}]")
    path.write_text(path.read_text().replace("context: kind", f"kubeconfig: {kubeconfig}, context: kind"))
    programs.add("pulumi", "kubectl")
    with pytest.raises(SettingsError) as caught:
        planning.make(Request("local", stacks))
    problems = {problem.key: problem for problem in caught.value.problems}
    assert problems.keys() == {f"airflow:{key}" for key in FLAT}
    assert all("make secrets" in problem.cure for problem in problems.values())
    assert "main or second's" in problems["airflow:fernetKey"].rule
    assert verb("deploy") == 2
    assert f"`make secrets STACK=local STACKS={stacks}`" in capsys.readouterr().err
    assert not [call for call in programs.calls() if call.arguments[0] == "up"]


def two(*names: str) -> Settings:
    return read(flat({**LOCAL, "releases": [{"name": name} for name in names]}))


@pytest.mark.guarantee("flat secrets of two releases")
def test_the_program_itself_refuses_too() -> None:
    config = {f"airflow:{key}": SECRETS[key].placeholder(number) for number, key in enumerate(FLAT)}
    _, problems = take(two("main", "second"), config, frozenset(config))
    said = {problem.key: problem for problem in problems}
    assert "make secrets" in said["airflow:fernetKey"].cure
    assert "airflow:main.fernetKey" not in said, "no advice to make one anew"


@pytest.mark.guarantee("a second release")
def test_the_first_releases_values_are_the_same_before_and_after() -> None:
    values = {key: SECRETS[key].placeholder(number) for number, key in enumerate((*FLAT, "databasePassword"))}
    alone = {**values, "main.databasePassword": SECRETS["databasePassword"].placeholder(90)}
    moved = {f"main.{key}" if key in FLAT else key: value for key, value in alone.items()}
    news = {
        secret.key: secret.spec.placeholder(100 + number)
        for number, secret in enumerate(required_secrets(two("main", "second")))
        if secret.release == "second"
    }

    def of_main(settings: Settings, plain: Mapping[str, str]) -> dict[str, str]:
        config = {f"airflow:{key}": value for key, value in plain.items()}
        secrets, problems = take(settings, config, frozenset(config))
        assert not problems
        return {
            kind: secrets.plain[f"main.{kind}" if f"main.{kind}" in secrets else kind]
            for kind in (*FLAT, "databasePassword")
        }

    first = of_main(two("main"), alone)
    assert of_main(two("main", "second"), {**moved, **news}) == first
    assert of_main(two("second", "main"), {**moved, **news}) == first
    assert of_main(two("main"), moved) == first, "and once the second is gone"


def test_a_database_password_without_a_name_is_never_a_releases() -> None:
    assert not nameless(two("main", "second"), {"databasePassword"})
    assert not nameless(two("main"), set(FLAT))


@pytest.mark.parametrize("text", [
    "config:\n  airflow:fernetKey:\n    secure: v1:a/+=\n  airflow:size: small\n",
    "config:\n  'airflow:fernetKey': {secure: 'v1:a/+='}\n  airflow:size: small\n",
    "config: {airflow:size: small, \"airflow:config:fernetKey\": {secure: v1:a/+=}}\n",
    "\ufeffconfig:\r\n    fernetKey:\r\n        secure: v1:a/+=\r\n    airflow:size: small\r\n",
])  # fmt: skip
@pytest.mark.parametrize("keep", [False, True])
def test_every_way_of_writing_a_key(text: str, keep: bool) -> None:
    path = Path("Pulumi.dev.yaml")
    made = stack_text.with_name(text, path, "airflow", "airflow:fernetKey", "airflow:main.fernetKey", keep=keep)
    before, after = yaml.safe_load(text)["config"], yaml.safe_load(made)["config"]
    assert after["airflow:main.fernetKey"] == {"secure": "v1:a/+="}
    assert after["airflow:size"] == "small"
    assert (len(after) == len(before) + 1) == keep


def test_a_key_that_is_there_already_or_is_gone_is_refused() -> None:
    path, text = Path("Pulumi.dev.yaml"), "config:\n  airflow:fernetKey: {secure: v1:a}\n  airflow:a.fernetKey: ''\n"
    with pytest.raises(OpsError, match=r"pulumi config rm airflow:a\.fernetKey"):
        stack_text.with_name(text, path, "airflow", "airflow:fernetKey", "airflow:a.fernetKey")
    with pytest.raises(OpsError, match="not where it was"):
        stack_text.with_name(text, path, "airflow", "airflow:jwtSecret", "airflow:a.jwtSecret")


def test_a_secret_is_edited_where_it_is_read(stacks: Path) -> None:
    def key(releases: list[str], kept: list[str], release: str = "") -> str:
        stack_file(stacks, releases, dict.fromkeys(kept, "v1:x"))
        return Stack("local", stacks).secret_key("settings", release)

    assert key(["main"], ["settings"]) == key(["main"], ["settings"], "main") == key(["main"], []) == "settings"
    assert key(["main"], ["main.settings"]) == key(["main"], ["settings", "main.settings"]) == "main.settings"
    assert key(["main", "b"], ["main.settings"], "b") == "b.settings"
    with pytest.raises(OpsError, match="RELEASE=… is one of: main, b"):
        key(["main", "b"], ["main.settings", "b.settings"])
    with pytest.raises(OpsError, match="make secrets"):
        key(["main", "b"], ["settings"], "main")


def test_the_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "link.yaml"
    real.write_text("a")
    real.chmod(0o640)
    link.symlink_to(real)
    stack_text.write(link, "b")
    assert link.is_symlink()
    assert (real.read_text(), real.stat().st_mode & 0o777) == ("b", 0o640)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.yaml", "real.yaml"]
