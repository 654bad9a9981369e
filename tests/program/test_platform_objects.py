"""The platform's own objects against schemas: Kubernetes's own, and ours of the fields of custom resources."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from infra.preview.model import Plan, Resource
from tests.program.platform_site import plan
from tests.program.stacks import filled

SCHEMAS = yaml.safe_load((Path(__file__).parent / "data/custom-resources.yaml").read_text())
ACME = {"issuer": "letsencrypt-staging", "email": "data@acme.org"}
CELERY = {"name": "main", "executor": "CeleryExecutor", "celery": {"broker": "redis", "keda": {}}}
QUIET = {"quietTimes": ["22:00-08:00"], "timezone": "Europe/Berlin"}
EVERYTHING: dict[str, Any] = {
    "monitoring": {"state": "on", "canaryDag": "canary", "alerts": {"slack": {"channel": "#airflow"}}},
    "chaos": {"state": "on", **QUIET},
}
PLANS = {
    "own CA": {},
    "http01": {"certificates": ACME},
    "dns01": {"certificates": {**ACME, "challenge": "dns01"}},
    "traefik": {"ingress": {"controller": "traefik"}},
}


@pytest.fixture(scope="module", params=PLANS)
def made(request: pytest.FixtureRequest) -> Plan:
    return plan({**EVERYTHING, **PLANS[request.param]}, releases=[CELERY])


def kind(resource: Resource) -> str:
    return f"{resource.inputs['apiVersion']}/{resource.inputs['kind']}"


def own(made: Plan) -> list[Mapping[str, Any]]:
    """What Kubernetes itself knows, a given name in place of the one that the provider makes."""
    return [
        filled({**resource.inputs, "metadata": {"name": "made-up", **resource.inputs["metadata"]}})
        for resource in made
        if resource.package == "kubernetes" and "helm.sh" not in resource.type and "apiVersion" in resource.inputs
        if kind(resource) not in SCHEMAS
    ]


def test_kubernetes_takes_every_own_object(made: Plan) -> None:
    objects = own(made)
    assert len(objects) > 30
    for one in objects:
        if isinstance(one.get("stringData"), str):
            one = {**one, "stringData": {"key": "value"}}
        kubernetes_validate.validate(one, "1.34", strict=True)


def test_custom_resources_have_only_fields_that_their_kinds_have(made: Plan) -> None:
    customs = [resource for resource in made if "apiVersion" in resource.inputs and kind(resource) in SCHEMAS]
    assert {kind(one) for one in customs} >= SCHEMAS.keys() - {"$defs", "cert-manager.io/v1/Certificate"}
    for one in customs:
        schema = {"$defs": SCHEMAS["$defs"], **SCHEMAS[kind(one)]}
        jsonschema.validate(filled(one.inputs["spec"]), schema)


def test_a_misspelt_field_is_found(made: Plan) -> None:
    rule = next(resource for resource in made if "prometheusrule" in resource.name)
    spec = filled(rule.inputs["spec"])
    spec["groups"][1]["rules"][0]["fore"] = "5m"
    with pytest.raises(jsonschema.ValidationError, match="fore"):
        jsonschema.validate(spec, {"$defs": SCHEMAS["$defs"], **SCHEMAS[kind(rule)]})
