"""A kubeconfig that signs in by kubelogin with a method that asks nobody. Pure, but for the two documents' text."""

import base64
from typing import Any

import yaml

#: The Entra application that every AKS API server is: learn.microsoft.com/azure/aks/kubelogin-authentication
SERVER_ID = "6dae42f8-4368-4678-94ff-3960e28e3630"
HINT = "kubelogin is not installed: https://azure.github.io/kubelogin/install.html"


def exec_arguments(login: str, tenant: str) -> list[str]:
    """What kubelogin is called with. The client of `workloadidentity` and `spn` comes from AZURE_CLIENT_ID."""
    arguments = ["get-token", "--login", login, "--server-id", SERVER_ID, "--tenant-id", tenant]
    return arguments if login == "azurecli" else [*arguments, "--environment", "AzurePublicCloud"]


def rewritten(encoded: str, login: str, tenant: str) -> str:
    """AKS's own kubeconfig (base64) with each user's login replaced: it says `devicecode`, which waits for a person."""
    config: dict[str, Any] = yaml.safe_load(base64.b64decode(encoded))
    for user in config["users"]:
        user["user"] = {
            "exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": "kubelogin",
                "args": exec_arguments(login, tenant),
                "interactiveMode": "Never",
                "provideClusterInfo": False,
                "installHint": HINT,
            }
        }
    return yaml.safe_dump(config, sort_keys=False)
