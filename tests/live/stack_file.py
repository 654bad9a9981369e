"""A stack file of a test's own: the shipped local stack on the test's cluster, with names that nobody else has."""

import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from infra.names import Names
from infra.preview.planning import ROOT
from ops.cluster import Cluster


@dataclass(frozen=True)
class OwnStack:
    """The stack `local` in a folder of its own."""

    folder: Path
    prefix: str

    @property
    def names(self) -> Names:
        return Names("airflow", "local", self.prefix)

    def verb(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A verb as a person runs it."""
        command = [sys.executable, "-m", "ops", *arguments, "--stack", "local", "--stacks", str(self.folder)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def own_stack(cluster: Cluster, folder: Path) -> OwnStack:
    """Write the file."""
    made = OwnStack(folder, f"live-{secrets.token_hex(3)}")
    content = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())
    lead = dict(zip(cluster.leads[::2], cluster.leads[1::2], strict=True))
    content["config"]["airflow:prefix"] = made.prefix
    content["config"]["airflow:cloud"] |= {"kubeconfig": lead["--kubeconfig"], "context": lead["--context"]}
    (folder / "Pulumi.local.yaml").write_text(yaml.safe_dump(content))
    return made
