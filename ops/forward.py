"""A port of this machine that leads to a release's api-server, for as long as it is needed."""

import re
import subprocess
from collections.abc import Generator
from contextlib import contextmanager

from infra.airflow.parts import API_PORT, Parts
from infra.settings.platform_rules import issuer_of
from infra.settings.release import Release
from ops.cluster import cluster_of
from ops.errors import OpsError
from ops.stack import Stack


def trusted(stack: Stack, release: Release) -> bool:
    """Whether any machine trusts the host's certificate: of our issuers only one is in everybody's trust store."""
    return bool(release.host) and issuer_of(stack.settings) == "letsencrypt-prod"


@contextmanager
def forwarded(stack: Stack, release: Release) -> Generator[str]:
    """The address of a release behind a free port of this machine. Raises OpsError where kubectl cannot."""
    own = Parts(release)
    with cluster_of(stack) as cluster:
        service = f"service/{own.of('api-server')}"
        command = cluster.command("port-forward", "--namespace", own.namespace, service, f":{API_PORT}")
        try:
            process = subprocess.Popen(command, env=cluster.environment, stdout=subprocess.PIPE, text=True)
        except FileNotFoundError:
            raise OpsError("kubectl is not on the PATH of this machine; or give an address as URL=") from None
        try:
            said = process.stdout.readline() if process.stdout else ""
            found = re.search(r"from 127\.0\.0\.1:(\d+)", said)
            if not found:
                raise OpsError(f"kubectl forwards no port to {service} of {own.namespace}: {said.strip()}")
            yield f"http://127.0.0.1:{found[1]}{release.url_prefix}"
        finally:
            process.terminate()
            process.wait()
