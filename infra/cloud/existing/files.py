"""ReadWriteMany volumes on an existing cluster."""

import pulumi

from infra.contracts import Cluster, Files, VolumeRequest
from infra.settings.existing import ExistingCloud


def build(cloud: ExistingCloud, cluster: Cluster) -> Files:
    """Volumes by storage class, or folders of the one node."""

    def volume(_request: VolumeRequest, _opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
        raise pulumi.RunError("volumes on an existing cluster are not available yet")

    return Files(volume=volume)
