"""The existing cluster's plan: the database in it, its dumps, and the volumes of releases."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from infra.cloud.existing import certificate, files, pods, postgres
from infra.contracts import Cluster, LoadBalancer, NodePool, Peer, VolumeRequest
from infra.names import Names
from infra.preview.model import Plan, Resource
from infra.preview.recorder import record
from infra.settings.existing import ExistingCloud
from tests.program.conftest import PlanOf
from tests.program.stacks import SECRET, leaves, pod_specs

NAMESPACE = "airflow-local-database"
PREFIX = "kubernetes:"


def one(plan: Plan, type_: str, name: str) -> Resource:
    (found,) = [resource for resource in plan.of_type(type_) if resource.name == name]
    return found


@pytest.fixture(scope="module")
def local(plan: PlanOf) -> Plan:
    return plan("local")


def container(resource: Resource, kind: str = "containers") -> Mapping[str, Any]:
    (spec,) = pod_specs(resource.inputs)
    (found,) = spec[kind]
    return cast("Mapping[str, Any]", found)


@pytest.mark.guarantee("every connection to the database is verified")
def test_the_server_speaks_tls_only(local: Plan) -> None:
    server = container(one(local, "kubernetes:apps/v1:StatefulSet", "postgres-server"))
    arguments = server["args"]
    for setting in ("ssl=on", "ssl_min_protocol_version=TLSv1.2", f"hba_file={pods.SCRIPTS}/pg_hba.conf"):
        assert setting in arguments
    hba = one(local, "kubernetes:core/v1:ConfigMap", "postgres-config").inputs["data"]["pg_hba.conf"]
    assert {line.split()[0] for line in hba.splitlines()} == {"local", "hostssl"}


def test_the_certificate_names_the_host_that_clients_verify(local: Plan) -> None:
    request = one(local, "tls:index/certRequest:CertRequest", "postgres-server")
    assert postgres.host(Names("airflow", "local")) in request.inputs["dnsNames"]
    service = one(local, "kubernetes:core/v1:Service", "postgres-service").inputs["metadata"]
    assert f"{service['name']}.{service['namespace']}.svc" in request.inputs["dnsNames"]


@pytest.mark.guarantee("a database certificate that ends")
def test_certificates_are_renewed_before_they_end(local: Plan) -> None:
    ca = one(local, "tls:index/selfSignedCert:SelfSignedCert", "postgres-ca").inputs
    server = one(local, "tls:index/locallySignedCert:LocallySignedCert", "postgres-server").inputs
    for made in (ca, server):
        assert 0 < made["earlyRenewalHours"] < made["validityPeriodHours"]
    assert server["validityPeriodHours"] <= ca["earlyRenewalHours"], "no certificate outlives the CA that signed it"
    assert certificate.SERVER_RENEWAL_HOURS >= 30 * 24


@pytest.mark.guarantee("a changed database password", "a database certificate that ends")
def test_a_new_password_or_certificate_restarts_the_server(local: Plan) -> None:
    # auto-named Secrets are made first, then the pods change, then the old Secret goes
    server = one(local, "kubernetes:apps/v1:StatefulSet", "postgres-server")
    (spec,) = pod_specs(server.inputs)
    for name in ("admin", "certificate"):
        secret = one(local, "kubernetes:core/v1:Secret", f"postgres-{name}")
        assert secret.inputs["metadata"]["name"].startswith(f"{secret.name}-"), "named by the provider"
        assert secret.urn in server.depends_on
        mounted = {volume["secret"]["secretName"] for volume in spec["volumes"] if "secret" in volume}
        assert secret.inputs["metadata"]["name"] in mounted
    assert "administrator.sh" in " ".join(container(server, "initContainers")["command"])


@pytest.mark.guarantee("secrets are secret")
def test_no_environment_holds_the_password(local: Plan) -> None:
    for resource in local:
        for spec in pod_specs(resource.inputs) if resource.type.startswith(PREFIX) else ():
            for path, value in leaves(spec):
                assert value != SECRET, f"{resource.urn}: {path}"


@pytest.mark.guarantee("the database administrator's password stands apart")
def test_the_administrators_secret_stands_apart_from_every_release(local: Plan) -> None:
    secrets = [r for r in local.of_type("kubernetes:core/v1:Secret") if r.name == "postgres-admin"]
    assert [secret.inputs["metadata"]["namespace"] for secret in secrets] == [NAMESPACE]
    assert all(release.name != NAMESPACE for release in local.of_type("airflow:airflow:AirflowRelease"))


@pytest.mark.guarantee("a namespace comes first")
def test_what_is_in_the_namespace_waits_for_it(local: Plan) -> None:
    namespace = one(local, "kubernetes:core/v1:Namespace", "postgres-namespace")
    inside = [
        resource
        for resource in local
        if resource.type.startswith(PREFIX) and resource.inputs.get("metadata", {}).get("namespace") == NAMESPACE
    ]
    assert len(inside) >= 12
    assert not [resource.urn for resource in inside if namespace.urn not in resource.depends_on]


def test_only_this_stack_reaches_the_server(local: Plan) -> None:
    policy = one(local, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "postgres-namespace-clients").inputs["spec"]
    (rule,) = policy["ingress"]
    assert rule["ports"] == [{"port": 5432, "protocol": "TCP"}]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"app.kubernetes.io/part-of": "airflow-local"}}}]
    labels = one(local, "kubernetes:core/v1:Namespace", "postgres-namespace").inputs["metadata"]["labels"]
    assert labels["app.kubernetes.io/part-of"] == "airflow-local", "the dumps' pods come from this namespace"


@pytest.mark.guarantee("every connection to the database is verified")
def test_dumps_are_scheduled_and_restores_are_not(plan: PlanOf) -> None:
    database = '{"kind": "cluster", "backupRetentionDays": 3, "backupSchedule": "5 4 * * *", "storageGib": 7}'
    cloud = f'airflow:cloud={{"kind": "existing", "context": "c", "database": {database}}}'
    made = plan("local", ".", cloud)
    dump = one(made, "kubernetes:batch/v1:CronJob", "postgres-dumps-postgres-dump")
    restore = one(made, "kubernetes:batch/v1:CronJob", "postgres-dumps-postgres-restore")
    assert (dump.inputs["spec"]["schedule"], dump.inputs["spec"]["suspend"]) == ("5 4 * * *", False)
    assert restore.inputs["spec"]["suspend"] is True
    for job in (dump, restore):
        env = {entry["name"]: entry["value"] for entry in container(job)["env"]}
        assert env["PGSSLMODE"] == "verify-full"
        assert env["RETENTION_DAYS"] == "3"
    volume = one(made, "kubernetes:core/v1:PersistentVolumeClaim", "postgres-dumps-volume")
    assert volume.inputs["spec"]["resources"]["requests"]["storage"] == "7Gi"


def test_a_database_elsewhere_brings_no_server(plan: PlanOf, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    database = f'{{"kind": "external", "host": "db.acme.org", "caFile": "{ca}"}}'
    made = plan("local", ".", f'airflow:cloud={{"kind": "existing", "context": "c", "database": {database}}}')
    assert not list(made.of_type("airflow:existing:PostgresServer"))
    assert not [resource for resource in made if resource.package == "tls"]


def volumes(cloud: Mapping[str, Any], *purposes: str) -> dict[tuple[str, str], Resource]:
    """What the releases' requests for volumes make, by type and name."""

    def program() -> Mapping[str, Any]:
        provider = kubernetes.Provider("cluster", kubeconfig="x", cluster_identifier="x")
        cluster = Cluster(
            name="c",
            provider=provider,
            kubernetes_version="1.34",
            kubeconfig_command="",
            system=NodePool(),
            tasks=NodePool(),
            load_balancer=LoadBalancer("NodePort"),
            api_server=(Peer(cidr="0.0.0.0/0"),),
        )
        settings = ExistingCloud.model_validate({"kind": "existing", "context": "c", **cloud})
        space = kubernetes.core.v1.Namespace("space", opts=pulumi.ResourceOptions(provider=provider))
        made = files.build(settings, cluster)
        opts = pulumi.ResourceOptions(depends_on=[space])
        return {
            purpose: made.volume(VolumeRequest(f"main-{purpose}", "main", "main", cast("Any", purpose), 5), opts)
            for purpose in purposes
        }

    recording = record(program, project="airflow", stack="local", config={"pulumi:disable-default-providers": '["*"]'})
    assert set(recording.outputs) == set(purposes)
    return {(resource.type.rpartition(":")[2], resource.name): resource for resource in recording.resources}


