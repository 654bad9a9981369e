"""The rendered chart in every combination: what must never come out of it."""

import configparser
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.airflow import pod_policy, tls
from infra.airflow.parts import Parts
from tests.charts.combinations import DAGS, RENDERED, Case
from tests.charts.rendering import chart, parsed, template
from tests.program.invariants import confinement
from tests.program.stacks import leaves

Objects = list[dict[str, Any]]
WORKLOADS = ("Deployment", "StatefulSet", "CronJob", "Job", "DaemonSet")


@cache
def _rendered(case: Case, folder: Path) -> str:
    return template(chart("airflow"), case.values(), folder)


@pytest.fixture(
    params=[pytest.param(case, marks=pytest.mark.xdist_group(str(case)), id=str(case)) for case in RENDERED]
)
def case(request: pytest.FixtureRequest) -> Case:
    """In a group of its own, so that one process renders it for all its tests."""
    return request.param


@pytest.fixture
def rendered(case: Case, tmp_path_factory: pytest.TempPathFactory) -> str:
    return _rendered(case, tmp_path_factory.getbasetemp())


@pytest.fixture
def objects(rendered: str) -> Objects:
    return parsed(rendered)


def _pods(objects: Objects) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Name, metadata and spec of every pod template, the one of KubernetesExecutor's tasks included."""
    for item in objects:
        if item["kind"] in WORKLOADS:
            spec = item["spec"]
            template = spec["jobTemplate"]["spec"]["template"] if item["kind"] == "CronJob" else spec["template"]
            yield item["metadata"]["name"], template["metadata"], template["spec"]
        if item["kind"] == "ConfigMap" and "pod_template_file.yaml" in item["data"]:
            pod = yaml.safe_load(item["data"]["pod_template_file.yaml"])
            yield "task", pod["metadata"], pod["spec"]


def _containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [*spec["containers"], *(spec.get("initContainers") or [])]


def _env(container: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in container.get("env") or []}


@pytest.mark.guarantee("the chart makes no key")
def test_nothing_is_made_by_a_hook_and_no_secret_by_the_chart(objects: Objects) -> None:
    for item in objects:
        assert "helm.sh/hook" not in (item["metadata"].get("annotations") or {}), item["metadata"]["name"]
        assert item["kind"] not in ("Secret", "Job", "Ingress", "NetworkPolicy", "ServiceAccount"), item["metadata"]


@pytest.mark.guarantee("the chart makes no key")
def test_two_renders_are_equal(case: Case, rendered: str, tmp_path: Path) -> None:
    assert template(chart("airflow"), case.values(), tmp_path) == rendered


@pytest.mark.guarantee("containers are confined")
def test_every_container_is_confined_and_has_requests_and_limits(objects: Objects) -> None:
    lines = [f"{name}: {line}" for name, _, spec in _pods(objects) for line in confinement(spec)]
    assert lines == []


@pytest.mark.guarantee("every connection to the database is verified")
def test_only_the_control_plane_holds_the_database_and_verifies_it(objects: Objects) -> None:
    holders: set[str] = set()
    for name, _, spec in _pods(objects):
        volumes = {volume["name"]: volume for volume in spec.get("volumes") or []}
        for container in _containers(spec):
            env = _env(container)
            assert "AIRFLOW_CONN_AIRFLOW_DB" not in env
            if "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" not in env:
                continue
            holders.add(name)
            assert env["PGSSLMODE"]["value"] == "verify-full"
            assert env["PGSSLROOTCERT"]["value"] == tls.FILE
            assert volumes[tls.VOLUME]["configMap"]["name"] == "main-ca-1"
            assert tls.FOLDER in {mount["mountPath"] for mount in container["volumeMounts"]}
    assert holders == {"main-scheduler", "main-api-server", "main-dag-processor", "main-triggerer"}


