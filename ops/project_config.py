"""The `config:` section of Pulumi.yaml, made from the settings' models and the table of secrets.

Every key has a default: the CLI demands a value for any other before the program can say what is wrong, and a secret
is never `secret: true`, which does not go with one. Per-release keys are not declared, since a dot would nest them.
Source: sdk/go/common/workspace/project.go and config.go of github.com/pulumi/pulumi (3.x).
"""

from collections.abc import Callable
from typing import Any

import yaml

from infra.settings import SECRETS, Settings

HEADING = "config:\n"
_EMPTY: dict[str, Callable[[], Any]] = {
    "string": str,
    "object": dict,
    "array": list,
}  # new ones: YAML names a second use


def declarations() -> dict[str, dict[str, Any]]:
    """Type, description and default of every top-level setting and secret, by full key."""
    schema = Settings.model_json_schema(by_alias=True)
    found: dict[str, dict[str, Any]] = {"pulumi:disable-default-providers": {"value": ["*"]}}
    for key, prop in schema["properties"].items():
        kind = _kind(prop, schema["$defs"])
        declared: dict[str, Any] = {"type": kind, "description": _sentence(prop["description"])}
        if kind == "array":
            declared["items"] = {"type": "object"}
        default = prop.get("default")
        declared["default"] = default if isinstance(default, str | bool) else _EMPTY[kind]()
        found[f"airflow:{key}"] = declared
    for name, spec in SECRETS.items():
        description = _sentence(f"secret: {spec.purpose}")
        found[f"airflow:{name}"] = {"type": "string", "description": description, "default": ""}
    return found


def section() -> str:
    """The section's text, heading included."""
    return HEADING + "".join(
        "  " + line
        for line in yaml.safe_dump(declarations(), sort_keys=False, width=200, allow_unicode=True).splitlines(True)
    )


def with_section(text: str) -> str:
    """Pulumi.yaml's text with the section in place of the one at its end."""
    before, found, _ = text.partition(f"\n{HEADING}")
    if not found:
        raise ValueError("Pulumi.yaml has no config: section at its end")
    return f"{before}\n{section()}"


def _kind(prop: dict[str, Any], definitions: dict[str, Any]) -> str:
    """What the CLI calls the type of a property."""
    if "$ref" in prop:
        return _kind(definitions[prop["$ref"].rpartition("/")[2]], definitions)
    for choice in prop.get("anyOf", prop.get("oneOf", ())):
        if choice != {"type": "null"}:
            return _kind(choice, definitions)
    return str(prop["type"])


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
