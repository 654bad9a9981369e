"""Stack files are read as the Pulumi CLI reads them; what-if values land where `config set --path` puts them."""

from pathlib import Path

import pytest

from infra.preview import stackfile, what_if, yaml12
from infra.preview.errors import InputError
from infra.preview.stackfile import Entry
from infra.settings import SettingsError

PROJECT = """
name: airflow
runtime: python
config:
  pulumi:disable-default-providers: {value: ["*"]}
  airflow:size: {type: string, description: size, default: small}
  airflow:zones: {type: array, items: {type: string}, default: []}
  count: {type: integer, default: 3}
  shorthand: yes
"""


def read(tmp_path: Path, stack: str, project: str = PROJECT) -> stackfile.StackFile:
    (tmp_path / "Pulumi.yaml").write_text(project)
    (tmp_path / "Pulumi.dev.yaml").write_text(stack)
    return stackfile.read(tmp_path, tmp_path, "dev")


def texts(tmp_path: Path, stack: str) -> dict[str, str]:
    return {key: entry.text for key, entry in read(tmp_path, stack).entries.items()}


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("on", "on"),
        ("12:30", "12:30"),
        ("true", "true"),
        ("1.30", "1.3"),
        ("'1.30'", "1.30"),
        ("012345678901", "1.2345678901e+10"),
        ('"012345678901"', "012345678901"),
        ("017", "15"),
        ("0o17", "15"),
        ("1_000", "1000"),
        ("2026-11-21", "2026-11-21 00:00:00 +0000 UTC"),
        ("~", ""),
        ("[on, 1.50, 012345678901, {a: ~}]", '["on", 1.5, 12345678901, {"a": null}]'),
        ("{1: yes}", '{"1": "yes"}'),
        ("|\n    two\n    lines\n", "two\nlines\n"),
    ],
)
def test_a_value_reaches_the_program_as_with_the_cli(tmp_path: Path, written: str, text: str):
    assert texts(tmp_path, f"config:\n  airflow:value: {written}\n")["airflow:value"] == text


def test_defaults_of_the_project_are_merged_and_keys_get_its_namespace(tmp_path: Path):
    assert texts(tmp_path, "config:\n  size: large\n  other:config:region: x\n") == {
        "pulumi:disable-default-providers": '["*"]',
        "airflow:size": "large",
        "airflow:zones": "[]",
        "airflow:count": "3",
        "airflow:shorthand": "yes",
        "other:region": "x",
    }


def test_an_encrypted_value_is_never_read(tmp_path: Path):
    entries = read(tmp_path, "config:\n  airflow:a: {secure: v1:x:y}\n  airflow:b: {c: {secure: v1:x:y}}\n").entries
    assert (entries["airflow:a"], entries["airflow:b"].secure) == (Entry("", secure=True), True)


@pytest.mark.parametrize(
    ("stack", "says"),
    [
        ("config: [1", "line 1: this is not YAML"),
        ("config: 5", "a mapping of keys to values is expected"),
        ("config:\n  a: 1\n  a: 2\n", "line 3: .*key 'a' stands twice"),
        ("config:\n  a:b:c:d: 1\n", "key 'a:b:c:d': a config key is <namespace>:<name>"),
        ("config:\n  airflow:count: many\n", 'airflow:count = "many"\n.*must be of type integer'),
        ("config:\n  airflow:zones: a\n", 'airflow:zones = "a"\n.*must be of type array'),
    ],
)
def test_a_file_that_the_cli_refuses_is_refused(tmp_path: Path, stack: str, says: str):
    with pytest.raises((InputError, SettingsError), match=says):
        read(tmp_path, stack)


def test_a_wrong_type_is_told_with_all_else_that_is_wrong(tmp_path: Path):
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, "config:\n  airflow:zones: a\n  airflow:tier: prod\n")
    assert {"airflow:zones", "airflow:tier"} <= {problem.key for problem in caught.value.problems}


def test_an_unknown_stack_names_those_that_are_there(tmp_path: Path):
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "Pulumi.dev.yaml").write_text("")
    with pytest.raises(InputError, match=r"no file .*Pulumi\.prod\.yaml; there are dev"):
        stackfile.read(tmp_path, tmp_path, "prod")


def test_a_declared_key_without_a_default_has_to_be_set(tmp_path: Path):
    with pytest.raises(InputError, match="no value for airflow:must"):
        read(tmp_path, "", "name: airflow\nconfig: {must: {type: string}}\n")