@pytest.mark.guarantee("no task holds a key of the control plane")
def test_workers_hold_neither_the_database_nor_the_jwt_key(objects: Objects) -> None:
    jwt: set[str] = set()
    for name, _, spec in _pods(objects):
        for container in _containers(spec):
            env = _env(container)
            if "AIRFLOW__API_AUTH__JWT_SECRET" in env:
                jwt.add(name)
            if name in ("task", "main-worker"):
                assert "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" not in env
                assert "AIRFLOW__API_AUTH__JWT_SECRET" not in env
                assert "PGSSLMODE" not in env  # it would rule the DAGs' own connections
                secrets = {
                    item["valueFrom"]["secretKeyRef"]["name"] for item in env.values() if "secretKeyRef" in str(item)
                }
                assert not secrets & {"main-database-1", "main-jwt-1", "main-admin-1"}
    assert jwt == {"main-scheduler", "main-api-server"}


def test_pods_use_accounts_and_labels_that_stand_beside_the_chart(case: Case, objects: Objects) -> None:
    own = Parts(case.settings().releases[0])
    for name, metadata, spec in _pods(objects):
        assert spec["serviceAccountName"] in {own.of(part) for part in own.service_accounts}, name
        assert metadata["labels"]["release"] == "main"
        if name in ("task", "main-worker"):
            assert metadata["labels"]["component"] == "worker"
            assert metadata["labels"]["airflow-platform/reaches-code"] == "true"
            if case.cloud == "azure":
                assert metadata["labels"]["azure.workload.identity/use"] == "true"
        elif name == "main-scheduler":
            assert metadata["labels"]["airflow-platform/reaches-database"] == "true"


@pytest.mark.guarantee("charts and images are pinned")
def test_images_are_exact_and_the_airflow_image_by_digest(objects: Objects) -> None:
    for name, _, spec in _pods(objects):
        for container in _containers(spec):
            image = container["image"]
            assert not image.endswith(":latest"), name
            assert ":" in image
            if image.startswith("apache/airflow"):
                assert "@sha256:" in image, (name, image)


def test_git_sync_is_told_what_the_settings_say(case: Case, objects: Objects) -> None:
    """Its documentation (v4) is the only judge here: flags as GITSYNC_…, a negative max-failures retries for ever."""
    sidecars = [
        (name, container)
        for name, _, spec in _pods(objects)
        for container in _containers(spec)
        if container["name"].startswith("git-sync")
    ]
    assert bool(sidecars) == case.dags.startswith("git")
    for name, container in sidecars:
        env = _env(container)
        told = {key: env[f"GITSYNC_{key}"].get("value") for key in ("REF", "DEPTH", "MAX_FAILURES", "PERIOD", "LINK")}
        assert told == {"REF": "main", "DEPTH": "1", "MAX_FAILURES": "-1", "PERIOD": "30s", "LINK": "repo"}, name
        if case.dags == "git-ssh":
            assert env["GITSYNC_SSH_KNOWN_HOSTS"]["value"] == "true"
            assert env["GITSYNC_SSH_KEY_FILE"]["value"] == "/etc/git-secret/ssh"
        else:
            assert env["GITSYNC_PASSWORD"]["valueFrom"]["secretKeyRef"]["name"] == "main-git-1"
    if sidecars:
        assert "main-scheduler" in {name for name, _ in sidecars} or not case.executor.startswith("local")


def test_options_come_out_as_they_were_written(tmp_path: Path) -> None:
    """The chart hands each to `tpl`, where braces are its own language."""
    logging = {
        "log_filename_template": "dag_id={{ ti.dag_id }}/{% if ti.map_index >= 0 %}{{{ti.map_index}}}{% endif %}.log",
        "log_format": "%(asctime)s {{-}} }}{{",
        "logging_config_class": '{{ "{{" }}',
    }
    given = {"logging": logging, "secrets": {"backend_kwargs": '{\n  "a": {"b": 1}\n}\n'}}
    text = template(chart("airflow"), Case("local-and-pods").values(config=given), tmp_path)
    texts = [item["data"]["airflow.cfg"] for item in parsed(text) if "airflow.cfg" in (item.get("data") or {})]
    read = configparser.ConfigParser(interpolation=None)
    read.read_string(texts[0])
    assert dict(read["logging"]).items() >= logging.items()
    assert json.loads(read["secrets"]["backend_kwargs"]) == {"a": {"b": 1}}
    assert read["core"]["executor"] == "LocalExecutor,KubernetesExecutor"


