"""Flat configs for tests, as the CLI hands them to a program: text, with objects and lists as JSON."""

import json
from typing import Any

from infra.settings import Problem, SettingsError, read

LOCAL: dict[str, Any] = {
    "tier": "local",
    "cloud": {"kind": "existing", "context": "kind-airflow"},
    "platform": {"ingress": "off", "certificates": "off"},
    "releases": [{"name": "main"}],
}


def flat(values: dict[str, Any]) -> dict[str, str]:
    """Add the namespace where there is none and write what is not text as JSON."""
    return {
        key if ":" in key else f"airflow:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in values.items()
    }


def problems(values: dict[str, Any]) -> dict[str, Problem]:
    """What is wrong with these settings, by key; empty where nothing is."""
    try:
        read(flat(values))
    except SettingsError as error:
        return {problem.key: problem for problem in error.problems}
    return {}
