"""`outputs`, `ui` and `unlock-release`, with Pulumi and kubectl that note how they are called."""

import json
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.preview.planning import ROOT
from ops.__main__ import run
from tests.unit.fakes import Programs
from tests.unit.verbs import OUTPUTS, exporting, with_all_secrets

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


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


CELERY = {"name": "main", "path": "/x", "executor": "CeleryExecutor", "celery": {"broker": "redis", "flower": True}}


def watching(stacks: Path) -> None:
    """The local stack with Flower and Grafana."""
    file = stacks / "Pulumi.local.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"]["airflow:releases"] = [{**CELERY, "dags": {"kind": "share"}}]
    content["config"]["airflow:platform"]["monitoring"] = "on"
    file.write_text(yaml.safe_dump(content))


@pytest.mark.parametrize(
    ("service", "forwarded", "url", "password"),
    [
        ("flower", ["airflow-main", "service/main-flower", "5555"], "/x/flower/", "flowerPassword"),
        ("grafana", ["airflow-local-monitoring", "service/monitoring-grafana", "80"], "", "grafanaPassword"),
    ],
)
def test_flower_and_grafana_by_a_forwarded_port(
    service: str, forwarded: list[str], url: str, password: str, verb: Callable[..., int], programs: Programs,
    stacks: Path, kubeconfig: Path, capsys: Any,
) -> None:  # fmt: skip
    watching(stacks)
    programs.add("pulumi", "kubectl")
    assert verb("ui", "--service", service, "--no-browser") == 0
    words = programs.calls()[-1].arguments[4:]
    port, _, remote = words[-1].partition(":")
    assert [words[2], words[3], remote] == forwarded
    said = capsys.readouterr().out
    assert f"until Ctrl-C at\nhttp://localhost:{port}{url}\n" in said
    assert f"`pulumi config get airflow:{password} --stack local" in said


def test_what_is_not_there_has_no_ui(verb: Callable[..., int], programs: Programs, capsys: Any) -> None:
    programs.add("pulumi", "kubectl")
    assert verb("ui", "--service", "flower") == 2
    assert "release main has no Flower: `celery.flower: true`" in capsys.readouterr().err
    assert verb("ui", "--service", "grafana") == 2
    assert "platform.monitoring.state is off" in capsys.readouterr().err
    assert not programs.calls()


