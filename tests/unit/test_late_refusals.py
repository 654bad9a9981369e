"""What Kubernetes or a cloud would refuse in the middle of an `up` is refused before, each in one way."""

from typing import Any

import pytest

from infra.settings import SettingsError, read
from infra.settings.problems import Problem
from tests.unit.stacks import LOCAL, flat, problems

AWS: dict[str, Any] = {
    "tier": "integration",
    "tags": {"owner": "data"},
    "cloud": {
        "kind": "aws",
        "account": "123456789012",
        "region": "eu-west-1",
        "cluster": {"apiAllowedCidrs": ["203.0.113.0/24"], "admins": ["arn:aws:iam::123456789012:role/admins"]},
    },
    "platform": {"ingress": "off", "certificates": "off"},
    "releases": [{"name": "main"}],
}


def release(**more: Any) -> dict[str, Any]:
    return {**LOCAL, "releases": [{"name": "main", **more}]}


def charts(**places: str) -> dict[str, Any]:
    return {**LOCAL, "platform": {**LOCAL["platform"], "charts": places}}


def with_cloud(**more: Any) -> dict[str, Any]:
    return {**LOCAL, "cloud": {**LOCAL["cloud"], **more}}


def on_aws(**more: Any) -> dict[str, Any]:
    return {**AWS, "cloud": {**AWS["cloud"], **more}}


@pytest.mark.parametrize(
    ("values", "key", "said"),
    [
        ({**LOCAL, "cloud": "aws"}, "cloud", "an object"),
        ({**LOCAL, "releases": {"name": "main"}}, "releases", "a list"),
        ({**LOCAL, "releases": ["main"]}, "releases[0]", "an object"),
        ({**LOCAL, "figures": {"scheduler": {"replicas": True}}}, "figures.scheduler.replicas", "a whole number"),
        ({**LOCAL, "figures": {"scheduler": {"replicas": "3"}}}, "figures.scheduler.replicas", "without quotes"),
        ({**LOCAL, "figures": {"scheduler": {"replicas": 0}}}, "figures.scheduler.replicas", "1 or more"),
        ({**LOCAL, "figures": {"scheduler": {"cpu": "lots"}}}, "figures.scheduler.cpu", "500m"),
        ({**LOCAL, "figures": {"scheduler": {"cpu": "3"}}}, "figures.scheduler.cpu", "at most its cpuLimit"),
        ({**LOCAL, "figures": {"scheduler": {"memory": "512"}}}, "figures.scheduler.memory", "with its unit"),
        (release(tasks={"cpu": "64"}), "releases[0].tasks.cpu", "cpuLimit"),
        (release(config={"core": {"parallelism": []}}), "releases[0].config.core.parallelism", "one value"),
        (release(image={"repository": "https://x/y:1"}), "releases[0].image.repository", "without scheme"),
        (release(cleanup={"schedule": "99 9 * * *"}), "releases[0].cleanup.schedule", "five fields"),
        (release(cleanup={"tables": ["logs"]}), "releases[0].cleanup.tables[0]", "task_instance"),
        (release(cleanup={"tables": []}), "releases[0].cleanup.tables", "cleanup: off"),
        (release(cleanup="never"), "releases[0].cleanup.state", "one of on, off"),
        ({**LOCAL, "tags": {"Stack": "x"}}, "tags.Stack", "sets itself"),
        (charts(keeda="x"), "platform.charts.keeda", "keda"),
        (charts(keda="/no.tgz"), "platform.charts.keda", "archive"),
        ({**LOCAL, "platform": {**LOCAL["platform"], "chaos": "existing"}}, "platform.chaos.state", "one of on, off"),
        (with_cloud(context=["a"]), "cloud.context", "without brackets"),
        (with_cloud(context=None), "cloud.context", "leave the key out"),
        (with_cloud(kubernetesVersion=1.3), "cloud.kubernetesVersion", "in quotes"),
        (with_cloud(files={"kind": "hostPath", "path": "../x"}), "cloud.files.path", "absolute"),
        (with_cloud(files={"kind": "storageClass", "name": "A b"}), "cloud.files.name", "StorageClass"),
        (with_cloud(files={"path": "/x"}), "cloud.files.kind", "one of storageClass, hostPath"),
        (with_cloud(registry={"url": "https://x"}), "cloud.registry.url", "no scheme"),
        (with_cloud(database={"kind": "external", "host": "db:5432", "caFile": "x"}), "cloud.database.host", "port"),
        (with_cloud(kubeconfg="x"), "cloud.kubeconfg", "kubeconfig?"),
        (on_aws(zones=["eu-west-1a", "eu-west-1b", "eu-west-1a"]), "cloud.zones", "different"),
        (on_aws(database={"backupWindow": "25:00-26:00"}), "cloud.database.backupWindow", "half an hour"),
        (on_aws(database={"backupWindow": "01:00-01:10"}), "cloud.database.backupWindow", "half an hour"),
        (on_aws(database={"backupWindow": "02:30-03:30"}), "cloud.database.backupWindow", "apart from"),
        (on_aws(database={"maintenanceWindow": "sun:23:45-mon:01:30"}), "cloud.database.backupWindow", "apart from"),
        (on_aws(database={"maintenanceWindow": "sun:03:00-sun:03:00"}), "cloud.database.maintenanceWindow", "half"),
        ({**AWS, "tags": {"owner": "d", "a&b": "c"}}, "tags.a&b", "letters, digits"),
        ({**AWS, "tags": {"owner": "d", "aws:x": "c"}}, "tags.aws:x", "aws:"),
    ],
)  # fmt: skip
@pytest.mark.guarantee("what would fail in the middle of a deployment")
def test_what_a_cloud_would_refuse_later_is_refused_now(values: dict[str, Any], key: str, said: str) -> None:
    found = problems(values)
    assert said in f"{found[f'airflow:{key}'].rule}; {found[f'airflow:{key}'].cure}"
    assert found.keys() <= {f"airflow:{key}", "airflow:cloud.database.caFile"}


