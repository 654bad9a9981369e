"""Rules of `platform`."""

from dataclasses import replace
from typing import Any

import pytest

from infra.platform import nginx
from tests.program.platform_site import site
from tests.unit.stacks import LOCAL, problems

HOST = "airflow.data.acme.org"
EXISTING = {"state": "existing", "className": "company"}
SERVED = {"releases": [{"name": "main", "host": HOST}]}


def found(platform: dict[str, Any], **over: Any) -> dict[str, str]:
    return {key: problem.rule for key, problem in problems({**LOCAL, "platform": platform, **over}).items()}


def existing(version: str) -> dict[str, Any]:
    return {"kind": "existing", "context": "kind-airflow", "kubernetesVersion": version}


@pytest.mark.guarantee("ingress-nginx on a Kubernetes after 1.35")
def test_nginx_on_kubernetes_after_1_35_is_warned_of_and_not_refused() -> None:
    """The clouds end 1.35 in March 2027 and upgrade by themselves: who stays with nginx must be able to say so."""
    assert "airflow:cloud.kubernetesVersion" not in found({"certificates": "off"}, cloud=existing("1.36"))
    said: dict[str, str] = {}
    for version in ("1.35", "1.36"):
        made = site()
        cluster = replace(made.cluster, kubernetes_version=version)
        there = replace(made, foundation=replace(made.foundation, cluster=cluster))
        said[version] = nginx.controller(there, "airflow-test-nginx").warning or ""
    assert "1.36 is later" in said["1.36"]
    assert "1.36" not in said["1.35"]
    assert all("traefik" in text for text in said.values())


@pytest.mark.parametrize(
    "host", ["airflow", "Airflow.data.acme.org", "*.data.acme.org", "airflow.data.acme.org.", "air_flow.acme.org"]
)
@pytest.mark.guarantee("a host that is no plain name in the zone")
def test_a_host_is_a_plain_fqdn(host: str) -> None:
    assert "airflow:releases[0].host" in found({}, releases=[{"name": "main", "host": host}])


@pytest.mark.guarantee("a host that is no plain name in the zone")
def test_a_host_is_inside_the_zone() -> None:
    key = "airflow:releases[0].host"
    assert "inside the zone" in found({"dns": {"state": "existing", "zone": "other.org"}}, **SERVED)[key]
    assert "inside the zone" in found({"dns": {"state": "existing", "zone": "ata.acme.org"}}, **SERVED)[key]
    assert key not in found({"dns": {"state": "existing", "zone": "acme.org"}}, **SERVED)
    assert key not in found({"dns": {"state": "existing", "zone": HOST}}, **SERVED)


@pytest.mark.parametrize("email", ["nobody", "a@b", "team@example.com", "a b@acme.org", None])
@pytest.mark.guarantee("Let's Encrypt without a usable address")
def test_lets_encrypt_wants_an_address_that_exists(email: str | None) -> None:
    certificates = {"issuer": "letsencrypt-staging", **({"email": email} if email else {})}
    assert "airflow:platform.certificates.email" in found({"certificates": certificates})


@pytest.mark.guarantee("Let's Encrypt without a usable address")
def test_an_own_ca_writes_to_nobody() -> None:
    assert found({"certificates": {"issuer": "own-ca"}}, **SERVED) == {}


@pytest.mark.guarantee("production certificates for an ephemeral stack")
def test_an_ephemeral_stack_never_asks_productions_acme() -> None:
    key = "airflow:platform.certificates.issuer"
    certificates = {"issuer": "letsencrypt-prod", "email": "data@acme.org"}
    platform = {"ingress": EXISTING, "certificates": certificates}
    assert "ephemeral" in found(platform, ephemeral="true")[key]
    assert key not in found(platform)
    assert key not in found(
        {**platform, "certificates": {**certificates, "issuer": "letsencrypt-staging"}}, ephemeral="true"
    )


def test_tls_without_an_issuer() -> None:
    assert "airflow:platform.certificates.state" in found({"certificates": "off"}, **SERVED)
    assert "airflow:platform.certificates.existingIssuer" in found({"certificates": "existing"})
    assert found({"certificates": {"state": "existing", "existingIssuer": "company"}}, **SERVED) == {}