def test_marked_values_become_their_stand_ins_and_are_listed():
    entries = {
        "airflow:cloud": Entry({"account": "CHANGE-ME: 123456789012", "admins": ["CHANGE-ME: a", "b"]}),
        "airflow:host": Entry("CHANGE-ME: airflow.example.org"),
        "airflow:note": Entry("say CHANGE-ME: never"),
    }
    replaced, found = stackfile.owner_values(entries)
    assert found == ("airflow:cloud.account", "airflow:cloud.admins[0]", "airflow:host")
    assert {key: entry.data for key, entry in replaced.items()} == {
        "airflow:cloud": {"account": "123456789012", "admins": ["a", "b"]},
        "airflow:host": "airflow.example.org",
        "airflow:note": "say CHANGE-ME: never",
    }


@pytest.mark.parametrize(
    ("assignment", "key", "data"),
    [
        ("size=large", "airflow:size", "large"),
        ("size=", "airflow:size", ""),
        ("count=5", "airflow:count", "5"),
        ("aws:region=eu-west-1", "aws:region", "eu-west-1"),
        ("cloud.kind=azure", "airflow:cloud", {"kind": "azure", "zones": ["a"]}),
        ("cloud.nodes.max=3", "airflow:cloud", {"kind": "aws", "zones": ["a"], "nodes": {"max": 3}}),
        ("cloud.zones[1]=b", "airflow:cloud", {"kind": "aws", "zones": ["a", "b"]}),
        ("cloud.zones=[x, y]", "airflow:cloud", {"kind": "aws", "zones": ["x", "y"]}),
        ('tags["cost.center"]=on', "airflow:tags", {"cost.center": "on"}),
        ("releases[0].ha=true", "airflow:releases", [{"ha": True}]),
        ("schedule=@daily", "airflow:schedule", "@daily"),
        ("note=a: b", "airflow:note", "a: b"),
        ("main.fernetKey=clear", "airflow:main.fernetKey", "clear"),
    ],
)
def test_a_what_if_value_lands_at_its_path(assignment: str, key: str, data: object):
    before = {"airflow:cloud": Entry({"kind": "aws", "zones": ["a"]})}
    after = what_if.apply(before, "airflow", [assignment])
    assert after[key] == Entry(data)
    assert before["airflow:cloud"] == Entry({"kind": "aws", "zones": ["a"]})


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("size", "KEY=VALUE is expected"),
        ("tags.a=\udcff", "not UTF-8"),
        ("=x", "KEY=VALUE is expected"),
        ("a..b=1", "is no config path"),
        ("[0]=1", "is no config path"),
        ("cloud.kind.x=1", "there is no x to set in str"),
        ("cloud.zones[2]=1", r"there is no \[2\] to set in a list of 1"),
        ("cloud.zones.x=1", "there is no x to set in a list of 1"),
        ("cloud=[1", "this is not YAML"),
    ],
)
def test_a_what_if_value_that_fits_nowhere_is_refused(assignment: str, says: str):
    with pytest.raises(InputError, match=says):
        what_if.apply({"airflow:cloud": Entry({"kind": "aws", "zones": ["a"]})}, "airflow", [assignment])


@pytest.mark.parametrize(("piped", "value"), [("a\n", "a"), ("a\r\n", "a"), ("a\nb\n\n", "a\nb\n"), ("a", "a")])
def test_a_piped_secret_loses_one_final_newline_as_with_the_cli(piped: str, value: str):
    assert what_if.secret("main.gitSshKey", piped) == ("airflow:main.gitSshKey", value)


def test_a_name_with_organisation_and_project_is_the_stacks_own(tmp_path: Path):
    read(tmp_path, "config: {airflow:size: large}")
    found = stackfile.read(tmp_path, tmp_path, "acme/airflow/dev")
    assert (found.stack, found.path) == ("dev", tmp_path / "Pulumi.dev.yaml")


def test_floats_are_spelt_as_go_spells_them():
    spelt = {
        1.3: "1.3",
        1e-5: "1e-05",
        0.0001: "0.0001",
        123456.7: "123456.7",
        1234567.8: "1.2345678e+06",
        1e6: "1e+06",
    }
    assert {number: yaml12.text_of(number) for number in spelt} == spelt
