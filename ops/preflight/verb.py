"""`preflight`: what must be so in the cloud, or in the cluster that is there, before a stack's first `up`."""

import shutil
import sys
from collections.abc import Iterator

import typer

from infra.preview.planning import ROOT
from infra.settings import Settings
from infra.settings.aws import AwsCloud
from infra.settings.azure import AzureCloud
from infra.settings.owners import MARK
from ops.errors import OpsError
from ops.preflight import existing
from ops.preflight.answer import Answer, answer, report
from ops.stack import Stack, StackOption, StacksOption


def preflight(stack: StackOption, stacks: StacksOption = ROOT) -> None:
    """Ask the cloud or the cluster, without changing anything, whether a stack can be built there."""
    chosen = Stack(stack, stacks)
    if unset := chosen.placeholders:
        raise OpsError(
            f"{len(unset)} values of {chosen.file.path} are still marked {MARK}, and only you know them:\n"
            + "\n".join(f"  {path}" for path in unset)
        )
    text, good = report([*_machine(chosen), *_cloud(chosen)])
    sys.stdout.write(f"{text}\n")
    if not good:
        raise typer.Exit(2)


def _machine(stack: Stack) -> Iterator[Answer]:
    """What `up` needs of the machine that it runs on."""
    for command in ("pulumi", *_signing_in(stack.settings)):
        path = shutil.which(command)
        yield answer(f"{command} on the PATH", path is not None, path or "not found", f"install {command}")
    missing = [secret.key for secret in stack.missing_secrets()]
    cure = f"`make secrets {stack.given}`"
    yield answer("secrets of the stack", not missing, f"missing {', '.join(missing)}" if missing else "set", cure)


def _signing_in(settings: Settings) -> tuple[str, ...]:
    """The commands that Kubernetes' provider and Pulumi get a login from."""
    if isinstance(settings.cloud, AwsCloud):
        return ("aws",)
    if isinstance(settings.cloud, AzureCloud):
        return ("kubelogin", "az") if settings.cloud.cluster.login == "azurecli" else ("kubelogin",)
    return ()


def _cloud(stack: Stack) -> Iterator[Answer]:
    cloud = stack.settings.cloud
    if isinstance(cloud, AwsCloud):
        from ops.preflight import aws  # brings pulumi-aws and boto3, a second and more

        yield from aws.ask(cloud, stack.settings, stack.names, stack.file.path)
    elif isinstance(cloud, AzureCloud):
        from ops.preflight import azure  # brings pulumi-azure-native and Microsoft's clients

        yield from azure.ask(cloud, stack.settings, stack.names, stack.file.path)
    else:
        yield from existing.ask(cloud, stack)
