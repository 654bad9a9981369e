"""The retries: what passes by itself, how long is waited, and what is said when it is over."""

import asyncio
from collections.abc import Mapping
from unittest.mock import AsyncMock, patch

import pulumi
import pytest

from infra.cloud.azure import hooks

#: Errors as the provider words them; whether waiting helps.
ERRORS = [
    ('Code="ServerIsBusy" Message="Cannot complete operation while server \'airflow-database\' is busy', True),
    ('Status=400 Code="PrincipalNotFound" Message="Principal 3f0c does not exist in the directory 8d3f', True),
    ('Status=404 Code="RoleDefinitionDoesNotExist" Message="The specified role definition does not exist', True),
    ('Status=429 Code="TooManyRequests" Message="The request is being throttled"', True),
    ('Code="AnotherOperationInProgress" Message="Another operation on this or dependent resource is in progress', True),
    ('Code="ReferencedResourceNotProvisioned" Message="Cannot proceed: the subnet is not in Succeeded state', True),
    ('Code="ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity" Message="Too many', True),
    ('Code="OperationNotAllowed" Message="Operation is not allowed: Another agentpool operation is in progress', True),
    ('Code="OperationNotAllowed" Message="Operation could not be completed as it results in exceeding quota', False),
    ('Status=403 Code="AuthorizationFailed" Message="The client does not have authorization: Forbidden', False),
    ('Code="InvalidParameter" Message="The Kubernetes version 1.12 is not supported"', False),
    ('Status=409 Code="StorageAccountAlreadyTaken" Message="The storage account name is already taken."', False),
]
LOGIN = [
    ('storageclasses.storage.k8s.io is forbidden: User "3f0c" cannot create resource', True),
    ("User does not have access to the resource in Azure. Update role assignment to allow access.", True),
    ("the server has asked for the client to provide credentials (Unauthorized)", True),
    ("dial tcp: lookup airflow-production-1.hcp.westeurope.azmk8s.io: no such host", False),
]


def failure(*errors: str) -> pulumi.ErrorHookArgs:
    return pulumi.ErrorHookArgs(
        "urn", "", "database", "azure-native:dbforpostgresql:Server", failed_operation="create", errors=[*errors]
    )


def ask(args: pulumi.ErrorHookArgs, passing: Mapping[str, str] = hooks.AZURE) -> tuple[bool, list[float], list[str]]:
    """Whether the hook retries, what it waited, and what it said."""
    said: list[str] = []
    sleep = AsyncMock()
    with (
        patch.object(hooks.asyncio, "sleep", sleep),
        patch.object(pulumi.log, "error", said.append),
        patch.object(pulumi.log, "info", said.append),
    ):
        again = asyncio.run(hooks.retry(passing, args))
    return again, [call.args[0] for call in sleep.await_args_list], said


@pytest.mark.parametrize(("error", "passes"), ERRORS)
@pytest.mark.guarantee("a cloud that throttles", "a database server that is busy", "rights that have not arrived yet")
def test_only_what_passes_is_retried(error: str, passes: bool) -> None:
    again, waited, _ = ask(failure(error))
    assert again is passes
    assert bool(waited) is passes


@pytest.mark.parametrize(("error", "passes"), LOGIN)
@pytest.mark.guarantee("rights that have not arrived yet")
def test_a_new_administrator_is_waited_for(error: str, passes: bool) -> None:
    assert ask(failure(error), hooks.LOGIN)[0] is passes


@pytest.mark.guarantee("a cloud that throttles", "a database server that is busy")
def test_it_waits_longer_each_time_and_gives_up_with_the_cause() -> None:
    error = ERRORS[0][0]
    waits: list[float] = []
    for count in range(1, hooks.ATTEMPTS):
        again, waited, _ = ask(failure(*[error] * count))
        assert again
        waits += waited
    assert waits == [10, 20, 40, 80, 120, 120, 120]
    again, waited, said = ask(failure(*[error] * hooks.ATTEMPTS))
    assert not again
    assert not waited
    assert f"failed {hooks.ATTEMPTS} times: the PostgreSQL server is busy" in said[0]
    assert error in said[0]
    assert "azure-native:dbforpostgresql:Server database" in said[0]


def test_the_newest_error_decides() -> None:
    again, _, _ = ask(failure("InvalidParameter", ERRORS[0][0]))
    assert not again
