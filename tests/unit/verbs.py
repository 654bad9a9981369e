"""What the tests of the stack's verbs have in common."""

import json
from pathlib import Path
from typing import Any

from tests.unit.fakes import Programs

NEEDED = {
    "adminPassword",
    "apiSecretKey",
    "databasePassword",
    "fernetKey",
    "jwtSecret",
    "main.databasePassword",
    "settings",
}
OUTPUTS = {
    "kubeconfigCommand": "kubectl --kubeconfig ~/.kube/config config use-context kind-airflow",
    "registry": "",
    "releases": {
        "main": {"url": "http://localhost:1234/x", "namespace": "airflow", "service": "main-api-server", "port": 8080}
    },
}


def exporting(programs: Programs, outputs: dict[str, Any]) -> None:
    programs.add("pulumi", "kubectl")
    programs.answer(("stack output", {"out": json.dumps(outputs)}))


def with_all_secrets(stacks: Path) -> None:
    with (stacks / "Pulumi.local.yaml").open("a") as file:
        file.writelines(f"  airflow:{key}:\n    secure: v1:made-up\n" for key in sorted(NEEDED))
