"""boto3, typed as far as we use it: it has no types of its own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import boto3  # pyright: ignore[reportMissingTypeStubs]
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs]
from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs]
    BotoCoreError,
    ClientError,
    HTTPClientError,
)
from botocore.exceptions import ConnectionError as NoConnection  # pyright: ignore[reportMissingTypeStubs]

from infra.cloud.aws.stack import Place
from ops.preflight.answer import Answer, State

#: What AWS says where there is no such thing; each service has a word of its own.
ABSENT = frozenset(
    {
        "404",
        "DBInstanceNotFound",
        "DBSnapshotNotFound",
        "NoSuchBucket",
        "NoSuchEntity",
        "NotFoundException",
        "RepositoryNotFoundException",
        "ResourceNotFoundException",
    }
)
#: What it says to a login that is over, or was never one.
NOBODY = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
LOG_IN = "log in: `aws sts get-caller-identity` must work"
PATIENCE = Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3})

Tags = dict[str, str]
#: What is asked about, and how.
Question = tuple[str, Callable[[], Iterator[Answer]]]


class Region:
    """Clients of one region, each made when it is first asked for."""

    def __init__(self, region: str) -> None:
        self.name = region
        self._clients: dict[str, Any] = {}

    def __getitem__(self, service: str) -> Any:
        if service not in self._clients:
            make = cast("Callable[..., Any]", boto3.client)  # pyright: ignore[reportUnknownMemberType]
            self._clients[service] = make(service, region_name=self.name, config=PATIENCE)
        return self._clients[service]


def absent(error: ClientError) -> bool:
    """Whether the error says that there is no such thing."""
    return code(error) in ABSENT


def code(error: ClientError) -> str:
    """AWS's word for what went wrong."""
    return cast("dict[str, Any]", error.response).get("Error", {}).get("Code", "")


def asked(question: str, ask: Callable[[], Iterator[Answer]]) -> Iterator[Answer]:
    """The answers, or that the question could not be put: a missing right stops nobody, no login and no network do."""
    try:
        yield from ask()
    except ClientError as error:
        if code(error) in NOBODY:
            yield Answer(State.bad, question, str(error), LOG_IN)
        else:
            yield Answer(State.unknown, question, f"could not be asked: {error}", "see docs/aws.md, Permissions")
    except (HTTPClientError, NoConnection) as error:
        yield Answer(State.bad, question, str(error), "mend the way to AWS: network, proxy, or cloud.region")
    except BotoCoreError as error:
        yield Answer(State.bad, question, str(error), LOG_IN)


def pairs(tags: Sequence[Mapping[str, str]]) -> Tags:
    """Tags as most services list them, `Key` and `Value`."""
    return {one["Key"]: one["Value"] for one in tags}


def own(place: Place, tags: Tags) -> bool:
    """Whether this stack made what carries these tags."""
    return all(tags.get(key) == place.tags[key] for key in ("project", "stack"))
