"""What every file of this folder works with: the settings, the names, the provider, and the options of resources."""

from dataclasses import dataclass
from functools import cached_property

import pulumi
import pulumi_aws as aws

from infra.names import Names
from infra.settings import Settings
from infra.settings.aws import AwsCloud


@dataclass(frozen=True)
class Stack:
    """One stack on AWS. `hooks` retry what AWS refuses for a moment."""

    cloud: AwsCloud
    settings: Settings
    names: Names
    provider: aws.Provider
    hooks: pulumi.ResourceHookBinding

    @cached_property
    def tags(self) -> dict[str, str]:
        """Tags of everything that can be tagged."""
        return self.names.tags(self.settings.tags)

    def named(self, name: str) -> dict[str, str]:
        """The tags with the `Name` that AWS's console shows for what has no name of its own."""
        return {**self.tags, "Name": self.names.resource(name)}

    @property
    def keep(self) -> bool:
        """Whether what holds data is protected: `pulumi destroy` then refuses to delete it."""
        return self.settings.production

    @property
    def cluster_name(self) -> str:
        """EKS: at most 100 characters. Known before the cluster is, so that ARNs and commands can be."""
        return self.names.resource(limit=100)

    def arn(self, service: str, resource: str, *, region: bool = True) -> str:
        """An ARN in this account, known before what it names is made."""
        place = self.cloud.region if region else ""
        return f"arn:{self.cloud.partition}:{service}:{place}:{self.cloud.account}:{resource}"

    def managed_policy(self, path: str) -> str:
        """The ARN of a policy that AWS keeps."""
        return f"arn:{self.cloud.partition}:iam::aws:policy/{path}"

    def inside(self) -> pulumi.ResourceOptions:
        """Options of a component here: its AWS children take this provider, and no default one."""
        return pulumi.ResourceOptions(providers={"aws": self.provider})
