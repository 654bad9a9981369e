"""`secrets`, with a Pulumi that notes how it is called."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.settings import SECRETS
from tests.unit.fakes import Programs
from tests.unit.verbs import NEEDED


def test_secrets_are_made_and_stored_and_never_shown(verb: Callable[..., int], programs: Programs, capsys: Any) -> None:
    programs.add("pulumi")
    assert verb("secrets") == 0
    calls = programs.calls()
    made = {call.arguments[3].removeprefix("airflow:"): call.given for call in calls}
    assert made.keys() == NEEDED - {"settings"}
    for key, value in made.items():
        assert SECRETS[key.rpartition(".")[2]].check(value) is None
    assert len(set(made.values())) == len(made)
    out, err = capsys.readouterr()
    everything = out + err + "".join(map(str, calls))
    assert not [key for key, value in made.items() if value in everything], "by standard input only"
    assert "settings/local/secret.yaml" in out, "what a person brings"


def test_no_secret_is_overwritten(verb: Callable[..., int], programs: Programs, stacks: Path, capsys: Any) -> None:
    programs.add("pulumi")
    (stacks / "Pulumi.local.yaml").open("a").write("  airflow:main.fernetKey:\n    secure: v1:of-the-release\n")
    assert verb("secrets") == 0
    first = {call.arguments[3] for call in programs.calls()}
    assert first == {f"airflow:{key}" for key in NEEDED - {"settings", "fernetKey"}}
    assert verb("secrets") == 0
    assert len(programs.calls()) == len(first), "a second run finds them all"
    assert "was there" in capsys.readouterr().out


@pytest.mark.guarantee("a secret in the clear")
def test_a_secret_in_the_clear_is_pointed_at(
    verb: Callable[..., int], programs: Programs, stacks: Path, capsys: Any
) -> None:
    programs.add("pulumi")
    (stacks / "Pulumi.local.yaml").open("a").write("  airflow:adminPassword: correct-horse-battery\n")
    assert verb("secrets") == 2
    said = capsys.readouterr().err
    assert "pulumi config rm airflow:adminPassword" in said
    assert "correct-horse" not in said
    assert not programs.calls()


def test_a_stack_that_the_backend_does_not_know(verb: Callable[..., int], programs: Programs, capsys: Any) -> None:
    programs.add("pulumi")
    programs.answer(("pulumi", {"code": 255, "err": "error: no stack named 'local' found"}))
    assert verb("secrets") == 2
    assert "pulumi stack init local" in capsys.readouterr().err


def test_a_file_elsewhere_that_stack_init_did_not_write_to(
    verb: Callable[..., int], programs: Programs, capsys: Any
) -> None:
    """`pulumi stack init` takes no `--config-file`: what it writes stands beside Pulumi.yaml."""
    programs.add("pulumi")
    programs.answer(("pulumi", {"code": 255, "err": "error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE"}))
    assert verb("secrets") == 2
    assert "Copy the file there first, and leave STACKS out" in capsys.readouterr().err
