"""The ephemeral copy of a stack: a name, a file and hosts of its own, and the secrets that only a person has."""

import secrets
from typing import Any, cast

import yaml

from infra import settings
from infra.preview import stackfile
from infra.preview.planning import ROOT
from ops import pulumi_cli
from ops.errors import OpsError
from ops.stack import Stack

LEAD = "prove-"
_KEPT = ("deletionProtection", "finalSnapshot")


def new_name() -> str:
    """A name that no other stack has: all names and tags in the cloud follow from it."""
    return f"{LEAD}{secrets.token_hex(2)}"


def content(source: Stack, name: str) -> dict[str, Any]:
    """The copy's file: ephemeral, no production, certificates from staging, and no secret yet."""
    read = stackfile.read_content(source.file.path)
    project = source.file.project
    config: dict[str, Any] = {
        full: value
        for key, value in read["config"].items()
        if not settings.is_secret_key((full := stackfile.full_key(project, key, source.file.path)).partition(":")[2])
    }
    config[f"{project}:ephemeral"] = True
    if config.get(f"{project}:tier") == "production":
        config[f"{project}:tier"] = "integration"
    if f"{project}:prefix" in config:
        config[f"{project}:prefix"] = name
    config[f"{project}:releases"] = [_release(one, name) for one in config[f"{project}:releases"]]
    cloud = config[f"{project}:cloud"]
    if isinstance(cloud.get("database"), dict):  # what ephemeral stacks leave out by themselves, unless it is asked for
        cloud["database"] = {key: value for key, value in cloud["database"].items() if key not in _KEPT}
    platform = cast("dict[str, Any]", config.get(f"{project}:platform") or {})
    certificates = platform.get("certificates")
    if isinstance(certificates, dict) and "issuer" in (certificates := cast("dict[str, Any]", certificates)):
        platform["certificates"] = {**certificates, "issuer": _staging(certificates["issuer"])}
    return {"config": config}


def _staging(issuer: str) -> str:
    """Production's Let's Encrypt allows five certificates of a name a week: none for a trial."""
    return "letsencrypt-staging" if issuer == "letsencrypt-prod" else issuer


def _release(release: dict[str, Any], name: str) -> dict[str, Any]:
    """In a namespace of its own; `airflow.acme.org` becomes `prove-1a2b-airflow.acme.org`, in the same zone."""
    own = {**release, "namespace": f"{name}-{release['name']}"}
    return {**own, "host": f"{name}-{release['host']}"} if release.get("host") else own


def begin(source: Stack, name: str) -> Stack:
    """Write the file, make the stack, and bring over what only a person has. Raises OpsError."""
    path = ROOT / f"Pulumi.{name}.yaml"
    path.write_text(yaml.safe_dump(content(source, name), sort_keys=False, allow_unicode=True))
    made = Stack(name)
    provider = stackfile.read_content(source.file.path).get("secretsprovider")
    done = pulumi_cli.quietly("stack", "init", name, *([f"--secrets-provider={provider}"] if provider else []))
    if done.returncode:
        path.unlink()
        raise OpsError(f"`pulumi stack init {name}` failed: {done.stderr.strip() or done.stdout.strip()}")
    for secret in made.missing_secrets():
        if secret.spec.generate is None:
            made.set_secret(secret.key, _held(source, secret.key, secret.spec.name))
    return Stack(name)  # its file is another by now


def lacking(source: Stack) -> list[str]:
    """Keys of the secrets that a person has to bring and the stack has not."""
    return [secret.key for secret in source.missing_secrets() if secret.spec.generate is None]


def forget(made: Stack) -> None:
    """Take the stack's state and file away; the state has to be empty."""
    made.capture("stack", "rm", "--yes", "--preserve-config")
    made.file.path.unlink()


def _held(source: Stack, key: str, kind: str) -> str:
    return source.get_secret(key if source.holds(key) else kind)
