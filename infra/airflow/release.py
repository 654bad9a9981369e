"""One Airflow on the cluster: the official chart, and what it needs around it."""

from collections.abc import Mapping
from typing import Any

import pulumi

from infra.contracts import Foundation, PlatformOutputs
from infra.names import Names
from infra.settings import ReleaseSecrets, Settings
from infra.settings.release import Release


class AirflowRelease(pulumi.ComponentResource):
    """An entry of `releases`: its namespace, database, keys, migration and Helm release."""

    name: str
    summary: Mapping[str, pulumi.Input[Any]]

    def __init__(
        self,
        name: str,
        release: Release,
        settings: Settings,
        secrets: ReleaseSecrets,
        foundation: Foundation,
        platform: PlatformOutputs,
        names: Names,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("airflow:airflow:AirflowRelease", name, None, opts)
        self.name = name
        self.summary = {}
        self.register_outputs({})
