"""The foundation that a stack stands on, whichever cloud gives it."""

from typing import assert_never

from infra.contracts import Foundation
from infra.names import Names
from infra.settings import Secrets, Settings
from infra.settings.aws import AwsCloud
from infra.settings.azure import AzureCloud
from infra.settings.existing import ExistingCloud


def build(settings: Settings, secrets: Secrets, names: Names) -> Foundation:
    """Build the chosen cloud's foundation, importing that cloud's SDK alone (the others cost a second and 100 MiB)."""
    match settings.cloud:
        case ExistingCloud() as cloud:
            from infra.cloud import existing

            return existing.build(cloud, settings, secrets, names)
        case AwsCloud() as cloud:
            from infra.cloud import aws

            return aws.build(cloud, settings, secrets, names)
        case AzureCloud() as cloud:
            from infra.cloud import azure

            return azure.build(cloud, settings, secrets, names)
        case _:
            assert_never(settings.cloud)
