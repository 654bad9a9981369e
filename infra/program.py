"""The program, told once: settings, the cloud, the platform on it, the releases, and what the stack exports."""

from typing import Any

import pulumi

from infra import cloud, standing
from infra.airflow.commons import Commons
from infra.airflow.release import AirflowRelease
from infra.contracts import Foundation
from infra.names import NAMES_EXPORT, Names
from infra.platform import Platform
from infra.settings import load


def run() -> dict[str, pulumi.Input[Any]]:
    """Build the stack that the config describes and return its exports."""
    settings, secrets = load()
    names = Names(pulumi.get_project(), pulumi.get_stack(), settings.prefix)
    standing.refuse_other_names(names)
    foundation = cloud.build(settings, secrets, names)
    here = pulumi.ResourceOptions(providers=[foundation.cluster.provider])
    commons = Commons("commons", settings, foundation, names, here)
    platform = Platform("platform", settings, secrets, foundation, names, commons.of)
    releases = [
        AirflowRelease(
            release.name, release, settings, secrets.of(release), foundation, platform.outputs, commons, here
        )
        for release in settings.releases
    ]
    platform.unsettle({release.name: release for release in releases})
    return {**exports(foundation, releases), NAMES_EXPORT: names.resource()}


def exports(foundation: Foundation, releases: list[AirflowRelease]) -> dict[str, pulumi.Input[Any]]:
    """Addresses and commands that a person needs next; never a secret."""
    return {
        **foundation.exports,
        "kubeconfigCommand": foundation.cluster.kubeconfig_command,
        "registry": foundation.registry.url if foundation.registry else "",
        "registryLoginCommand": foundation.registry.login_command if foundation.registry else "",
        "releases": {release.name: release.summary for release in releases},
    }
