"""The settings file's own rules, without Airflow and database. The modules are flat, as a ConfigMap mounts them."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from infra.contracts import LOGS_CONNECTION
from infra.settings.payload import SECRET_MAX, SettingsTooLarge, compressed

SYNC = Path(__file__).parents[2] / "infra" / "airflow" / "sync"
sys.path.insert(0, str(SYNC))

from settings_file import MAX_BYTES, BadSettings, parse, unpack  # noqa: E402
from settings_rules import LOGS_CONNECTION as RESERVED  # noqa: E402
from settings_rules import Settings, check  # noqa: E402

SECRET = "s3cr3t"
PROPERTY = "Expecting property name enclosed in double quotes"
LONG = "a key of more than 1024 characters, which YAML takes for none: shorten it"
CUT = (
    "a mark of a URI stands unescaped in one of its parts, which would end there: "
    "# as %23, ? as %3F, / as %2F, @ as %40, : as %3A"
)
URI = ".uri: must be type://login:password@host:port/schema?extra, each part percent-encoded"


def problems(text: str) -> list[str]:
    with pytest.raises(BadSettings) as error:
        check(text.encode())
    return [problem.removeprefix("airflow.") for problem in error.value.problems]


def connection(fields: str) -> dict[str, object]:
    return check(f"airflow: {{connections: [{{id: x, {fields}}}]}}".encode()).connections["x"]


def test_scalars_are_read_as_json_writes_them() -> None:
    read = parse(
        "airflow: {a: on, b: 12:30, c: 0123, d: 2024-01-01, e: 1_000, f: 12, g: 1.5, h: true, i: null, j: no, k: 1e3, "
        "l: ~, m: NULL, n: True}"
    )
    assert read["airflow"] == {
        "a": "on", "b": "12:30", "c": "0123", "d": "2024-01-01", "e": "1_000",
        "f": 12, "g": 1.5, "h": True, "i": None, "j": "no", "k": 1000.0, "l": "~", "m": "NULL", "n": "True",
    }  # fmt: skip


def test_text_fields_keep_what_is_written() -> None:
    found = connection("password: 0123, login: 42, host: on, schema: 0, port: '5432', extra: {a: [1, {b: null}]}")
    assert (found["password"], found["login"], found["host"], found["schema"]) == ("0123", "42", "on", "0")
    assert (found["port"], found["extra"]) == (5432, '{"a": [1, {"b": null}]}')


def test_only_the_id_is_required() -> None:
    assert set(connection("type: null").values()) == {None}
    assert check(b"airflow: {connections: [{id: x}]}").connections == {"x": connection("type: null")}


@pytest.mark.parametrize("text", ["airflow: {}", "airflow: {connections: , variables: '', pools: [], users: null}"])
def test_nothing_at_all_can_be_said(text: str) -> None:
    assert check(text.encode()) == Settings()


def test_variables_are_text_or_json() -> None:
    given = {"a": "text", "b": 1, "c": True, "d": None, "e": {"x": [1.5]}, "f": ""}
    expected = {"a": "text", "b": "1", "c": "true", "d": "null", "e": json.dumps({"x": [1.5]}, indent=2), "f": ""}
    assert check(yaml.safe_dump({"airflow": {"variables": given}}).encode()).variables == expected
    assert check(yaml.safe_dump({"airflow": {"variables": json.dumps(given)}}).encode()).variables == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("port: 0", ".port: must be a whole number from 1 to 65535"),
        ("port: 65536", ".port: must be a whole number from 1 to 65535"),
        ("port: true", ".port: must be a whole number from 1 to 65535"),
        ("password: 1.5", ".password: must be text: put it in quotes"),
        ("password: true", ".password: must be text: put it in quotes"),
        ("password: [a]", ".password: must be text: put it in quotes"),
        ('password: "a\\0b"', ".password: holds a NUL or half a surrogate pair, which PostgreSQL cannot keep"),
        ('password: "\\ud800"', ".password: holds a NUL or half a surrogate pair, which PostgreSQL cannot keep"),
        (f"host: {'h' * 501}", ".host: must have at most 500 characters, has 501"),
        ("extra: [1]", ".extra: must be a mapping, or the text of a JSON object"),
        ("extra: '1'", ".extra: must be a mapping, or the text of a JSON object"),
        (f"extra: '{{{SECRET}'", f".extra: is not JSON: {PROPERTY} at line 1, column 2"),
        ("""extra: '{"a": 1, "a": 2}'""", ".extra: is not JSON: a key stands there twice"),
        ("""extra: '{"a": NaN}'""", ".extra: is not JSON: NaN and Infinity are no JSON"),
        ("uri: nothing", URI),
        ("uri: 'http://h:99999'", URI),
        ("uri: 'pg://u:12#ss@db/dw'", f".uri: {CUT}"),
        ("uri: 'pg://u:12?x@db/dw'", f".uri: {CUT}"),
        ("uri: 'pg://u:12/x@db/dw'", f".uri: {CUT}"),
        ("uri: 'pg://u@corp:12/x@db/dw'", f".uri: {CUT}"),
        ("uri: 'pg://u:p@x?y@db/dw'", f".uri: {CUT}"),
        ("uri: 'pg://u:p@db/dw?password=a#b'", f".uri: {CUT}"),
        ("extra: {a: 1E400}", ".extra: holds a number that JSON cannot write: put it in quotes"),
        ("uri: 'http://h', host: h", ": has `uri` and host: give one or the other, Airflow takes no mixture"),
        ("pasword: p", ": `pasword` is unknown, `password` is near: known are id, type, host, login, password, port, "
         "schema, extra, uri, description"),
        (f"{SECRET}: null", ": key 2 is unknown: known are id, type, host, login, password, port, schema, extra, uri, "
         "description"),
    ],
)  # fmt: skip
def test_a_bad_connection_is_told_by_place_and_rule(fields: str, expected: str) -> None:
    found = problems(f"airflow: {{connections: [{{id: x, {fields}}}]}}")
    assert found == [f"connections[0] (x){expected}"]
    assert SECRET not in found[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the settings must be a mapping with the key `airflow`; `airflow: {}` says: nothing at all"),
        ("{}", "airflow: is missing"),
        ("airflow: {}\nother: 1", "the file: key 2 is unknown: known are airflow"),
        ("airflow:", "airflow: must be a mapping; where it stands for nothing, write {}"),
        ("airflow: 1", "airflow: must be a mapping; where it stands for nothing, write {}"),
        ("airflow: {connections: {}}", "connections: must be a list of entries, each beginning with a dash"),
        ("airflow: {connections: [1]}", "connections[0]: must be a mapping with at least `id`"),
        (
            "airflow: {connections: [{id: 'a b'}]}",
            "connections[0].id: may hold letters, digits and # ! ( ) - _ . : / \\ only",
        ),
        (
            "airflow: {connections: [{id: a}, {id: a}]}",
            "connections[1].id: stands there a second time: every id is given once",
        ),
        ("airflow: {variables: [1]}", "variables: must be a mapping; where it stands for nothing, write {}"),
        ("airflow: {variables: {'': 1}}", "variables, key 1: must be a name, a text of 1 to 250 characters"),
        (
            "airflow: {pools: [{name: p, slots: -2}]}",
            "pools[0] (p).slots: must be a whole number, -1 (no limit) or more",
        ),
        (
            "airflow: {pools: [{name: p, slots: true}]}",
            "pools[0] (p).slots: must be a whole number, -1 (no limit) or more",
        ),
        ("airflow: {pools: [{name: p}]}", "pools[0] (p).slots: is missing"),
        ("airflow: {users: [{username: u, role: Op}]}", "users[0] (u).email: is missing"),
        (
            "airflow: {users: [{username: u, email: a@b.org}]}",
            "users[0] (u): needs either `role` (one) or `roles` (a list)",
        ),
        (
            "airflow: {users: [{username: someone, email: a@b.org, role: Op, password: short}]}",
            "users[0] (someone).password: must have 12 characters or more and not be the user's name",
        ),
        (
            "airflow: {users: [{username: U, email: a@b.org, role: Op}, {username: u, email: A@b.org, role: Op}]}",
            "users[1].username: stands there a second time: every username is given once",
        ),
        ("airflow:\n  a: 1\n  a: 2", "line 3, column 3: this key stands there already: leave one of them"),
        (
            "airflow: {}\n---\nairflow: {}",
            "line 2, column 1: a second document begins here: keep one, without `---` in between",
        ),
        (
            "airflow: {a: !!binary aGk=}",
            "line 1, column 14: tags (`!`, `!!`) are not read: quote the text, or leave the tag out",
        ),
        ("airflow: {a: &x [*x]}", "line 1, column 14: an anchor (`&`) that holds itself"),
        ("airflow:\n\ta: 1", "line 2, column 1: a tab: indent by spaces"),
        ("airflow: {? [a] : b}", "line 1, column 13: a key is one text, no list and no mapping"),
        (f"airflow:\n  {'k' * 1100}: 1", f"line 2, column 1103: {LONG}"),
        (f"airflow: {{{'k' * 1100}: 1}}", f"line 1, column 1111: {LONG}"),
        ("airflow: {variables: {a: [1E400]}}", "variables.a: holds a number that JSON cannot write: put it in quotes"),
        ("airflow: {}\nsops: {version: 3}", "the settings are encrypted by SOPS: decrypt them first by `sops -d`"),
    ],
)
def test_a_bad_file_is_told_by_place_and_rule(text: str, expected: str) -> None:
    assert problems(text)[0] == expected


@pytest.mark.parametrize(
    "value", [f"*{SECRET}", f"!{SECRET}", f"%{SECRET}", f"@{SECRET}", f"a: {SECRET}", f'"\\{SECRET}"']
)
def test_what_is_not_yaml_is_told_by_line_and_never_repeated(value: str) -> None:
    (problem,) = problems(f"airflow:\n  connections:\n    - id: x\n      password: {value}\n")
    assert problem.startswith("line 4, column ")
    assert SECRET not in problem


@pytest.mark.parametrize(
    "tag", ["!!binary aGVsbG8=", "!!set {a, b}", "!!timestamp 2024-01-01", "!!python/name:os.system"]
)
def test_no_tag_brings_in_what_json_has_not(tag: str) -> None:
    assert problems(f"airflow: {{variables: {{a: {tag}}}}}")[0].startswith("line 1, column ")


def test_a_file_that_holds_itself_is_refused() -> None:
    assert problems("airflow: {variables: {a: &x [*x]}}")[0].startswith("line 1, column ")


def test_all_problems_are_told_at_once() -> None:
    text = "airflow: {connections: [{}, {id: ''}], pools: [{name: p}], users: [{username: u}], x: 1}"
    assert len(problems(text)) == 6


def test_settings_are_unpacked_as_they_come() -> None:
    text = "airflow: {variables: {a: ü}}"
    for raw in (
        text.encode(),
        b"\xef\xbb\xbf" + text.encode(),
        gzip.compress(text.encode()),
        compressed(text).encode(),
    ):
        assert unpack(raw) == text
    assert compressed(text) == compressed(text)


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe", gzip.compress(b"airflow: {}", mtime=0)[:-4], b"H4sI!", b"H4sIAAAA"], ids=range(4)
)
def test_damaged_settings_are_refused(raw: bytes) -> None:
    with pytest.raises(BadSettings):
        unpack(raw)


def test_a_bomb_is_refused() -> None:
    with pytest.raises(BadSettings, match="larger than"):
        unpack(gzip.compress(b"a" * (MAX_BYTES + 1)))


def test_settings_above_what_a_secret_holds_are_refused_with_the_size() -> None:
    import random

    noise = random.Random(1).randbytes(SECRET_MAX + 1).hex()
    with pytest.raises(
        SettingsTooLarge, match=r"have 2,097,154 bytes, 1,\d{3},\d{3} when compressed; .* holds 1,048,576"
    ):
        compressed(noise)
    assert len(compressed("airflow: {}\n" * 100_000)) < 8000


def test_check_needs_no_airflow_and_no_database(tmp_path: Path) -> None:
    def run(text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, SYNC, "--check", "-"], input=text, capture_output=True, text=True)

    assert run("airflow: {}").returncode == 0
    bad = run("airflow: {connections: [{}]}")
    assert (bad.returncode, bad.stderr.splitlines()[-1]) == (2, "nothing was changed")
    missing = subprocess.run([sys.executable, SYNC, tmp_path / "none.yaml"], capture_output=True, text=True)
    assert missing.returncode == 2
    assert "the settings cannot be read" in missing.stderr


def test_the_connection_of_the_logs_is_the_releases_own() -> None:
    assert RESERVED == LOGS_CONNECTION
    with pytest.raises(BadSettings, match="a release's own connection"):
        check(b"airflow: {connections: [{id: airflow_logs, type: aws}]}")
    assert set(check(b"airflow: {connections: [{id: aws_default, type: aws}]}").connections) == {"aws_default"}


@pytest.mark.parametrize("number", ["1.10", "1E400", "1e3", "-0", "0.1000000000000000055511151231257827", "1.0"])
def test_a_number_that_is_a_variable_keeps_its_text(number: str) -> None:
    assert check(f"airflow: {{variables: {{a: {number}}}}}".encode()).variables == {"a": number}
    if number != "-0":  # JSON's own reading of it
        assert check(f"""airflow: {{variables: '{{"a": {number}}}'}}""".encode()).variables == {"a": number}


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://u%40x:p%2F%23%3F%25@db:5433/dw?sslmode=require",
        "aws://AKIA%2BX:se%2Fcret%2B%3D@/?region_name=eu-west-1",
        "http://https%3A%2F%2Fapi.example.org:8443/https",
        "smtp://u:p@mail/?from=a@b.org&to=c@d.org",
        "http://https://api.example.org/x?a=1",
    ],
)
def test_an_escaped_uri_is_taken(uri: str) -> None:
    assert connection(f"uri: '{uri}'")["uri"] == uri


def test_names_are_told_whatever_the_locale(tmp_path: Path) -> None:
    """A run that fails to say what it did has done it all the same."""
    script = """
import runpy, sys
sys.path.insert(0, folder := sys.argv[1])
import settings_report, settings_rules
def told(raw):
    report = settings_report.Report()
    report.entry("user", "M\\xfcller", "created")
    report.say()
settings_rules.check = told
sys.argv[1:] = ["--check", sys.argv[2]]
runpy.run_path(folder, run_name="__main__")
"""
    file = tmp_path / "settings.yaml"
    file.write_text("airflow: {}")
    env = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run([sys.executable, "-c", script, SYNC, file], env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "created user M\\xfcller" in done.stdout
