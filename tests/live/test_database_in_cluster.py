"""The database of an existing cluster on a real one: the plan's own objects, TLS, dumps, a restore, a new password."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from infra.cloud.existing import postgres
from infra.preview import planning
from infra.preview.model import Resource
from infra.versions import POSTGRES_IMAGE
from ops.cluster import Cluster
from tests.certificates import issue
from tests.live.database import CLIENT, PASSWORD, Database, folders, make_volumes, on_node
from tests.live.objects import manifests
from tests.live.stack_file import own_stack


@pytest.fixture(scope="module")
def database(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    stack = own_stack(cluster, tmp_path_factory.mktemp("stacks"))
    made = Database(cluster, stack, planning.make(planning.Request("local", stack.folder)).plan)
    try:
        _create(made)
        yield made
    finally:
        cluster.run("delete", "namespace", made.namespace, "--ignore-not-found")
        if cluster.get("persistentvolume", "-l", f"test={stack.prefix}")["items"]:
            cluster.run("delete", "persistentvolume", "-l", f"test={stack.prefix}")
            on_node(made, "clean", f"cd /node && rm -rf {' '.join(folders(made))}")
        cluster.run("delete", "namespace", made.clients, "--ignore-not-found")


def _create(database: Database) -> None:
    """In the plan's order; the volumes too where the cluster has no storage class."""
    pem = issue(*postgres.hosts(database.names))

    def fill(resource: Resource, path: tuple[str, ...]) -> Any:
        match resource.name, path:
            case "postgres-admin", ("stringData",):
                return {"password": PASSWORD}
            case "postgres-certificate", ("stringData",):
                return {"tls.crt": pem.certificate, "tls.key": pem.key}
            case _, ("data", "ca.pem"):
                return pem.ca
            case _:
                raise AssertionError(f"{resource.urn}: nothing for {path}")

    client = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": database.clients}}
    client["metadata"]["labels"] = database.names.stack_labels()
    database.apply(client, _map("ca", database.clients, pem.ca), _client(database))
    if not database.cluster.get("storageclass")["items"]:
        make_volumes(database)
    for manifest in manifests(database.plan, fill, database.namespace):
        database.apply(manifest)
    database.cluster.run("wait", "--for=condition=Ready", f"pod/{CLIENT}", "-n", database.clients, "--timeout=180s")
    database.rolled_out()


def _map(name: str, namespace: str, ca: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    data = {"ca.pem": ca, "wrong.pem": issue("x").ca}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _client(database: Database) -> dict[str, Any]:
    container = {
        "name": CLIENT,
        "image": POSTGRES_IMAGE,
        "command": ["sleep", "infinity"],
        "volumeMounts": [{"name": "ca", "mountPath": "/ca"}],
    }
    spec = {"containers": [container], "volumes": [{"name": "ca", "configMap": {"name": "ca"}}]}
    spec["terminationGracePeriodSeconds"] = 0
    metadata = {"name": CLIENT, "namespace": database.clients}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


@pytest.mark.guarantee("every connection to the database is verified")
def test_a_release_connects_with_verified_tls_and_in_no_other_way(database: Database) -> None:
    assert database.sql("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == "TLSv1.3"
    assert "no encryption" in database.sql("SELECT 1", check=False, sslmode="disable")
    assert "certificate verify failed" in database.sql("SELECT 1", check=False, sslrootcert="/ca/wrong.pem")
    alias = f"hostaddr={database.address()}"
    assert "does not match host name" in database.sql("SELECT 1", check=False, host=f"other.org {alias}")
    assert "authentication failed" in database.sql("SELECT 1", check=False, password="wrong")


@pytest.mark.guarantee("a database server that is killed")
def test_what_is_written_survives_the_pod(database: Database) -> None:
    database.sql("CREATE TABLE IF NOT EXISTS kept (id int); INSERT INTO kept VALUES (1)")
    pod = ("pod", f"{postgres.SERVICE}-0", "-n", database.namespace)
    with database.session():  # the server has no time to end it, and is killed with its lock in place
        database.cluster.run("delete", *pod, "--grace-period=1")
    database.rolled_out()
    _wait_for(lambda: database.sql("SELECT count(*) > 0 FROM kept", check=False) == "t", 120)


def test_a_dump_and_a_restore_as_a_person_runs_them(database: Database) -> None:
    database.sql("CREATE ROLE airflow_main")
    database.sql("CREATE DATABASE airflow_main OWNER airflow_main")
    database.sql("CREATE TABLE dag (id int); INSERT INTO dag VALUES (1), (2)", dbname="airflow_main")
    dumped = database.stack.verb("dump")
    assert dumped.returncode == 0, dumped.stderr
    assert "dumped airflow_main" in dumped.stdout
    listed = database.stack.verb("restore")
    assert listed.returncode == 0, listed.stderr
    name = listed.stdout.split()[-1]
    database.sql("DELETE FROM dag", dbname="airflow_main")
    restored = database.stack.verb("restore", "--dump", name, "--yes")
    assert "restored airflow_main" in restored.stdout, restored.stderr
    assert restored.returncode == 0
    assert database.sql("SELECT count(*) FROM dag", dbname="airflow_main") == "2"
    wrong = database.stack.verb("restore", "--dump", "20200101T000000Z", "--yes")
    assert wrong.returncode == 2
    assert name in wrong.stdout, "the Job says which there are"


@pytest.mark.guarantee("a changed database password")
def test_a_changed_password_is_applied_by_the_rollout(database: Database) -> None:
    new = "second-password-of-the-server"
    metadata = {"name": "postgres-admin-second", "namespace": database.namespace}
    database.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"password": new}})
    here = (f"statefulset/{postgres.SERVICE}", "-n", database.namespace)
    volumes = database.cluster.get(*here)["spec"]["template"]["spec"]["volumes"]
    index = next(number for number, volume in enumerate(volumes) if volume["name"] == "password")
    path = f"/spec/template/spec/volumes/{index}/secret/secretName"
    patch = [{"op": "replace", "path": path, "value": metadata["name"]}]
    database.cluster.run("patch", *here, "--type=json", "-p", json.dumps(patch))
    database.rolled_out()
    _wait_for(lambda: database.sql("SELECT 1", password=new, check=False) == "1", 60)
    assert "authentication failed" in database.sql("SELECT 1", check=False)


def _wait_for(holds: Any, seconds: int) -> None:
    for _ in range(seconds):
        if holds():
            return
        time.sleep(1)
    raise AssertionError(f"not within {seconds} s")