@pytest.mark.parametrize(
    "values",
    [
        {**LOCAL, "figures": {"scheduler": {"cpu": 0.5, "cpuLimit": 1}}},
        on_aws(database={"backupWindow": "23:30-00:30", "maintenanceWindow": "sat:00:30-sat:01:00"}),
        on_aws(database={"maintenanceWindow": "sun:23:30-mon:00:30"}),
        release(cleanup={"schedule": "0 2 * JAN-mar SUN"}),
        with_cloud(registry={"url": "localhost:5000/data"}),
        release(image={"repository": "localhost:5000/a/b-c_d"}),
    ],
)
def test_what_is_well_is_taken(values: dict[str, Any]) -> None:
    assert problems(values) == {}


def test_a_fraction_of_a_cpu_is_written_as_kubernetes_keeps_it() -> None:
    assert read(flat({**LOCAL, "figures": {"scheduler": {"cpu": 0.5}}})).sized.scheduler.cpu == "500m"


@pytest.mark.guarantee("no message shows a secret")
def test_an_error_shows_no_secret_of_an_object_in_the_wrong_place() -> None:
    found = problems({**LOCAL, "releases": {"main": {"fernetKey": "hunter2"}}, "tags": {"adminPassword": "hunter2"}})
    assert {"airflow:releases", "airflow:tags.adminPassword"} <= found.keys()
    assert "hunter2" not in str(SettingsError(found.values()))
    git = {"kind": "git", "repository": "https://me:hunter2@github.com/a/b", "auth": "none"}
    assert "hunter2" not in str(SettingsError(problems(release(dags=git)).values()))


def test_problems_stand_in_the_order_of_the_list_that_has_them() -> None:
    many = [Problem(f"airflow:releases[{index}].name", "a rule", "a cure") for index in (10, 2, 1)]
    assert [problem.key for problem in SettingsError(many).problems] == [
        f"airflow:releases[{index}].name" for index in (1, 2, 10)
    ]
