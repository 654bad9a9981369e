"""The database of an existing cluster, as the live tests talk to it."""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from infra.cloud.existing import pods, postgres
from infra.names import Names
from infra.preview.model import Plan
from infra.versions import POSTGRES_IMAGE
from ops.cluster import Cluster
from tests.live.stack_file import OwnStack

PASSWORD = "first-password-of-the-server"
CLIENT = "client"


@dataclass
class Database:
    """The database's namespace, and a pod of the same stack in another one that is its client."""

    cluster: Cluster
    stack: OwnStack
    plan: Plan

    @property
    def names(self) -> Names:
        return self.stack.names

    @property
    def namespace(self) -> str:
        return self.names.resource("database")

    @property
    def clients(self) -> str:
        return self.names.resource(CLIENT)

    def apply(self, *objects: dict[str, Any]) -> None:
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        self.cluster.run("apply", "--server-side", "-f", "-", given=text)

    def sql(self, text: str, *, password: str = PASSWORD, check: bool = True, **options: str) -> str:
        """psql in the client's pod, as a release connects; what was said where it failed and `check` is off."""
        command = self._psql(text, password, options)
        for _ in range(5):
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            if "name resolution" not in done.stderr:  # a lost packet of DNS on a busy machine is not what is tested
                break
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout.strip() if done.returncode == 0 else done.stderr

    @contextmanager
    def session(self) -> Iterator[None]:
        """A connection that stays open."""
        with subprocess.Popen(self._psql("SELECT pg_sleep(600)", PASSWORD, {}), stderr=subprocess.DEVNULL) as open_one:
            for _ in range(60):
                if self.sql("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == "t":
                    break
                time.sleep(1)
            try:
                yield
            finally:
                open_one.kill()

    def _psql(self, text: str, password: str, options: Mapping[str, str]) -> list[str]:
        settings = {
            "host": postgres.host(self.names),
            "user": pods.ADMIN,
            "dbname": "postgres",
            "sslmode": "verify-full",
            "sslrootcert": "/ca/ca.pem",
            "connect_timeout": "10",
            **options,
        }
        target = " ".join(f"{key}={value}" for key, value in settings.items())
        inside = ("env", f"PGPASSWORD={password}", "psql", target, "-XAtqc", text)
        return self.cluster.command("exec", "-n", self.clients, CLIENT, "--", *inside)

    def address(self) -> str:
        """The server's, as its Service has it."""
        pod = self.cluster.get("pod", f"{postgres.SERVICE}-0", "-n", self.namespace)
        return str(pod["status"]["podIP"])

    def rolled_out(self) -> None:
        self.cluster.run("rollout", "status", f"statefulset/{postgres.SERVICE}", "-n", self.namespace, "--timeout=180s")


def make_volumes(database: Database) -> None:
    """Folders of the node that belong to PostgreSQL's user, as a provisioner would make them."""
    for name, claim in folders(database).items():
        spec = {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": f"/tmp/{name}"},
            "claimRef": {"namespace": database.namespace, "name": claim},
        }
        metadata = {"name": name, "labels": {"test": str(database.names.prefix)}}
        database.apply({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec})
    names = " ".join(folders(database))
    on_node(database, "make", f"cd /node && mkdir {names} && chown {pods.USER}:{pods.USER} {names}")


def folders(database: Database) -> dict[str, str]:
    return {f"{database.names.prefix}-{claim}": claim for claim in (f"data-{postgres.SERVICE}-0", "postgres-dumps")}


def on_node(database: Database, name: str, script: str) -> None:
    """Run a script as root, with the node's /tmp at /node."""
    mount = {"name": "node", "mountPath": "/node"}
    container = {"name": name, "image": POSTGRES_IMAGE, "command": ["sh", "-c", script], "volumeMounts": [mount]}
    volume = {"name": "node", "hostPath": {"path": "/tmp"}}
    spec = {"containers": [container], "volumes": [volume], "restartPolicy": "Never"}
    metadata = {"name": name, "namespace": database.clients}
    database.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    here = ("-n", database.clients, "--timeout=180s")
    database.cluster.run("wait", "--for=jsonpath={.status.phase}=Succeeded", f"pod/{name}", *here)
