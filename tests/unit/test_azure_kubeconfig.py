"""The kubeconfig of AKS, rewritten so that nobody is asked for a device code."""

import base64
from typing import Any

import pytest
import yaml

from infra.cloud.azure.kubeconfig import SERVER_ID, rewritten

TENANT = "8d3f1c52-0b7e-4f7c-9a43-6a5f0e1d2c3b"
#: As AKS hands it out with `format=exec`.
GIVEN: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "c", "cluster": {"server": "https://c.azmk8s.io:443", "certificate-authority-data": "Q0E="}}],
    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "clusterUser_g_c"}}],
    "current-context": "c",
    "users": [
        {
            "name": "clusterUser_g_c",
            "user": {
                "exec": {
                    "apiVersion": "client.authentication.k8s.io/v1beta1",
                    "command": "kubelogin",
                    "args": ["get-token", "--environment", "AzurePublicCloud", "--login", "devicecode"],
                    "env": None,
                }
            },
        }
    ],
}


def result(login: str) -> dict[str, Any]:
    return yaml.safe_load(rewritten(base64.b64encode(yaml.safe_dump(GIVEN).encode()).decode(), login, TENANT))


@pytest.mark.parametrize("login", ["azurecli", "workloadidentity", "spn"])
def test_it_signs_in_by_the_named_method(login: str) -> None:
    command = result(login)["users"][0]["user"]["exec"]
    arguments = command["args"]
    assert command["command"] == "kubelogin"
    assert command["interactiveMode"] == "Never"
    assert arguments[arguments.index("--login") + 1] == login
    assert arguments[arguments.index("--server-id") + 1] == SERVER_ID
    assert arguments[arguments.index("--tenant-id") + 1] == TENANT
    assert "devicecode" not in str(command)


def test_all_else_stays() -> None:
    made = result("azurecli")
    assert {key: made[key] for key in made if key != "users"} == {key: GIVEN[key] for key in GIVEN if key != "users"}
    assert [user["name"] for user in made["users"]] == ["clusterUser_g_c"]
