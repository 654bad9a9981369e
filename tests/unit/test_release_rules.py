"""What a release may not be: one clear problem for each, at its key."""

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from infra import versions
from infra.settings.chart_rules import GUARDED, OWN_OPTIONS, option_names
from tests.unit.stacks import LOCAL, problems

CELERY = {"executor": "CeleryExecutor", "celery": {"broker": "redis"}}
HERE = "airflow:releases[0]"


def _problems(*releases: dict[str, Any], **top: Any) -> dict[str, str]:
    named = [{"name": f"r{number}", **release} for number, release in enumerate(releases)]
    return {key: problem.rule for key, problem in problems({**LOCAL, "releases": named, **top}).items()}


@pytest.mark.parametrize(
    ("release", "key"),
    [
        # executors
        ({"executor": "kubernetesExecutor"}, "executor"),
        ({"executor": "KubernetesExecutor,KubernetesExecutor"}, "executor"),
        ({"executor": "CeleryExecutor"}, "celery"),
        ({"celery": {"broker": "redis"}}, "celery"),
        ({"executor": "CeleryExecutor", "celery": {"keda": {}}}, "celery.broker"),
        ({**CELERY, "celery": {"broker": "kafka"}}, "celery.broker"),
        ({**CELERY, "celery": {"broker": "redis", "keda": {"minWorkers": 9}}}, "celery.keda.minWorkers"),
        # images
        ({"image": {"tag": "latest"}}, "image.tag"),
        ({"image": {"repository": "acme/airflow", "tag": "3.2.2"}}, "image.tag"),
        ({"image": {"repository": "acme/airflow", "tag": "3.3.20"}}, "image.tag"),
        ({"image": {"digest": "sha256:1"}}, "image.digest"),
        # the administrator
        ({"admin": {"email": "nobody"}}, "admin.email"),
        ({"admin": {"username": "a b"}}, "admin.username"),
        # DAGs and logs
        ({"dags": {"kind": "git", "repository": "git@github.com:acme/dags.git"}}, "dags.auth"),
        ({"dags": {"kind": "git", "repository": "https://u:p@github.com/acme/dags.git"}}, "dags.repository"),
        ({"dags": {"kind": "git", "repository": "git@h:a.git", "auth": "sshKey"}}, "dags.knownHosts"),
        ({"dags": {"kind": "git", "repository": "https://h/a.git", "subPath": "/dags/"}}, "dags.subPath"),
        ({"dags": {"kind": "git", "repository": "https://h/a.git", "subPath": "../x"}}, "dags.subPath"),
        ({"dags": {"kind": "bundle", "repositories": []}}, "dags.repositories"),
        ({"logs": {"kind": "objectStore"}}, "logs.kind"),
        ({"namespace": "kube-system"}, "namespace"),
        ({"namespace": "default"}, "namespace"),
        ({"cleanup": {"schedule": "@daily"}}, "cleanup.schedule"),
        ({"egress": [{"cidr": "10.0.0.1/16"}]}, "egress[0].cidr"),
        # the chart's values and Airflow's options
        ({"values": {"exectuor": "x"}}, "values.exectuor"),
        ({"values": {"dags": {"gitSync": {"repo": "https://h/a.git"}}}}, "values.dags.gitSync.repo"),
        ({"values": {"dags": {"gitSync": {"sshKey": "x"}}}}, "values.dags.gitSync.sshKey"),
        ({"values": {"dags": {"persistence": {"enabled": True}}}}, "values.dags.persistence"),
        ({"values": {"scheduler": {"serviceAccount": {"create": True}}}}, "values.scheduler.serviceAccount"),
        ({"values": {"workers": {"celery": {"serviceAccount": {}}}}}, "values.workers.celery.serviceAccount"),
        ({"config": {"core": {"paralelism": 4}}}, "config.core.paralelism"),
        ({"config": {"cor": {"parallelism": 4}}}, "config.cor"),
        ({"config": {"core": {"fernet_key": "x"}}}, "config.core.fernet_key"),
    ],
)
@pytest.mark.guarantee(
    "an executor that does not fit",
    "an image of another Airflow",
    "a malformed administrator",
    "an unknown or guarded chart value",
)
def test_refused(release: dict[str, Any], key: str) -> None:
    assert f"{HERE}.{key}" in _problems(release)


@pytest.mark.parametrize("pattern", GUARDED)
@pytest.mark.guarantee("an unknown or guarded chart value")
def test_every_guarded_value_is_refused(pattern: str) -> None:
    path = pattern.replace("*", "scheduler").split(".")
    value: Any = {}
    for part in reversed(path):
        value = {part: value}
    assert any("guarded" in rule for rule in _problems({"values": value}).values())


