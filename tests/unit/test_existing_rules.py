"""What an existing cluster cannot do is refused before anything is made."""

from pathlib import Path
from typing import Any

import pytest

from infra.settings.cron import is_cron
from tests.unit.stacks import LOCAL, problems

PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def with_cloud(**more: Any) -> dict[str, Any]:
    return {**LOCAL, "cloud": {**LOCAL["cloud"], **more}}


def external(ca: Path | str, **more: Any) -> dict[str, Any]:
    return with_cloud(database={"kind": "external", "host": "db.acme.org", "caFile": str(ca), **more})


def test_an_external_database_with_its_ca(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text(PEM)
    assert not problems(external(ca))


def test_the_ca_file_is_asked_for() -> None:
    values = with_cloud(database={"kind": "external", "host": "db.acme.org"})
    assert problems(values)["airflow:cloud.database.caFile"].rule == "required"


def test_a_ca_file_that_is_not_there(tmp_path: Path) -> None:
    found = problems(external(tmp_path / "ca.pem"))["airflow:cloud.database.caFile"]
    assert "No such file" in found.rule
    assert found.value == str(tmp_path / "ca.pem")
    assert str(Path.cwd()) in found.cure


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\xff\xfe\x00", PEM.encode() + b"-----BEGIN EC PRIVATE KEY-----\n"]
)
def test_a_ca_file_that_is_no_certificate(tmp_path: Path, content: bytes) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(content)
    assert "airflow:cloud.database.caFile" in problems(external(ca))


def test_folders_of_a_node_need_a_single_node() -> None:
    values = with_cloud(singleNode=False, files={"kind": "hostPath"})
    assert "storageClass" in problems(values)["airflow:cloud.files.kind"].cure
    assert not problems(with_cloud(singleNode=False, files={"kind": "storageClass", "name": "nfs"}))


@pytest.mark.parametrize("text", ["0 2 * * *", "*/15 * * * *", "0 0,12 1-7 1 0-6", "5/10 3 * * 6", "59 23 31 12 6"])
def test_cron_schedules_that_kubernetes_takes(text: str) -> None:
    assert is_cron(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "daily",
        "@daily",
        "0 2 * *",
        "0 2 * * * *",
        "60 2 * * *",
        "0 24 * * *",
        "*/0 * * * *",
        "5-1 * * * *",
        "0 2 0 * *",
        "0 2 * * 7",
        "TZ=UTC 0 2 * *",
    ],
)
def test_cron_schedules_that_it_refuses(text: str) -> None:
    assert not is_cron(text)
    assert "airflow:cloud.database.backupSchedule" in problems(
        with_cloud(database={"backupSchedule": text, "kind": "cluster"})
    )


@pytest.mark.parametrize("days", [0, -1, 36])
@pytest.mark.guarantee("backups kept too short or too long")
def test_backup_retention_that_no_service_offers(days: int) -> None:
    values = with_cloud(database={"kind": "cluster", "backupRetentionDays": days})
    assert "airflow:cloud.database.backupRetentionDays" in problems(values)


@pytest.mark.guarantee("production without its protection")
def test_production_needs_somebody_elses_database() -> None:
    tags = {"owner": "data"}
    found = problems({**LOCAL, "tier": "production", "tags": tags})
    assert found["airflow:cloud.database.kind"].value == "cluster"


@pytest.mark.guarantee("production without its protection")
def test_production_on_an_external_database(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text(PEM)
    poor = {**external(ca), "tier": "production", "tags": {"owner": "data"}}
    assert {
        "airflow:cloud.database.highlyAvailable",
        "airflow:cloud.database.backupRetentionDays",
        "airflow:cloud.singleNode",
    } <= problems(poor).keys()
    good = external(ca, highlyAvailable=True, backupRetentionDays=14)
    good["cloud"] |= {"singleNode": False, "files": {"kind": "storageClass", "name": "nfs"}}
    assert not problems({**good, "tier": "production", "tags": {"owner": "data"}})


@pytest.mark.parametrize("version", ["1.20", "1.38", "latest", "1.34.2"])
@pytest.mark.guarantee("an unknown Kubernetes version")
def test_a_kubernetes_version_that_nothing_was_tried_on(version: str) -> None:
    assert "airflow:cloud.kubernetesVersion" in problems(with_cloud(kubernetesVersion=version))


def test_a_nodes_port_serves_one_release() -> None:
    two = {**with_cloud(nodePort=30080), "releases": [{"name": "main"}, {"name": "other"}]}
    assert "main and other" in problems(two)["airflow:cloud.nodePort"].rule
    assert not problems(with_cloud(nodePort=30080))
