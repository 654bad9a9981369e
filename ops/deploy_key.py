"""The SSH key pair that reads a stack's DAG repository: its private half goes into Pulumi's config, nowhere else."""

import base64
import sys

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from infra import settings
from infra.settings import SecretKey
from ops import moves
from ops.errors import OpsError
from ops.stack import Stack

NAME = "gitSshKey"


def bring(stack: Stack) -> None:
    """Make a pair for each release that lacks one, and print every public half, that of a stored key too."""
    wanted = [secret for secret in settings.required_secrets(stack.settings) if secret.spec.name == NAME]
    if not wanted:
        raise OpsError(f"no release of {stack.name} reads its DAGs with auth: sshKey, so that no SSH key is needed")
    missing = stack.missing_secrets()
    for secret in wanted:
        if secret in missing:
            private = made()
            stack.set_secret(secret.key, private)
            state = "made, and its private half stored, encrypted"
        else:
            own = f"{secret.release}.{NAME}"
            private = stack.get_secret(own if stack.holds(own) else secret.key)
            state = "was there"
        addresses = "".join(f"  {address}\n" for address in _addresses(stack, secret))
        sys.stdout.write(
            f"{stack.file.project}:{secret.key}: {state}. Its public half is to be a deploy key that only reads, of\n"
            f"{addresses}{public_half(private)} {stack.names.resource()}\n\n"
        )
    sys.stdout.flush()


def made() -> str:
    """A new private key in OpenSSH's form."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def public_half(private: str) -> str:
    """The public half of a private key, as deploy keys are written. Raises OpsError where there is none to read."""
    try:
        raw = private.strip().encode()
        if not raw.startswith(b"-----BEGIN"):
            raw = base64.b64decode(raw, validate=True).strip()
        load = load_ssh_private_key if b"OPENSSH" in raw.splitlines()[0] else load_pem_private_key
        return load(raw + b"\n", None).public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    except (ValueError, TypeError, IndexError, AttributeError, UnsupportedAlgorithm):
        raise OpsError(f"{NAME} holds no private key, or one with a passphrase, which Airflow cannot read") from None


def _addresses(stack: Stack, secret: SecretKey) -> list[str]:
    """The repositories that the key reads."""
    releases = [one for one in stack.settings.releases if one.name == secret.release]
    return sorted(
        {one.repository for release in releases for one in moves.repositories(release) if one.auth == "sshKey"}
    )
