"""The steps of a proof: each does one thing to the stack and says what it saw. Raises StepError or OpsError."""

import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from infra.airflow.parts import Parts
from infra.preview.planning import ROOT
from infra.settings.platform_rules import issuer_of
from infra.settings.release import Release
from ops.cluster import cluster_of
from ops.prove.times import Took, took
from ops.stack import Stack

_STAGING = ("(STAGING)", "Fake")
"""How Let's Encrypt calls the issuers of its staging."""
_PATIENCE = 900  # seconds for a record to be seen and a certificate to come
_SEND = (
    "import sys; from airflow.utils.email import send_email; "
    "send_email([sys.argv[1]], 'make prove', 'This mail came from ' + sys.argv[2])"
)


class StepError(Exception):
    """A step that did not show what it is there to show."""


@dataclass
class Proof:
    """The stack under proof. `created`: what each resource of its `up` took. `canary`: what its first run said."""

    stack: Stack
    mail_to: str = ""
    created: dict[str, Took] = field(default_factory=dict[str, Took])
    canary: str = ""

    def verb(self, *arguments: str) -> str:
        """A verb as a person runs it, shown and kept. Raises StepError where it ends otherwise than by 0."""
        return self._shown([sys.executable, "-m", "ops", *arguments])

    def pulumi(self, *arguments: str) -> str:
        return self._shown(["pulumi", *arguments, "--stack", self.stack.name])

    def _shown(self, command: list[str]) -> str:
        said: list[str] = []
        env = {**os.environ, "PULUMI_DEBUG_COMMANDS": "true"}  # without it the CLI does not know --event-log
        with subprocess.Popen(command, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE) as process:
            for line in process.stdout or ():
                sys.stdout.write(line)
                sys.stdout.flush()
                said.append(line)
        if process.returncode:
            raise StepError(f"`{' '.join(command[-4:])}` ended with {process.returncode}")
        return "".join(said)


def secrets(proof: Proof) -> str:
    proof.verb("secrets", "--stack", proof.stack.name)
    return "made"


def up(proof: Proof) -> str:
    with tempfile.TemporaryDirectory(prefix="airflow-prove-") as folder:
        log = Path(folder, "events.jsonl")
        try:
            proof.verb("deploy", "--stack", proof.stack.name, "--", "--yes", "--skip-preview", f"--event-log={log}")
        finally:
            proof.created = took(log) if log.exists() else {}
    return f"{len(proof.created)} resources"


def canary(proof: Proof) -> str:
    proof.canary = proof.verb("canary", "--stack", proof.stack.name)
    return f"{proof.canary.count('canary success')} releases ran it"


def log(proof: Proof) -> str:
    """The canary's own line, read through the API once its task, and with KubernetesExecutor its pod, has ended."""
    if "s after its time" not in proof.canary:
        raise StepError("the canary ran, and the line that its task writes is in no log that the API shows")
    return "the task's line came back through the API"


def mail(proof: Proof) -> str | None:
    sending = [one for one in proof.stack.settings.releases if one.email]
    if not sending:
        return None
    if not proof.mail_to:
        raise StepError("the releases send mail, and nobody said to whom: MAIL=you@your-company.com")
    with cluster_of(proof.stack) as cluster:
        for release in sending:
            own = Parts(release)
            python = ("python", "-c", _SEND, proof.mail_to, f"{proof.stack.name}/{release.name}")
            where = ("--namespace", own.namespace, f"deployment/{own.of('scheduler')}", "--container", "scheduler")
            cluster.run("exec", *where, "--", *python)
    return f"the server took it for {proof.mail_to}: look whether it came"


def certificate(proof: Proof) -> str | None:
    if issuer_of(proof.stack.settings) != "letsencrypt-staging":
        return None
    hosts = [release.host for release in proof.stack.settings.releases if release.host]
    if not hosts or proof.stack.settings.platform.dns.state != "existing":
        return None
    for host in hosts:
        _patiently(partial(_check_issuer, host))
    return f"{', '.join(hosts)}: issued by Let's Encrypt's staging"


def _check_issuer(host: str) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # staging's roots are in no trust store
    with (
        socket.create_connection((host, 443), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        found = x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"")
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    issuer = " ".join(str(one.value) for one in found.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))
    common = " ".join(str(one.value) for one in found.issuer.get_attributes_for_oid(NameOID.COMMON_NAME))
    if host not in names.get_values_for_type(x509.DNSName) or not any(one in f"{issuer} {common}" for one in _STAGING):
        raise StepError(f"{host} shows a certificate of {issuer or common}")


def _patiently(check: Callable[[], None]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return check()
        except (OSError, StepError, x509.ExtensionNotFound) as error:
            if time.monotonic() > deadline:
                raise StepError(f"not within {_PATIENCE} s: {error}") from None
            time.sleep(10)


def rotation(proof: Proof) -> str:
    for release in proof.stack.settings.releases:
        for verb in ("rotate-database", "rotate-fernet"):
            given = ("--stack", proof.stack.name, "--release", release.name)
            proof.verb(verb, *given, "--", "--yes", "--skip-preview")
    proof.verb("canary", "--stack", proof.stack.name)
    return "database passwords and Fernet keys; the canary ran afterwards"


def fault(proof: Proof) -> str:
    """Every scheduler killed without a grace, as chaos and a dead node do it."""
    with cluster_of(proof.stack) as cluster:
        for release in proof.stack.settings.releases:
            here = ("--namespace", release.in_namespace)
            cluster.run("delete", "pods", *here, "--selector", _schedulers(release), "--grace-period=0", "--force")
        for release in proof.stack.settings.releases:
            name, here = Parts(release).of("scheduler"), ("--namespace", release.in_namespace)
            cluster.run("rollout", "status", f"deployment/{name}", *here, "--timeout=600s")
    proof.verb("canary", "--stack", proof.stack.name)
    return "all schedulers killed; the canary ran afterwards"


def _schedulers(release: Release) -> str:
    return ",".join(f"{key}={value}" for key, value in Parts(release).labels("scheduler").items())


def refresh(proof: Proof) -> str:
    """What stands is what the state says, and what the program says."""
    proof.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    proof.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")
    return "no change, and nothing to do for `up`"


def destroy(proof: Proof) -> str:
    proof.verb("destroy", "--stack", proof.stack.name, "--", "--yes")
    if left := proof.stack.state():
        raise StepError(f"{len(left)} resources are still in the state")
    return "the state is empty"