def test_folders_of_the_node_are_the_checkouts() -> None:
    made = volumes({"files": {"kind": "hostPath", "path": "/airflow/"}}, "dags", "plugins", "logs")
    for purpose in ("dags", "plugins"):
        folder = made["PersistentVolume", f"main-{purpose}-folder"].inputs["spec"]
        assert folder["hostPath"] == {"path": f"/airflow/{purpose}", "type": "Directory"}
        assert folder["claimRef"]["name"] == f"main-{purpose}"
        assert folder["persistentVolumeReclaimPolicy"] == "Retain"
        claim = made["PersistentVolumeClaim", f"main-{purpose}"].inputs["spec"]
        assert (claim["storageClassName"], claim["accessModes"]) == ("", ["ReadWriteMany"])
        bound = made["PersistentVolume", f"main-{purpose}-folder"].inputs["metadata"]["name"]
        assert claim["volumeName"] == bound
    logs = made["PersistentVolumeClaim", "main-logs"].inputs["spec"]
    assert "storageClassName" not in logs, "the cluster's default"
    assert logs["accessModes"] == ["ReadWriteOnce"]
    assert ("PersistentVolume", "main-logs-folder") not in made


def test_two_releases_read_the_checkouts_dags(plan: PlanOf) -> None:
    shared = {"namespace": "both", "sharesNamespace": True, "dags": {"kind": "share"}}
    celery = {"executor": "CeleryExecutor", "celery": {"broker": "redis"}}
    both = [{"name": "one", **shared}, {"name": "two", **shared, **celery}]
    made = plan("local", ".", f"airflow:releases={json.dumps(both)}")
    folders = made.of_type("kubernetes:core/v1:PersistentVolume")
    bound = {(one.inputs["spec"]["claimRef"]["name"], one.inputs["spec"]["hostPath"]["path"]) for one in folders}
    assert bound == {(f"{name}-{what}", f"/airflow/{what}") for name in ("one", "two") for what in ("dags", "plugins")}
    assert len({one.inputs["metadata"]["name"] for one in folders}) == 4


