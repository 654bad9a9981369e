"""The retries: what is transient, how long is waited, and what is said when it is over."""

import asyncio
from unittest.mock import AsyncMock, patch

import pulumi
import pytest

from infra.cloud.aws import hooks

#: Errors as the provider words them; whether waiting helps.
ERRORS = [
    ("creating EKS Cluster: operation error EKS: CreateCluster, ThrottlingException: Rate exceeded", True),
    ("api error RequestLimitExceeded: Request limit exceeded.", True),
    ("InvalidParameterException: The role with name airflow-production-nodes cannot be found. role", True),
    ("InvalidParameterException: Role with arn: arn:aws:iam::1:role/x, could not be assumed because it does not", True),
    (
        "api error InvalidParameterValue: IAM role ARN value is invalid or does not include the required permissions",
        True,
    ),
    ("api error InvalidParameter: Unable to assume given IAM role", True),
    ("ResourceInUseException: Addon vpc-cni cannot be updated as it is currently in progress", True),
    ("ResourceInUseException: Cluster already exists with name: airflow", False),
    ("InvalidParameterException: unsupported Kubernetes version", False),
    ("AccessDeniedException: User is not authorized to perform: eks:CreateCluster", False),
    ("StorageQuotaExceeded: The storage quota of this account is reached", False),
]


def failure(*errors: str) -> pulumi.ErrorHookArgs:
    return pulumi.ErrorHookArgs(
        "urn", "", "cluster", "aws:eks/cluster:Cluster", failed_operation="create", errors=[*errors]
    )


def ask(args: pulumi.ErrorHookArgs) -> tuple[bool, list[float], list[str]]:
    """Whether the hook retries, what it waited, and what it said."""
    said: list[str] = []
    sleep = AsyncMock()
    with (
        patch.object(hooks.asyncio, "sleep", sleep),
        patch.object(pulumi.log, "error", said.append),
        patch.object(pulumi.log, "info", said.append),
    ):
        again = asyncio.run(hooks.retry(args))
    return again, [call.args[0] for call in sleep.await_args_list], said


@pytest.mark.parametrize(("error", "transient"), ERRORS)
@pytest.mark.guarantee("a cloud that throttles", "rights that have not arrived yet")
def test_only_what_passes_is_retried(error: str, transient: bool) -> None:
    again, waited, _ = ask(failure(error))
    assert again is transient
    assert bool(waited) is transient


@pytest.mark.guarantee("a cloud that throttles")
def test_it_waits_longer_each_time_and_gives_up_with_the_cause() -> None:
    error = "ThrottlingException: Rate exceeded"
    waits: list[float] = []
    for count in range(1, hooks.ATTEMPTS):
        again, waited, _ = ask(failure(*[error] * count))
        assert again
        waits += waited
    assert waits == [5, 10, 20, 40, 60]
    again, waited, said = ask(failure(*[error] * hooks.ATTEMPTS))
    assert not again
    assert not waited
    assert f"failed {hooks.ATTEMPTS} times" in said[0]
    assert error in said[0]
    assert "aws:eks/cluster:Cluster cluster" in said[0]
