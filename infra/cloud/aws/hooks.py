"""Retries of what AWS refuses for a moment: throttling, and what IAM has made but not spread yet.

The provider retries many calls itself; this is for what it gives up on. The engine waits for the hook, asks it after
each failed attempt, and hands over all errors so far.
"""

import asyncio
import re

import pulumi

ATTEMPTS = 6
LONGEST_WAIT = 60  # seconds
TRANSIENT = re.compile(
    r"Throttl|Rate ?exceeded|TooManyRequests|RequestLimitExceeded|SlowDown|ServiceUnavailable"
    r"|cannot be assumed|could not be assumed|unable to assume|is not authorized to perform: sts:AssumeRole"
    r"|PrincipalNotFound|Invalid principal in policy|NoSuchEntity"
    r"|InvalidParameterException.*role|role.*does not exist|IAM role ARN value is invalid"
    r"|ResourceInUseException.*in progress",
    re.IGNORECASE | re.DOTALL,
)


def wait_before(attempt: int) -> int:
    """Seconds before the attempt with this number (the first retry is 1): 5, 10, 20, 40, then a minute."""
    return min(LONGEST_WAIT, 5 * 2 ** (attempt - 1))


async def retry(failure: pulumi.ErrorHookArgs) -> bool:
    """Whether the engine tries once more. Gives up at once on other errors, and after `ATTEMPTS` with the cause."""
    cause = failure.errors[0] if failure.errors else ""
    if not TRANSIENT.search(cause):
        return False
    failed = len(failure.errors)
    if failed >= ATTEMPTS:
        where = f"{failure.type} {failure.name}"
        pulumi.log.error(f"{where}: {failure.failed_operation} failed {failed} times, the last time with: {cause}")
        return False
    pulumi.log.info(f"{failure.name}: AWS is not ready yet, attempt {failed + 1} of {ATTEMPTS} follows")
    await asyncio.sleep(wait_before(failed))
    return True


def binding() -> pulumi.ResourceHookBinding:
    """For the resources that use a fresh role or that AWS throttles; made once a run, for hooks are named."""
    return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("aws-not-ready-yet", retry)])