@pytest.mark.parametrize(("section", "option"), OWN_OPTIONS)
@pytest.mark.guarantee("an unknown or guarded chart value")
def test_every_own_option_is_refused_and_exists(section: str, option: str) -> None:
    assert "guarded" in _problems({"config": {section: {option: "x"}}})[f"{HERE}.config.{section}.{option}"]
    known = option_names()
    assert option in known[section] or (section, option) == ("smtp", "smtp_password")


def test_open_hatches_take_what_is_known() -> None:
    given = {"values": {"scheduler": {"replicas": 3}}, "config": {"core": {"max_active_runs_per_dag": 2}}}
    assert _problems(given) == {}


def test_a_name_is_offered_for_a_misspelt_key() -> None:
    found = problems({**LOCAL, "releases": [{"name": "main", "values": {"trigerer": {}}}]})
    assert found["airflow:releases[0].values.trigerer"].cure == "did you mean triggerer?"


def test_releases_share_a_namespace_unless_two_run_tasks_in_pods() -> None:
    pods = {"namespace": "airflow", "sharesNamespace": True}
    celery = {**pods, **CELERY}
    assert _problems(pods, celery) == {}
    assert "airflow:releases[1].namespace" in _problems(pods, pods)


@pytest.mark.guarantee("a shared namespace is named")
def test_releases_that_share_a_namespace_say_so() -> None:
    """Whoever may read one's Secrets, or start a pod beside it, has the other's too."""
    pods, celery = {"namespace": "airflow"}, {"namespace": "airflow", **CELERY}
    found = _problems(pods, {**celery, "sharesNamespace": True})
    assert list(found) == ["airflow:releases[0].sharesNamespace"]
    assert "share its Secrets" in found["airflow:releases[0].sharesNamespace"]
    assert len(_problems(pods, celery)) == 2
    assert _problems({"namespace": "airflow"}, CELERY) == {}
    assert _problems({"namespace": "airflow-r1"}, CELERY) != {}, "the other's by default"


def test_no_release_is_named_as_anothers_database() -> None:
    found = problems({**LOCAL, "releases": [{"name": "main", **CELERY}, {"name": "main-result"}]})
    assert list(found) == ["airflow:releases[1].name"]
    assert problems({**LOCAL, "releases": [{"name": "main"}, {"name": "main-result"}]}) == {}


def chart(folder: Path, version: str, member: str = "airflow/Chart.yaml") -> Path:
    path = folder / "airflow.tgz"
    text = f"name: airflow\nversion: {version}\n".encode()
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo(member)
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text))
    return path


@pytest.mark.guarantee("another chart than the pinned one", "a chart repository that is down")
def test_a_chart_in_place_of_the_repository_is_the_pinned_one(tmp_path: Path) -> None:
    def rule(path: Path) -> str:
        found = problems({**LOCAL, "airflowChart": str(path)})
        return found["airflow:airflowChart"].rule if found else ""

    assert rule(chart(tmp_path, versions.AIRFLOW_CHART)) == ""
    assert "and not airflow 1.20.0" in rule(chart(tmp_path, "1.20.0"))
    assert "of a Helm chart" in rule(chart(tmp_path, "1.20.0", "other/Chart.yaml"))
    assert "No such file" in rule(tmp_path / "none.tgz")
    (tmp_path / "text.tgz").write_text("not an archive")
    assert "of a Helm chart" in rule(tmp_path / "text.tgz")


def test_releases_share_a_host_by_path() -> None:
    ingress = {"platform": {"ingress": "on", "certificates": "on"}}
    host = {"host": "airflow.acme.org"}
    apart = _problems({**host, "path": "/a"}, {**host, "path": "/b"}, **ingress)
    assert not [key for key in apart if key.endswith(".path")]
    for first, second in (("/", "/b"), ("/a", "/a"), ("/a", "/a/b")):
        found = _problems({**host, "path": first}, {**host, "path": second}, **ingress)
        assert "airflow:releases[1].path" in found


@pytest.mark.guarantee("an image of another Airflow")
def test_production_runs_images_by_digest() -> None:
    own = {"image": {"repository": "acme/airflow", "tag": "3.3.2-1f3c9ab"}}
    assert f"{HERE}.image.digest" in _problems(own, tier="production")
    assert f"{HERE}.image.digest" not in _problems({}, tier="production")


def test_tasks_on_spot_nodes_have_a_retry() -> None:
    cluster = {"admins": ["arn:aws:iam::123456789012:role/admins"]}
    cloud = {"kind": "aws", "account": "123456789012", "region": "eu-west-1", "cluster": cluster}
    on_spot = {"cloud": cloud, "figures": {"aws": {"tasks": {"spot": True}}}}
    assert f"{HERE}.tasks.retries" in _problems({"tasks": {"retries": 0}}, **on_spot)
    assert f"{HERE}.tasks.retries" not in _problems({"tasks": {"retries": 0, "pool": "system"}}, **on_spot)
    assert f"{HERE}.tasks.retries" not in _problems({}, **on_spot)
