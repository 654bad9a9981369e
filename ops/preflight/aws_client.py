"""boto3, typed as far as we use it: it has no types of its own."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import boto3  # pyright: ignore[reportMissingTypeStubs]
from botocore.exceptions import BotoCoreError, ClientError  # pyright: ignore[reportMissingTypeStubs]

from ops.preflight.answer import Answer, State

#: What AWS says where there is no such thing; each service has a word of its own.
ABSENT = frozenset(
    {"404", "NoSuchBucket", "DBInstanceNotFound", "RepositoryNotFoundException", "ResourceNotFoundException"}
)

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
            self._clients[service] = make(service, region_name=self.name)
        return self._clients[service]


def absent(error: ClientError) -> bool:
    """Whether the error says that there is no such thing."""
    return code(error) in ABSENT


def code(error: ClientError) -> str:
    """AWS's word for what went wrong."""
    return cast("dict[str, Any]", error.response).get("Error", {}).get("Code", "")


def asked(question: str, ask: Callable[[], Iterator[Answer]]) -> Iterator[Answer]:
    """The answers, or that the question could not be put: a missing right stops nobody, no credentials do."""
    try:
        yield from ask()
    except ClientError as error:
        yield Answer(State.unknown, question, f"could not be asked: {error}", "see docs/aws.md, Permissions")
    except BotoCoreError as error:
        yield Answer(State.bad, question, str(error), "log in: `aws sts get-caller-identity` must work")
