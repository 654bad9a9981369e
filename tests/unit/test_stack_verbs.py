"""The verbs of a stack, with Pulumi and kubectl that note how they were called."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.preview.planning import ROOT
from infra.settings import SECRETS
from ops.__main__ import run
from tests.unit.fakes import Programs, on_path

NAMES = ("deploy", "destroy", "outputs", "ui", "secrets", "dump", "restore", "unlock-release", "docs")
NEEDED = {
    "adminPassword",
    "apiSecretKey",
    "databasePassword",
    "fernetKey",
    "jwtSecret",
    "main.databasePassword",
    "settings",
}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    return on_path(tmp_path / "bin", monkeypatch)


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    """A folder of stack files, which a test may change."""
    folder = tmp_path / "stacks"
    folder.mkdir()
    shutil.copy(ROOT / "Pulumi.local.yaml", folder)
    return folder


@pytest.fixture
def verb(stacks: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """`verb("deploy", …)` runs it on the local stack; the exit code."""

    def call(name: str, *arguments: str) -> int:
        argv = ["ops", name, "--stack", "local", "--stacks", str(stacks), *arguments]
        monkeypatch.setattr(sys, "argv", argv)
        try:
            return run()
        except SystemExit as ended:
            return int(ended.code or 0)

    return call


def with_all_secrets(stacks: Path) -> None:
    with (stacks / "Pulumi.local.yaml").open("a") as file:
        file.writelines(f"  airflow:{key}:\n    secure: v1:made-up\n" for key in sorted(NEEDED))


@pytest.mark.parametrize("name", NAMES)
def test_every_verb_explains_itself(name: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(sys, "argv", ["ops", name, "--help"])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 0
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize("name", [name for name in NAMES if name != "docs"])
def test_make_has_every_verb(name: str) -> None:
    text = subprocess.run(["/usr/bin/make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^{name} ", text, re.MULTILINE)


@pytest.mark.parametrize("name", ["deploy", "destroy", "outputs", "ui", "secrets"])
def test_without_the_cli_a_verb_says_how_to_get_it(
    name: str, verb: Callable[..., int], programs: Programs, stacks: Path, capsys: Any
) -> None:
    if name != "secrets":
        with_all_secrets(stacks)
    assert verb(name) == 2
    said = capsys.readouterr().err
    assert "Download & install Pulumi" in said
    assert "Traceback" not in said


def test_a_stack_without_a_file(verb: Callable[..., int], stacks: Path, capsys: Any) -> None:
    (stacks / "Pulumi.local.yaml").rename(stacks / "Pulumi.other.yaml")
    assert verb("deploy") == 2
    assert "there are other" in capsys.readouterr().err


def test_bad_settings_stop_a_deployment(
    verb: Callable[..., int], programs: Programs, stacks: Path, capsys: Any
) -> None:
    programs.add("pulumi")
    file = stacks / "Pulumi.local.yaml"
    file.write_text(file.read_text().replace("airflow:tier: local", "airflow:tier: lokal"))
    assert verb("deploy") == 2
    assert "airflow:tier" in capsys.readouterr().err
    assert not programs.calls()


def test_a_deployment_waits_for_its_secrets(
    verb: Callable[..., int], programs: Programs, kubeconfig: Path, capsys: Any
) -> None:
    programs.add("pulumi")
    assert verb("deploy") == 2
    said = capsys.readouterr().err
    assert all(key in said for key in NEEDED)
    assert "make secrets STACK=local" in said
    assert not programs.calls()


def test_deploy_and_destroy_are_pulumis(
    verb: Callable[..., int], programs: Programs, stacks: Path, kubeconfig: Path
) -> None:
    with_all_secrets(stacks)
    programs.add("pulumi")
    file = str(stacks / "Pulumi.local.yaml")
    assert verb("deploy", "--", "--yes", "--skip-preview") == 0
    programs.answer(("pulumi destroy", {"code": 255}))
    assert verb("destroy") == 255, "Pulumi's own exit code"
    assert [call.arguments for call in programs.calls()] == [
        ["up", "--yes", "--skip-preview", "--stack", "local", "--config-file", file],
        ["destroy", "--stack", "local", "--config-file", file],
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        ("contexts: [{name: minikube}]", "it has minikube"),
        ("[", "no kubeconfig"),
        ("", "no kube"),
    ],
)
def test_a_deployment_knows_its_cluster(
    content: str | None,
    said: str,
    verb: Callable[..., int],
    programs: Programs,
    stacks: Path,
    kubeconfig: Path,
    capsys: Any,
) -> None:
    with_all_secrets(stacks)
    programs.add("pulumi")
    if content is None:
        kubeconfig.unlink()
    else:
        kubeconfig.write_text(content)
    assert verb("deploy") == 2
    assert said in capsys.readouterr().err
    assert not programs.calls()


CAREFUL = """\
#!/bin/bash
trap 'sleep 1; echo ended >"$NOTES"; exit 7' INT
echo began >"$NOTES"
while :; do sleep 0.05; done
"""


def test_ctrl_c_is_pulumis_to_end_on(programs: Programs, tmp_path: Path) -> None:
    # checks: fault 3: a killed engine leaves operations pending
    careful, notes = programs.folder / "pulumi", tmp_path / "notes"
    careful.write_text(CAREFUL)
    careful.chmod(0o755)
    env = {**os.environ, "PATH": f"{programs.folder}:/usr/bin:/bin", "NOTES": str(notes)}
    command = [sys.executable, "-m", "ops", "destroy", "--stack", "local"]
    with subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True) as verb:
        for _ in range(400):
            if notes.exists():
                break
            time.sleep(0.05)
        os.killpg(verb.pid, signal.SIGINT)  # what a terminal does
        assert verb.wait(timeout=20) == 7
    assert notes.read_text() == "ended\n"


def test_the_projects_own_folder_is_left_to_the_cli(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    programs.add("pulumi")
    monkeypatch.setattr(sys, "argv", ["ops", "destroy", "--stack", "local"])
    with pytest.raises(SystemExit):
        run()
    assert [call.arguments for call in programs.calls()] == [["destroy", "--stack", "local"]]


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


def test_a_secret_in_the_clear_is_pointed_at(
    verb: Callable[..., int], programs: Programs, stacks: Path, capsys: Any
) -> None:
    # checks: bad input 20
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


OUTPUTS = {
    "kubeconfigCommand": "kubectl config use-context kind-airflow",
    "registry": "",
    "releases": {
        "main": {"url": "http://localhost:1234/x", "namespace": "airflow", "service": "main-api-server", "port": 8080}
    },
}


def exporting(programs: Programs, outputs: dict[str, Any]) -> None:
    programs.add("pulumi", "kubectl")
    programs.answer(("stack output", {"out": json.dumps(outputs)}))


def test_outputs_for_people_and_programs(verb: Callable[..., int], programs: Programs, capsys: Any) -> None:
    exporting(programs, OUTPUTS)
    assert verb("outputs") == 0
    assert "releases:\n  main:\n    namespace: airflow\n" in capsys.readouterr().out
    assert verb("outputs", "--json") == 0
    assert json.loads(capsys.readouterr().out) == OUTPUTS
    assert all("--show-secrets" not in call.arguments for call in programs.calls())
    programs.answer(("stack output", {"out": "{}"}))
    assert verb("outputs") == 0
    assert "make deploy STACK=local" in capsys.readouterr().out


@pytest.fixture
def kubeconfig(stacks: Path, tmp_path: Path) -> Path:
    """A kubeconfig that the stack names."""
    path = tmp_path / "kubeconfig"
    path.write_text("apiVersion: v1\ncontexts:\n  - {name: kind-airflow}\n")
    file = stacks / "Pulumi.local.yaml"
    file.write_text(file.read_text().replace("    context: ", f"    kubeconfig: {path}\n    context: "))
    return path


def test_the_ui_by_a_forwarded_port(
    verb: Callable[..., int], programs: Programs, kubeconfig: Path, capsys: Any
) -> None:
    exporting(programs, OUTPUTS)
    assert verb("ui", "--no-browser") == 0
    assert "http://localhost:1234/x" in capsys.readouterr().out
    lead = ["--kubeconfig", str(kubeconfig), "--context", "kind-airflow"]
    forward = [*lead, "port-forward", "--namespace", "airflow", "service/main-api-server", "1234:8080"]
    assert programs.calls()[-1].arguments == forward


def test_the_ui_by_its_address(
    verb: Callable[..., int], programs: Programs, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    url = "https://airflow.data.acme.org/main"
    exporting(programs, {"releases": {name: {"url": url, "service": ""} for name in ("main", "other")}})
    assert verb("ui") == 2
    assert "main, other" in capsys.readouterr().err
    assert verb("ui", "--release", "nope") == 2
    assert verb("ui", "--release", "main") == 0
    assert opened == [url]


def test_a_kubeconfig_that_is_not_there(
    verb: Callable[..., int], programs: Programs, kubeconfig: Path, capsys: Any
) -> None:
    exporting(programs, OUTPUTS)
    kubeconfig.unlink()
    assert verb("ui") == 2
    assert str(kubeconfig) in capsys.readouterr().err


def test_a_kubeconfig_that_is_a_secret(verb: Callable[..., int], programs: Programs, stacks: Path) -> None:
    file = stacks / "Pulumi.local.yaml"
    file.write_text(file.read_text().replace("    context: ", "    kubeconfig: secret\n    context: "))
    programs.add("pulumi", "kubectl")
    outputs = ("stack output", {"out": json.dumps(OUTPUTS)})
    programs.answer(outputs, ("config get airflow:kubeconfig", {"out": "apiVersion: secret-one\n"}))
    assert verb("ui", "--no-browser") == 0
    forward = programs.calls()[-1]
    assert "secret-one" not in str(forward)
    path = Path(forward.arguments[forward.arguments.index("--kubeconfig") + 1])
    assert not path.exists(), "gone afterwards"


JOB = {
    "spec": {"template": {"spec": {"containers": [{"name": "postgres", "env": [{"name": "PGUSER", "value": "x"}]}]}}}
}


def pod(code: int) -> str:
    status = {"phase": "Succeeded", "containerStatuses": [{"state": {"terminated": {"exitCode": code}}}]}
    return json.dumps({"items": [{"metadata": {"creationTimestamp": "2026-11-21T00:00:00Z"}, "status": status}]})


def ready_to_restore(programs: Programs, code: int = 0, running: str = "") -> None:
    programs.add("kubectl")
    programs.answer(
        ("get job postgres-restore-by-hand --namespace airflow-local-database --ignore-not-found", {"out": running}),
        ("get job postgres-dump-by-hand --namespace airflow-local-database --ignore-not-found", {"out": running}),
        ("get job", {"out": '{"status": {"succeeded": 1}}'}),
        ("create job", {"out": json.dumps(JOB)}),
        ("get pods", {"out": pod(code)}),
        ("logs", {"out": "restored airflow_main\n"}),
    )


def test_a_restore_is_the_job_that_the_stack_holds_ready(
    verb: Callable[..., int], programs: Programs, kubeconfig: Path
) -> None:
    ready_to_restore(programs)
    assert verb("restore", "--dump", "latest", "--database", "airflow_main", "--yes") == 0
    from_cron, create = [call for call in programs.calls() if "create" in call.arguments]
    assert "--from=cronjob/postgres-restore" in from_cron.arguments
    assert "airflow-local-database" in from_cron.arguments
    (container,) = json.loads(create.given)["spec"]["template"]["spec"]["containers"]
    assert {entry["name"]: entry["value"] for entry in container["env"]} == {
        "PGUSER": "x",
        "DUMP": "latest",
        "DATABASE": "airflow_main",
    }


def test_a_restore_asks_and_a_list_does_not(
    verb: Callable[..., int], programs: Programs, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready_to_restore(programs)
    monkeypatch.setattr("sys.stdin", (kubeconfig.parent / "kubeconfig").open())  # no answer of a person
    assert verb("restore", "--dump", "latest") == 1
    assert not programs.calls()
    assert verb("restore") == 0
    (create,) = [call for call in programs.calls() if call.given]
    assert '"DUMP"' not in create.given


def test_a_failed_restore_is_a_failed_verb(verb: Callable[..., int], programs: Programs, kubeconfig: Path) -> None:
    ready_to_restore(programs, code=2)
    assert verb("restore", "--dump", "20200101T000000Z", "--yes") == 2


def test_two_restores_at_once_are_refused(
    verb: Callable[..., int], programs: Programs, kubeconfig: Path, capsys: Any
) -> None:
    ready_to_restore(programs, running='{"status": {"active": 1}}')
    assert verb("restore", "--dump", "latest", "--yes") == 2
    assert "is running" in capsys.readouterr().err
    assert not [call for call in programs.calls() if call.given]


def test_a_dump_now(verb: Callable[..., int], programs: Programs, kubeconfig: Path) -> None:
    ready_to_restore(programs, running='{"status": {"succeeded": 1}}')
    assert verb("dump") == 0
    said = [str(call) for call in programs.calls()]
    assert any("delete job postgres-dump-by-hand" in text for text in said), "a finished one makes room"
    assert any("--from=cronjob/postgres-dump" in text for text in said)


def test_a_database_elsewhere_is_not_restored_here(
    verb: Callable[..., int], programs: Programs, stacks: Path, tmp_path: Path, capsys: Any
) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    file = stacks / "Pulumi.local.yaml"
    external = f"kind: external\n      host: db.acme.org\n      caFile: {tmp_path}/ca.pem"
    file.write_text(file.read_text().replace("kind: cluster", external))
    assert verb("restore", "--dump", "latest", "--yes") == 2
    assert "outside of the cluster" in capsys.readouterr().err


def pending(namespace: str, name: str) -> dict[str, Any]:
    labels = {"name": name, "status": "pending-install", "version": "1", "owner": "helm"}
    metadata = {"name": f"sh.helm.release.v1.{name}.v1", "namespace": namespace, "labels": labels}
    return {"metadata": {**metadata, "creationTimestamp": "2026-11-21T00:00:00Z"}, "data": {"release": "SECRET"}}


def test_pending_releases_of_the_stack_are_freed(
    verb: Callable[..., int], programs: Programs, kubeconfig: Path, capsys: Any
) -> None:
    # checks: fault 2
    programs.add("kubectl")
    programs.answer(
        ("get namespaces", {"out": json.dumps({"items": [{"metadata": {"name": "airflow"}}]})}),
        ("get secrets", {"out": json.dumps({"items": [pending("airflow", "main"), pending("elsewhere", "main")]})}),
    )
    assert verb("unlock-release", "--yes") == 0
    out = capsys.readouterr().out
    deleted = [call.arguments[4:] for call in programs.calls() if "delete" in call.arguments]
    assert deleted == [["delete", "secret", "sh.helm.release.v1.main.v1", "--namespace", "airflow"]]
    assert "pulumi refresh --stack local" in out
    assert "SECRET" not in out
    selectors = [call.arguments[call.arguments.index("--selector") + 1] for call in programs.calls()[:2]]
    assert selectors[0] == "app.kubernetes.io/part-of=airflow-local"
    assert "status in (pending-install,pending-upgrade,pending-rollback)" in selectors[1]
    assert verb("unlock-release", "--release", "other", "--yes") == 0
    assert "no Helm release" in capsys.readouterr().out


def test_a_clouds_cluster_is_reached_by_its_own_command(
    programs: Programs, stacks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the stack exports makes a kubeconfig of its own; the person's is neither read nor changed."""
    text = (ROOT / "Pulumi.integration.yaml").read_text()
    for part in ("chaos", "monitoring"):
        text = text.replace(f'{part}: "on"', f'{part}: "off"')
    (stacks / "Pulumi.integration.yaml").write_text(text)
    programs.add("pulumi", "kubectl", "aws")
    programs.answer(
        ("stack output", {"out": json.dumps({"kubeconfigCommand": "aws eks update-kubeconfig --name x"})}),
        ("get", {"out": '{"items": []}'}),
    )
    argv = ["ops", "unlock-release", "--stack", "integration", "--stacks", str(stacks)]
    monkeypatch.setattr(sys, "argv", argv)
    with pytest.raises(SystemExit) as ended:
        run()
    assert not ended.value.code
    used = {call.env.get("KUBECONFIG") for call in programs.calls() if call.name in ("aws", "kubectl")}
    assert len(used) == 1
    (path,) = used
    assert path
    assert not Path(path).exists()
