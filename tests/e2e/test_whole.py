"""A stack's whole way on a cluster by the CLI: each test is the next step, and `-x` ends where one fails."""

import json
import os
import time
from collections.abc import Callable

import pytest

from infra.names import login
from tests.e2e import stack_file
from tests.e2e.leftovers import standing
from tests.e2e.stack_file import Config
from tests.e2e.trial import Trial
from tests.live.policies import connects, make_namespace, pod
from tests.live.site import IMAGE

DATABASES = "postgres-0"


def sql(trial: Trial, text: str) -> str:
    """An answer of the server's own superuser."""
    namespace = namespace_of(trial, "database")
    command = ("psql", "-U", "postgres", "-XAtqc", text)
    return trial.cluster.run("exec", "-n", namespace, DATABASES, "--", *command).strip()


def namespace_of(trial: Trial, purpose: str) -> str:
    """A namespace of the stack by what it is for."""
    names = (one["metadata"]["name"] for one in trial.cluster.get("namespaces")["items"])
    lead = f"{trial.clone.outputs()['namesBeginWith']}-{purpose}"
    return next(name for name in names if name == lead or (name.startswith(f"{lead}-") and "admin" not in name))


def test_a_fresh_clone_comes_up_healthy_and_runs_its_canary(trial: Trial) -> None:
    pods = trial.cluster.get("pods", "-n", "airflow-main", "-l", "tier=airflow,component!=worker")["items"]
    ready = {
        pod["metadata"]["labels"]["component"]: [one["ready"] for one in pod["status"]["containerStatuses"]]
        for pod in pods
        if pod["status"]["phase"] == "Running"
    }
    assert {"scheduler", "api-server", "dag-processor", "triggerer"} <= ready.keys()
    assert all(all(one) for one in ready.values()), ready
    assert "canary success" in trial.clone.make_verb("canary")


def test_a_second_up_finds_nothing_to_do(trial: Trial) -> None:
    trial.clone.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")


def test_dags_run_and_read_the_settings(trial: Trial) -> None:
    with trial.api("main") as api:
        for dag in ("taskflow_pipeline", "settings_reader"):
            api.wait_for_dag(dag, 180)
            run, state = api.run(dag)
            assert state == "success", dag
        path = f"/api/v2/dags/settings_reader/dagRuns/{run}/taskInstances/read/xcomEntries/return_value"
        said = api.call("GET", path)["value"]
    said = said if isinstance(said, dict) else json.loads(said)
    assert said == {"title": "Orders by region", "warehouse": "postgres://analyst@localhost:5432/dw"}


def test_every_connection_to_the_database_is_encrypted(trial: Trial) -> None:
    role = login("airflow_main", trial.clone.config("main.databasePassword"))
    counts = "count(*) FILTER (WHERE ssl), count(*) FILTER (WHERE NOT ssl)"
    found = sql(trial, f"SELECT {counts} FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = '{role}'")
    secure, plain = found.split("|")
    assert int(secure) > 0
    assert plain == "0"


def test_a_stranger_reaches_neither_the_database_nor_the_api_server(trial: Trial) -> None:
    cluster, namespace = trial.cluster, "e2e-stranger"
    make_namespace(cluster, namespace)
    try:
        cluster.run("create", "-f", "-", "-n", namespace, given=json.dumps(pod("stranger", IMAGE, ["sleep", "600"])))
        cluster.run("wait", "--for=condition=Ready", "pod/stranger", "-n", namespace, "--timeout=180s")
        time.sleep(10)  # what might be allowed late would be by now
        for there, service, port in (
            (namespace_of(trial, "database"), "postgres", 5432),
            ("airflow-main", "main-api-server", 8080),
        ):
            address = cluster.get("pods", "-n", there, "-l", _of(service))["items"][0]["status"]["podIP"]
            assert not connects(cluster, namespace, "stranger", address, port), service
    finally:
        cluster.run("delete", "namespace", namespace)


def _of(service: str) -> str:
    return "component=api-server" if service.endswith("api-server") else "statefulset.kubernetes.io/pod-name=postgres-0"


def test_a_second_release_on_celery_comes_beside_the_first(trial: Trial) -> None:
    with trial.watched("a second release"):
        stack_file.edit(trial.clone, stack_file.add_second)
        trial.make_secrets()
        trial.deploy()
    said = trial.clone.make_verb("canary")
    assert said.count("canary success") == 2
    _nothing_lost(trial)


def new_image(config: Config) -> None:
    for release in config["releases"]:
        release["image"] = stack_file.image(os.environ["NEXT_IMAGE"])


def larger(config: Config) -> None:
    config["size"] = "medium"


@pytest.mark.parametrize(("change", "edit"), [("another image", new_image), ("another size", larger)])
def test_a_change_of_the_stack_file_loses_no_running_task(
    trial: Trial, change: str, edit: Callable[[Config], None]
) -> None:
    with trial.watched(change):
        stack_file.edit(trial.clone, edit)
        trial.deploy()
    _nothing_lost(trial)