def test_a_host_without_an_ingress() -> None:
    assert "airflow:releases[0].host" in found({"ingress": "off"}, **SERVED)


def test_a_record_without_a_zone_or_an_address() -> None:
    assert "airflow:platform.dns.zone" in found({"dns": "existing"})
    key = "airflow:platform.ingress.existingAddress"
    dns = {"state": "existing", "zone": "acme.org"}
    assert key in found({"ingress": "existing", "dns": dns}, **SERVED)
    address = {"state": "existing", "existingAddress": "192.0.2.7"}
    assert key not in found({"ingress": address, "dns": dns}, **SERVED)
    name = {"state": "existing", "existingAddress": "lb.acme.net"}
    assert key not in found({"ingress": name, "dns": dns}, **SERVED)
    top = {"releases": [{"name": "main", "host": "acme.org"}]}
    assert "no CNAME" in found({"ingress": name, "dns": dns}, **top)[key]
    assert key not in found({"ingress": address, "dns": dns}, **top)
    assert "airflow:platform.dns.state" in found({"dns": dns})


def test_a_challenge_that_nothing_answers() -> None:
    acme = {"issuer": "letsencrypt-staging", "email": "data@acme.org"}
    assert "airflow:platform.certificates.challenge" in found({"ingress": "off", "certificates": acme})
    assert "airflow:platform.certificates.challenge" in found({"certificates": {**acme, "challenge": "dns01"}})
    assert "port 80" in found({"certificates": acme})["airflow:platform.certificates.issuer"]
    assert found({"ingress": EXISTING, "certificates": acme}, **SERVED) == {}


def test_chaos_names_releases_that_are_there() -> None:
    assert "airflow:platform.chaos.releases" in found({"chaos": {"state": "on", "releases": ["mian"]}})
    for field, value in (("quietTimes", ["25:00-08:00"]), ("quietWeekdays", ["Freitag"]), ("timezone", "Berlin")):
        keys = found({"chaos": {"state": "on", field: value}})
        assert any(key.startswith(f"airflow:platform.chaos.{field}") for key in keys), keys


def test_an_existing_class_has_a_name() -> None:
    assert "airflow:platform.ingress.className" in found({"ingress": "existing", "certificates": "off"})
    assert "airflow:platform.ingress.className" not in found({"ingress": EXISTING, "certificates": "off"})


@pytest.mark.guarantee("an executor that does not fit")
def test_scaling_needs_keda() -> None:
    celery = {"name": "main", "executor": "CeleryExecutor", "celery": {"broker": "redis", "keda": {}}}
    key = "airflow:releases[0].celery.keda"
    off = {"ingress": "off", "certificates": "off"}
    assert key in found({**off, "keda": "off"}, releases=[celery])
    assert key not in found({**off, "keda": "existing"}, releases=[celery])


def test_a_canary_is_a_dag_that_a_release_has() -> None:
    key = "airflow:platform.monitoring.canaryDag"
    watched = {"monitoring": {"state": "on", "canaryDag": "canary"}, "certificates": "off", "ingress": "off"}
    shared = {"name": "main", "dags": {"kind": "share"}}
    assert "main has none" in found(watched, releases=[{"name": "main"}])[key]
    assert "other has none" in found(watched, releases=[shared, {"name": "other"}])[key]
    assert key not in found(watched, releases=[shared])
    assert key not in found({**watched, "monitoring": {"state": "on"}}, releases=[{"name": "main"}])
    assert key not in found({**watched, "monitoring": {"state": "off", "canaryDag": "canary"}})


def test_an_own_image_needs_a_registry() -> None:
    key = "airflow:releases[0].image.own"
    off = {"certificates": "off", "ingress": "off"}
    own = {"name": "main", "image": {"own": True}}
    assert "needs a registry" in found(off, releases=[own])[key]
    named = {"kind": "existing", "context": "kind-airflow", "registry": {"url": "registry.your-company.com"}}
    assert key not in found(off, releases=[own], cloud=named)
