"""Azure Resource Manager over its REST API, with the pipeline (tokens, retries) of Microsoft's own clients.

One client for all services: PostgreSQL and the registry have none among our requirements, and the others would bring
hundreds of modules for a dozen questions. Versions of the API stand with the questions.
"""

import base64
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast
from urllib.parse import quote

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.rest import HttpRequest
from azure.identity import DefaultAzureCredential
from azure.mgmt.core import ARMPipelineClient

from ops.preflight.answer import Answer, State

ARM = "https://management.azure.com"
GRAPH = "https://graph.microsoft.com"
#: It warns of each way to log in that was not taken, where one line says it all.
logging.getLogger("azure.identity").setLevel(logging.CRITICAL)

#: What is asked about, and how.
Question = tuple[str, Callable[[], Iterator[Answer]]]


class Arm:
    """A signed-in client of Resource Manager, or of another service with the same kind of token."""

    def __init__(self, credential: Any = None, url: str = ARM, scope: str = f"{ARM}/.default") -> None:
        self._credential = credential or DefaultAzureCredential(exclude_interactive_browser_credential=True)
        self._secure = url.startswith("https:")
        policies: list[Any] = [RetryPolicy(retry_total=2), BearerTokenCredentialPolicy(self._credential, scope)]
        self._client = ARMPipelineClient[HttpRequest, Any](base_url=url, policies=policies)

    def get(self, path: str, version: str, **query: str) -> dict[str, Any]:
        """The answer to a GET. Raises azure.core's HttpResponseError where it is none."""
        return self._send(HttpRequest("GET", quote(path), params={"api-version": version, **query}))

    def post(self, path: str, version: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a POST, which here only asks. Graph has its version in the path."""
        params = {"api-version": version} if version else {}
        return self._send(HttpRequest("POST", quote(path), params=params, json=dict(body)))

    def find(self, path: str, version: str) -> dict[str, Any] | None:
        """The answer to a GET, or None where there is no such thing."""
        try:
            return self.get(path, version)
        except HttpResponseError as error:
            if error.status_code == 404:
                return None
            raise

    def vault(self, host: str) -> "Arm":
        """The same login at a Key Vault."""
        return Arm(self._credential, f"https://{host}", "https://vault.azure.net/.default")

    def graph(self) -> "Arm":
        """The same login at Microsoft Graph, which knows groups."""
        return Arm(self._credential, GRAPH, f"{GRAPH}/.default")

    def principal(self) -> str:
        """The object id of whoever is logged in: a claim of the token, which is not verified here but by Azure."""
        claims = self._credential.get_token(f"{ARM}/.default").token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["oid"]

    def _send(self, request: HttpRequest) -> dict[str, Any]:
        request.url = self._client.format_url(request.url)
        response = self._client.send_request(request, enforce_https=self._secure)
        if response.status_code >= 400:
            raise HttpResponseError(response=response)
        return cast("dict[str, Any]", response.json())


def asked(question: str, ask: Callable[[], Iterator[Answer]]) -> Iterator[Answer]:
    """The answers, or that the question could not be put: a missing right stops nobody, no login does."""
    try:
        yield from ask()
    except ClientAuthenticationError as error:
        yield Answer(State.bad, question, error.message.splitlines()[0], "log in: `az account show` must work")
    except HttpResponseError as error:
        if error.status_code == 401:
            yield Answer(State.bad, question, "the login is not accepted", "`az login` with cloud.tenant")
            return
        found = f"could not be asked: {error.status_code} {_code(error)}"
        yield Answer(State.unknown, question, found, "see docs/azure.md, Permissions")
    except AzureError as error:
        yield Answer(State.bad, question, str(error), "is Azure reached from here? `az account show` must work")


def _code(error: HttpResponseError) -> str:
    return str(error.error.code) if error.error else error.reason or ""
