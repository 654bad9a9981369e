"""Retries of what Azure refuses for a moment: throttling, a busy server, and what Entra has made but not spread yet.

The provider retries many calls itself; this is for what it gives up on. The engine waits for the hook, asks it after
each failed attempt, and hands over all errors so far.
"""

import asyncio
import re
from collections.abc import Mapping
from functools import partial

import pulumi

ATTEMPTS = 8
LONGEST_WAIT = 120  # seconds

#: Words of the error → what helps where patience alone did not.
AZURE = {
    r"PrincipalNotFound|does not exist in the directory|InvalidPrincipalId": "Entra does not know the new identity yet",
    r"RoleDefinitionDoesNotExist": "the new role has not spread yet",
    r"ServerIsBusy|ServerBusy|ServerUnavailableForOperation": "the PostgreSQL server is busy",
    r"AnotherOperationInProgress|OperationInProgress|ConcurrentFederatedIdentityCredentialsWrites"
    r"|ReferencedResourceNotProvisioned|OperationNotAllowed.*in progress"
    r"|CanceledAndSupersededDueToAnotherOperation": "another change has not ended",
    r"TooManyRequests|Throttl|StatusCode=429|ServiceUnavailable|RetryableError": "Azure refuses so many requests",
}
#: For the first object in the cluster alone: the administrators' role takes up to five minutes to reach its API.
LOGIN = {
    r"does not have access to the resource in Azure|\bforbidden\b|\bUnauthorized\b|must be logged in": (
        "the cluster refuses this login: is it a member of a group in cloud.cluster.admins?"
    ),
}


def wait_before(attempt: int) -> int:
    """Seconds before the attempt with this number (the first retry is 1): 10, 20, 40, 80, then two minutes."""
    return min(LONGEST_WAIT, 10 * 2 ** (attempt - 1))


async def retry(passing: Mapping[str, str], failure: pulumi.ErrorHookArgs) -> bool:
    """Whether the engine tries once more. Gives up at once on other errors, and after `ATTEMPTS` with the cause."""
    cause = failure.errors[0] if failure.errors else ""
    found = (text for words, text in passing.items() if re.search(words, cause, re.IGNORECASE | re.DOTALL))
    meaning = next(found, None)
    if meaning is None:
        return False
    failed = len(failure.errors)
    if failed >= ATTEMPTS:
        pulumi.log.error(
            f"{failure.type} {failure.name}: {failure.failed_operation} failed {failed} times: {meaning}; "
            f"`pulumi up` goes on from here. The last time with: {cause}"
        )
        return False
    pulumi.log.info(f"{failure.name}: {meaning}, attempt {failed + 1} of {ATTEMPTS} follows")
    await asyncio.sleep(wait_before(failed))
    return True


def binding() -> pulumi.ResourceHookBinding:
    """For the resources that these refusals are known of; made once a run, for hooks are named."""
    return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("azure-not-ready-yet", partial(retry, AZURE))])


def login_binding() -> pulumi.ResourceHookBinding:
    """For the first object in the cluster."""
    return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("cluster-login-not-ready-yet", partial(retry, LOGIN))])