def test_volumes_by_storage_class() -> None:
    made = volumes({"singleNode": False, "files": {"kind": "storageClass", "name": "nfs"}}, "dags", "logs")
    assert not [name for kind, name in made if kind == "PersistentVolume"]
    for purpose in ("dags", "logs"):
        claim = made["PersistentVolumeClaim", f"main-{purpose}"]
        assert claim.inputs["spec"]["storageClassName"] == "nfs"
        assert claim.inputs["spec"]["accessModes"] == ["ReadWriteMany"]
        assert claim.inputs["spec"]["resources"]["requests"]["storage"] == "5Gi"
        assert claim.inputs["metadata"] == {"name": f"main-{purpose}", "namespace": "main"}


def test_a_claim_waits_for_what_its_caller_waits_for() -> None:
    made = volumes({"files": {"kind": "hostPath"}}, "dags")
    space = made["Namespace", "space"].urn
    assert space in made["PersistentVolumeClaim", "main-dags"].depends_on
    assert space in made["PersistentVolume", "main-dags-folder"].depends_on


def test_the_ui_is_forwarded_or_on_a_port_of_the_node(plan: PlanOf) -> None:
    summary = plan("local").outputs["releases"]["main"]
    assert (summary["url"], summary["service"]) == ("http://localhost:1234", "main-api-server")
    cloud = 'airflow:cloud={"kind": "existing", "context": "c", "nodePort": 30080}'
    made = plan("local", ".", cloud)
    summary = made.outputs["releases"]["main"]
    assert (summary["url"], summary["service"]) == ("http://localhost:30080", "")
    spec = one(made, "kubernetes:core/v1:Service", "main-node-port").inputs["spec"]
    assert spec["ports"] == [{"name": "api-server", "nodePort": 30080, "port": 8080}]
    policy = one(made, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "main-api-from-ingress").inputs["spec"]
    assert policy["podSelector"]["matchLabels"] == spec["selector"]
    assert not [r for r in plan("local") if r.name in ("main-node-port", "main-api-from-ingress")]