def test_flower_behind_an_ingress_is_its_address(
    programs: Programs, stacks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = yaml.safe_load((ROOT / "Pulumi.integration.yaml").read_text())
    release = {**CELERY, "host": "airflow.your-company.com", "dags": {"kind": "share"}}
    content["config"]["airflow:releases"] = [release]
    (stacks / "Pulumi.integration.yaml").write_text(yaml.safe_dump(content))
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    argv = ["ops", "ui", "--stack", "integration", "--stacks", str(stacks), "--service", "flower"]
    monkeypatch.setattr(sys, "argv", argv)
    with pytest.raises(SystemExit) as ended:
        run()
    assert not ended.value.code
    assert opened == ["https://airflow.your-company.com/x/flower"]


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


def pending(namespace: str, name: str) -> dict[str, Any]:
    labels = {"name": name, "status": "pending-install", "version": "1", "owner": "helm"}
    metadata = {"name": f"sh.helm.release.v1.{name}.v1", "namespace": namespace, "labels": labels}
    return {"metadata": {**metadata, "creationTimestamp": "2026-11-21T00:00:00Z"}, "data": {"release": "SECRET"}}


@pytest.mark.guarantee("a Helm install that was killed")
def test_pending_releases_of_the_stack_are_freed(
    verb: Callable[..., int], programs: Programs, kubeconfig: Path, capsys: Any
) -> None:
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


@pytest.mark.parametrize(
    ("folder", "exported"),
    [
        (".", "aws eks update-kubeconfig --name x"),
        ("examples/azure", "az aks get-credentials --name x && kubelogin convert-kubeconfig"),
        (".", ""),  # a first `up` that was killed: nothing is exported yet
    ],
)
def test_a_clouds_cluster_is_reached_by_its_own_command(
    folder: str, exported: str, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the stack exports makes a kubeconfig of its own; the person's is neither read nor changed."""
    programs.add("pulumi", "kubectl", "aws", "az", "kubelogin")
    (programs.folder / "bash").symlink_to("/bin/bash")
    outputs = {"kubeconfigCommand": exported} if exported else {}
    programs.answer(("stack output", {"out": json.dumps(outputs)}), ("get", {"out": '{"items": []}'}))
    argv = ["ops", "unlock-release", "--stack", "integration", "--stacks", str(ROOT / folder)]
    monkeypatch.setattr(sys, "argv", argv)
    with pytest.raises(SystemExit) as ended:
        run()
    assert not ended.value.code
    calls = [call for call in programs.calls() if call.name != "pulumi"]
    first = exported or "aws eks update-kubeconfig --region eu-west-1 --name airflow-integration"
    assert str(calls[0]) == first.split(" && ")[0]
    assert [call.name for call in calls[1:]] == [*(["kubelogin"] if "&&" in exported else []), "kubectl", "kubectl"]
    (path,) = {call.env.get("KUBECONFIG") for call in calls}
    assert path
    assert not Path(path).exists()


def test_the_browser_waits_for_the_port_and_a_taken_one_is_said(
    verb: Callable[..., int], programs: Programs, kubeconfig: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = threading.Event()
    monkeypatch.setattr("webbrowser.open", lambda _: opened.set())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://localhost:{taken.getsockname()[1]}"
        exporting(programs, {"releases": {"main": {**OUTPUTS["releases"]["main"], "url": url}}})
        assert verb("ui") == 2
    assert "is taken" in capsys.readouterr().err
    assert not opened.is_set()
    port = url.rpartition(":")[2]
    forwards = f"import socket, time\ntaken = socket.create_server(('127.0.0.1', {port}))\ntime.sleep(2)\n"
    (programs.folder / "kubectl").write_text(f"#!{sys.executable}\n{forwards}")
    assert verb("ui") == 0
    assert opened.is_set()


CLUSTER = {
    "kubectl version": {"serverVersion": {"major": "1", "minor": "35+"}},
    "storageclass": {"items": [{"metadata": {"name": "standard", "annotations": {DEFAULT_CLASS: "true"}}}]},
    "get nodes": {"items": [{}]},
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, ""),
        ({"kubectl version": {"serverVersion": {"major": "1", "minor": "31"}}}, "NO  Kubernetes: 1.31"),
        ({"storageclass": {"items": []}}, "not there: a default class"),
        ({"get nodes": {"items": [{}, {}]}}, "NO  nodes: 2"),
        ({"can-i": "no\n"}, "NO  right to work in the cluster: no"),
    ],
)
@pytest.mark.guarantee("a cluster that does not fit")
def test_a_cluster_is_asked_before_anything_is_built(
    changed: dict[str, Any], said: str, verb: Callable[..., int], programs: Programs, stacks: Path, kubeconfig: Path,
    capsys: Any,
) -> None:  # fmt: skip
    with_all_secrets(stacks)
    programs.add("pulumi", "kubectl")
    answers = {"can-i": "yes\n", **CLUSTER, **changed}
    programs.answer(*((words.removeprefix("kubectl "), {"out": one if isinstance(one, str) else json.dumps(one)})
                      for words, one in answers.items()))  # fmt: skip
    assert verb("preflight") == (2 if said else 0)
    assert said in capsys.readouterr().out
    assert {call.arguments[4] for call in programs.calls()} == {"version", "auth", "get"}


def test_who_may_not_look_is_asked_the_rest_all_the_same(
    verb: Callable[..., int], programs: Programs, stacks: Path, kubeconfig: Path, capsys: Any
) -> None:
    """As an API server answers a ServiceAccount without rights."""
    with_all_secrets(stacks)
    programs.add("pulumi", "kubectl")
    forbidden = 'Error from server (Forbidden): {0} is forbidden: User "system:serviceaccount:a:poor" cannot list {0}\n'
    programs.answer(
        ("version", {"out": json.dumps(CLUSTER["kubectl version"])}),
        ("can-i", {"out": "no\n", "code": 1, "err": "Warning: resource '*' is not namespace scoped\n"}),
        ("storageclass", {"code": 1, "err": forbidden.format("storageclasses.storage.k8s.io")}),
        ("get nodes", {"code": 1, "err": forbidden.format("nodes")}),
    )
    assert verb("preflight") == 2
    out = capsys.readouterr().out
    assert "NO  right to work in the cluster: no" in out
    assert "?  storage classes: kubectl get storageclass" in out
    assert "?  nodes: kubectl get nodes" in out
    assert "3 fine, 1 to mend, 2 unanswered" in out


@pytest.mark.parametrize(
    ("minor", "cure"), [("34", 'set `kubernetesVersion: "1.34"`'), ("31", "bring the cluster to one of 1.32, ")]
)
def test_another_minor_has_its_cure(
    minor: str, cure: str, verb: Callable[..., int], programs: Programs, kubeconfig: Path, capsys: Any
) -> None:
    programs.add("pulumi", "kubectl")
    answers = {**CLUSTER, "kubectl version": {"serverVersion": {"major": "1", "minor": minor}}}
    programs.answer(*((words.removeprefix("kubectl "), {"out": json.dumps(one)}) for words, one in answers.items()))
    assert verb("preflight") == 2
    assert cure in capsys.readouterr().out


def test_nothing_is_asked_about_values_that_are_examples(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    programs.add("pulumi", "aws", "az", "kubelogin")
    for folder in (".", "examples/azure"):
        monkeypatch.setattr(sys, "argv", ["ops", "preflight", "--stack", "production", "--stacks", str(ROOT / folder)])
        assert run() == 2
        said = capsys.readouterr()
        assert "are still marked CHANGE-ME" in said.err
        assert "airflow:tags.owner" in said.err
        assert not said.out
    assert not programs.calls()


def test_a_cluster_that_does_not_answer_is_said(
    verb: Callable[..., int], programs: Programs, stacks: Path, kubeconfig: Path, capsys: Any
) -> None:
    programs.add("pulumi", "kubectl")
    programs.answer(("version", {"code": 1, "err": "Unable to connect to the server: no route to host\n"}))
    assert verb("preflight") == 2
    out = capsys.readouterr().out
    assert "no route to host" in out
    assert "make secrets STACK=local" in out
