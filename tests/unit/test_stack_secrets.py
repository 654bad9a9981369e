"""`secrets`, with a Pulumi that notes how it is called."""

import base64
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.settings import SECRETS
from ops import deploy_key
from ops.errors import OpsError
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


def by_git(stacks: Path) -> None:
    """The local stack, with DAGs that a deploy key reads."""
    file = stacks / "Pulumi.local.yaml"
    content = yaml.safe_load(file.read_text())
    one = {
        "name": "dags",
        "repository": ADDRESS,
        "auth": "sshKey",
        "knownHosts": "git.your-company.com ssh-ed25519 AAAA",
    }
    content["config"]["airflow:releases"] = [{"name": "main", "dags": {"kind": "bundle", "repositories": [one]}}]
    file.write_text(yaml.safe_dump(content))


ADDRESS = "git@git.your-company.com:dags.git"


def test_a_deploy_key_is_made_where_it_is_asked_for(
    verb: Callable[..., int], programs: Programs, stacks: Path, tmp_path: Path, capsys: Any
) -> None:
    by_git(stacks)
    programs.add("pulumi")
    assert verb("secrets") == 0
    assert "SSH_KEY=1` makes the SSH key" in capsys.readouterr().out
    assert not [call for call in programs.calls() if "airflow:gitSshKey" in call.arguments]
    assert verb("secrets", "--ssh-key") == 0
    (made,) = [call.given for call in programs.calls() if "airflow:gitSshKey" in call.arguments]
    said = capsys.readouterr().out
    (public,) = [line for line in said.splitlines() if line.startswith("ssh-ed25519 ")]
    assert ADDRESS in said
    assert SECRETS["gitSshKey"].check(made) is None
    assert made not in said
    assert "PRIVATE" not in said + "".join(map(str, programs.calls())), "by standard input only"
    assert deploy_key.public_half(made) == " ".join(public.split()[:2])
    assert not [
        path
        for path in tmp_path.rglob("*")
        if path.is_file() and "PRIVATE" in path.read_text() and path.name != "calls.jsonl"
    ]
    programs.answer(("config get airflow:gitSshKey", {"out": made}))
    assert verb("secrets", "--ssh-key") == 0
    assert public in capsys.readouterr().out, "a stored one is told again, and stays"


def test_no_key_is_made_where_none_reads(verb: Callable[..., int], programs: Programs, capsys: Any) -> None:
    programs.add("pulumi")
    assert verb("secrets", "--ssh-key") == 2
    assert "no SSH key is needed" in capsys.readouterr().err
    assert not programs.calls()


def test_openssh_reads_a_key_that_is_made(tmp_path: Path) -> None:
    keygen = shutil.which("ssh-keygen")
    if not keygen:
        pytest.skip("no ssh-keygen: Debian's package openssh-client has it")
    private = deploy_key.made()
    (tmp_path / "key").write_text(private)
    (tmp_path / "key").chmod(0o600)
    told = subprocess.run([keygen, "-y", "-f", str(tmp_path / "key")], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == deploy_key.public_half(private)
    encoded = base64.b64encode(private.encode()).decode()
    assert deploy_key.public_half(encoded) == told.stdout.strip()
    with pytest.raises(OpsError, match="holds no private key"):
        deploy_key.public_half("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n")