def test_no_claim_is_made_that_the_settings_do_not_ask_for(objects: Objects) -> None:
    claims = {
        item["metadata"]["name"]: claim["spec"]["resources"]["requests"]["storage"]
        for item in objects
        for claim in item.get("spec", {}).get("volumeClaimTemplates") or []
    }
    assert claims.keys() <= {"main-worker", "main-redis"}
    assert set(claims.values()) <= {"5Gi"}  # celery.volumeGib
    assert not [item for item in objects if item["kind"] == "PersistentVolumeClaim"]


def test_what_serves_logs_is_found_by_address_or_by_a_stable_name(case: Case, objects: Objects) -> None:
    """The name of a Deployment's pod resolves nowhere, and the api-server would read no running or deferred task."""
    local = case.executor.startswith("local")
    serving = {
        "main-triggerer": "triggerer",
        "main-worker": "worker",
        **({"main-scheduler": "scheduler"} if local else {}),
    }
    for item in objects:
        if item["kind"] not in WORKLOADS or item["metadata"]["name"] not in serving:
            continue
        name = item["metadata"]["name"]
        (main,) = [one for one in item["spec"]["template"]["spec"]["containers"] if one["name"] == serving[name]]
        by_address = (
            _env(main).get("AIRFLOW__CORE__HOSTNAME_CALLABLE", {}).get("value", "").endswith(".get_host_ip_address")
        )
        assert by_address != (item["kind"] == "StatefulSet"), name


@pytest.mark.guarantee("a task's pod is no other pod")
def test_the_policy_of_tasks_pods_knows_what_the_template_names(case: Case, objects: Objects) -> None:
    """A Secret, claim or volume that the chart began to use would have every task refused."""
    release = case.settings(slack=True).releases[0]
    pattern = re.compile(pod_policy.secret_pattern(release))
    for name, _, spec in _pods(objects):
        if name != "task":
            continue
        named = {
            value for path, value in leaves(spec) if path[-2:] in (("secretKeyRef", "name"), ("secret", "secretName"))
        }
        named |= {one["name"] for one in spec["imagePullSecrets"] or []}
        generated = {re.sub(r"-1$", "-0a1b2c3d", one.replace("slack-1", "slack-default-1")) for one in named}
        assert {one for one in generated if not pattern.search(one)} == set()
        kinds = {kind for volume in spec["volumes"] for kind in volume if kind != "name"}
        assert kinds <= set(pod_policy.VOLUMES)


@pytest.mark.parametrize("executor", ["kubernetes", "local", "celery-redis"])
@pytest.mark.parametrize("mode", ["git-ssh", "git-token"])
def test_every_component_that_loads_plugins_gets_them(executor: str, mode: str, tmp_path: Path) -> None:
    """Timetables in the scheduler, pages of the UI in the api-server: the chart syncs to neither of them."""
    case = Case(executor, dags=mode)
    dags = {**DAGS[mode], "pluginsPath": "plugins"}
    proxy = {"dags": {"gitSync": {"env": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}]}}}
    objects = parsed(template(chart("airflow"), case.values(dags=dags, values=proxy), tmp_path))
    loading = {"main-scheduler", "main-api-server", "main-dag-processor", "main-triggerer"}
    seen: dict[str, list[dict[str, Any]]] = {}
    for name, _, spec in _pods(objects):
        assert list(confinement(spec)) == []
        seen[name] = [one for one in _containers(spec) if one["name"].startswith("git-sync")]
        names = [volume["name"] for volume in spec.get("volumes") or []]
        assert len(names) == len(set(names)), name
    for name in loading:
        assert {one["name"] for one in seen[name]} == {"git-sync", "git-sync-init"}, name
    told = ("REPO", "REF", "DEPTH", "ROOT", "LINK", "PERIOD", "MAX_FAILURES", "SSH_KNOWN_HOSTS_FILE", "PASSWORD")
    for one, other in zip(seen["main-api-server"], seen["main-triggerer"], strict=True):
        assert one["image"] == other["image"]
        for key in (*(f"GITSYNC_{key}" for key in told), "HTTPS_PROXY"):
            assert _env(one).get(key) == _env(other).get(key), key
        places = [{mount["mountPath"] for mount in container["volumeMounts"]} for container in (one, other)]
        assert places[0] == places[1]