@pytest.mark.parametrize("verb", ["rotate-database", "rotate-fernet"])
def test_a_rotation_loses_no_running_task(trial: Trial, verb: str) -> None:
    with trial.watched(f"`make {verb}`"):
        for release in trial.releases:
            trial.clone.make_verb(verb, f"RELEASE={release}", "ARGS=--yes --skip-preview")
    _nothing_lost(trial)
    with trial.api("main") as api:
        assert api.run("settings_reader")[1] == "success"


def _nothing_lost(trial: Trial) -> None:
    """Of the last change: in it, every release's task outlived the renewal, and the API answered again."""
    last = [one for one in trial.seen if one.change == trial.seen[-1].change]
    for one in last:
        assert not one.lost, one
        assert one.outlived, f"the task ended before the release was renewed, and shows nothing: {one}"


def test_a_dump_brings_back_what_was_deleted(trial: Trial) -> None:
    with trial.api("main") as api:
        api.call("POST", "/api/v2/variables", {"key": "dumped", "value": "yes"})
        assert "dumped airflow_main" in trial.clone.make_verb("dump")
        api.call("DELETE", "/api/v2/variables/dumped")
        said = trial.clone.make_verb("restore", "DUMP=latest", "DATABASE=airflow_main", "ARGS=--yes")
        assert "restored airflow_main" in said
        assert api.call("GET", "/api/v2/variables/dumped")["value"] == "yes"
        assert api.run("settings_reader")[1] == "success"


def test_a_release_goes_with_a_task_running_and_one_that_ended(trial: Trial) -> None:
    def to_pods(config: Config) -> None:
        config["releases"][1].pop("celery")
        config["releases"][1]["executor"] = "KubernetesExecutor"

    stack_file.edit(trial.clone, to_pods)
    trial.deploy()
    leave_tasks(trial, "second")
    trial.clone.make_verb("remove-release", "RELEASE=second", "YES=1", "DROP=airflow_second")
    assert trial.releases.keys() == {"main"}
    assert "airflow-second" not in str(standing(trial.cluster))
    assert "canary success" in trial.clone.make_verb("canary")


def test_chaos_kills_a_scheduler_and_dags_run_on(trial: Trial) -> None:
    def on(config: Config) -> None:
        config["platform"]["chaos"] = {"state": "on", "intervalMinutes": 1}

    def schedulers() -> set[str]:
        pods = trial.cluster.get("pods", "-n", "airflow-main", "-l", "component=scheduler")["items"]
        return {one["metadata"]["name"] for one in pods}

    stack_file.edit(trial.clone, on)
    trial.deploy()
    before = schedulers()
    deadline = time.monotonic() + 240
    while schedulers() & before == before:
        assert time.monotonic() < deadline, "no scheduler was killed in four minutes"
        time.sleep(2)
    with trial.api("main") as api:
        assert api.run("taskflow_pipeline")[1] == "success"


def test_destroy_with_tasks_on_the_way_leaves_nothing(trial: Trial, before: set[str]) -> None:
    leave_tasks(trial, "main")
    started = time.monotonic()
    trial.clone.make_verb("destroy", "ARGS=--yes")
    took = time.monotonic() - started
    deadline = time.monotonic() + 120
    while left := standing(trial.cluster) - before:
        assert time.monotonic() < deadline, left
        time.sleep(2)
    exported = json.loads(trial.clone.pulumi("stack", "export"))
    assert not exported["deployment"].get("resources"), "the state is empty"
    assert took < 300, "nothing waited for a time-out"


def leave_tasks(trial: Trial, release: str) -> None:
    """A task's pod that runs and one that has ended, and no scheduler that would take care of either."""
    place = trial.place(release)
    here = ("-n", place.namespace)
    with trial.api(release) as api:
        short, long = trial.hold(api, 30), trial.hold(api, 1200)
        trial.cluster.run("scale", f"deployment/{release}-scheduler", *here, "--replicas=0")

        def phases() -> dict[str, str]:
            pods = trial.cluster.get("pods", *here, "-l", "component=worker")["items"]
            return {one["metadata"]["annotations"]["run_id"]: one["status"]["phase"] for one in pods}

        deadline = time.monotonic() + 180
        while phases().get(short) != "Succeeded":
            assert time.monotonic() < deadline, phases()
            time.sleep(1)
        assert phases()[long] == "Running"
        claims = {
            volume["persistentVolumeClaim"]["claimName"]
            for pod in trial.cluster.get("pods", *here, "-l", "component=worker")["items"]
            for volume in pod["spec"]["volumes"]
            if "persistentVolumeClaim" in volume
        }
    assert {f"{release}-dags", f"{release}-logs"} <= claims, "they hold the share of DAGs and the claim for logs"
