"""AWS: the account, the network, EKS, RDS and what stands beside them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from infra.settings.base import Model
from infra.settings.cloud_common import CloudCluster, CloudDatabase
from infra.settings.problems import refuse


def _account(value: str) -> str:
    if len(value) != 12 or not value.isdecimal():
        raise refuse("an AWS account id: 12 digits, as quoted text", 'for example "123456789012"')
    return value


AccountId = Annotated[str, AfterValidator(_account)]


class AwsCluster(CloudCluster):
    """EKS."""

    admins: tuple[str, ...] = Field(min_length=1, description="ARNs of the roles that administer the cluster")


class AwsCloud(Model):
    """`cloud.kind: aws`."""

    kind: Literal["aws"]
    account: AccountId = Field(description="the account that a run must be in; any other is refused")
    region: str
    cluster: AwsCluster
    database: CloudDatabase = CloudDatabase()
