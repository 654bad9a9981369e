"""What every file of this folder works with: the settings, the names, the provider, and the options of resources."""

from dataclasses import dataclass
from functools import cached_property

import pulumi
import pulumi_aws as aws

from infra.names import Names, digest
from infra.settings import Settings
from infra.settings.aws import AwsCloud, NewNetwork


@dataclass(frozen=True)
class Place:
    """One stack's place on AWS: what is called how. Names are known before anything is made, and so are most ARNs."""

    cloud: AwsCloud
    settings: Settings
    names: Names

    @cached_property
    def tags(self) -> dict[str, str]:
        """Tags of everything that can be tagged."""
        return self.names.tags(self.settings.tags)

    def named(self, name: str) -> dict[str, str]:
        """The tags with the `Name` that AWS's console shows for what has no name of its own."""
        return {**self.tags, "Name": self.names.resource(name)}

    @property
    def cluster_name(self) -> str:
        """EKS: at most 100 characters."""
        return self.names.resource(limit=100)

    @property
    def database_name(self) -> str:
        """The RDS instance. A restored one is a new one beside the old, so that the snapshot is part of its name."""
        snapshot = self.cloud.database.restore_from_snapshot
        return self.names.database_server("database", *([digest(snapshot)] if snapshot else []), self.cloud.account)

    @property
    def leaves_snapshot(self) -> bool:
        """Whether a deletion of the database leaves a last snapshot."""
        wanted = self.cloud.database.final_snapshot
        return not self.settings.ephemeral if wanted is None else wanted

    def bucket_name(self, release: str) -> str:
        """The bucket of a release's logs; a name for the whole world."""
        return self.names.bucket("logs", release, self.cloud.account)

    def repository_name(self, image: str) -> str:
        """The ECR repository of an image."""
        return f"{self.names.resource()}/{image}"

    @property
    def gateway_zones(self) -> tuple[str, ...]:
        """The zones with a NAT gateway of ours."""
        if not isinstance(self.cloud.network, NewNetwork):
            return ()
        nat = self.cloud.network.nat or ("per-zone" if self.settings.production else "one")
        return self.cloud.used_zones if nat == "per-zone" else self.cloud.used_zones[:1]

    def role_name(self, purpose: str) -> str:
        """A role; a name for the whole account. IAM: at most 64 characters."""
        return self.names.resource(purpose, limit=64)

    @property
    def cluster_logs(self) -> str:
        """The log group that EKS writes to."""
        return f"/aws/eks/{self.cluster_name}/cluster"

    @property
    def flow_logs(self) -> str:
        """The log group of the VPC's connections."""
        return f"/aws/vpc/{self.names.resource()}/flow-logs"

    def database_logs(self, log: str) -> str:
        """The log group that RDS writes one of its logs to."""
        return f"/aws/rds/instance/{self.database_name}/{log}"

    def arn(self, service: str, resource: str, *, region: bool = True) -> str:
        """An ARN in this account."""
        place = self.cloud.region if region else ""
        return f"arn:{self.cloud.partition}:{service}:{place}:{self.cloud.account}:{resource}"

    def bucket_arn(self, release: str) -> str:
        """The ARN of that bucket."""
        return f"arn:{self.cloud.partition}:s3:::{self.bucket_name(release)}"

    def managed_policy(self, path: str) -> str:
        """The ARN of a policy that AWS keeps."""
        return f"arn:{self.cloud.partition}:iam::aws:policy/{path}"


@dataclass(frozen=True)
class Stack(Place):
    """A place to build at. `hooks` retry what AWS refuses for a moment."""

    provider: aws.Provider
    hooks: pulumi.ResourceHookBinding

    @property
    def keep(self) -> bool:
        """Whether what holds data is protected: `pulumi destroy` then refuses to delete it."""
        return self.settings.production

    def inside(self) -> pulumi.ResourceOptions:
        """Options of a component here: its AWS children take this provider, and no default one."""
        return pulumi.ResourceOptions(providers={"aws": self.provider})
