"""One way to call the code host and the CI service: errors in a sentence, rate limits waited out within reason."""

import itertools
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx

Sleep = Callable[[float], None]
PATIENCE = 90.0  # seconds that a rate limit may take; past that a person is told instead of left waiting
_SERVER_TRIES = 3
_PAGE = 100
_SECONDARY = 60.0
"""Seconds that GitHub wants, at least, where a limit names none ("Best practices for using the REST API")."""


class RestError(Exception):
    """What the service said, for a person; never a token."""

    def __init__(self, message: str, status: int = 0) -> None:
        self.status = status
        super().__init__(message)

    @property
    def unclear(self) -> bool:
        """Whether the service may have done what it was asked for all the same: it broke, or did not answer."""
        return self.status == 0 or self.status >= 500


class Rest:
    """A JSON API with a token."""

    def __init__(self, name: str, base: str, headers: dict[str, str], sleep: Sleep = time.sleep) -> None:
        self._name, self._sleep = name, sleep
        self._client = httpx.Client(base_url=base, headers=headers, timeout=30)

    def get(self, path: str, **parameters: str | int) -> Any:
        """The JSON at a path."""
        return self._send("GET", path, parameters=parameters)

    def pages(self, path: str, key: str = "", **parameters: str) -> Iterator[Any]:
        """The items of a list that GitHub cuts into pages; it stands below `key`, or is the whole answer."""
        for page in itertools.count(1):
            answer = self.get(path, per_page=_PAGE, page=page, **parameters)
            items = answer[key] if key else answer
            yield from items
            if len(items) < _PAGE:
                return

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        """What the service answers to a JSON body that changes what is there."""
        return self._send("PATCH", path, body=body)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """What the service answers to a JSON body; None where it answers nothing."""
        return self._send("POST", path, body=body)

    def delete(self, path: str) -> None:
        """Delete what is there."""
        self._send("DELETE", path)

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None, parameters: dict[str, str | int] | None = None
    ) -> Any:
        waited, tries = 0.0, 0
        while True:
            tries += 1
            answer, error = self._ask(method, path, body, parameters)
            if answer is not None and answer.is_success:
                return self._json(answer)
            pause = _pause(answer, tries)
            # A POST that failed on the server's side may have been done: asking again could start two deployments.
            refused = answer is not None and answer.status_code in (403, 429)
            if (
                pause is None
                or waited + pause > PATIENCE
                or not (refused or (method == "GET" and tries < _SERVER_TRIES))
            ):
                raise self._error(answer) from error
            self._sleep(pause)
            waited += pause

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None, parameters: dict[str, str | int] | None
    ) -> tuple[httpx.Response | None, Exception | None]:
        try:
            return self._client.request(method, path, json=body, params=parameters), None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return None, error

    def _error(self, answer: httpx.Response | None) -> RestError:
        if answer is None:
            return RestError(f"{self._name} does not answer")
        return RestError(f"{self._name}: {answer.status_code} {_words(answer)}", answer.status_code)

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise RestError(f"{self._name}: {answer.status_code} without JSON; is there a proxy between?") from error


def _pause(answer: httpx.Response | None, tries: int) -> float | None:
    """Seconds to wait, as the service asks; None where asking again would not help."""
    if answer is None:
        return float(2**tries)
    if after := answer.headers.get("retry-after"):
        return float(after) if after.isdigit() else None
    if answer.status_code in (403, 429) and answer.headers.get("x-ratelimit-remaining") == "0":
        reset = answer.headers.get("x-ratelimit-reset", "")
        return max(1.0, float(reset) - datetime.now(UTC).timestamp()) if reset.isdigit() else None
    if answer.status_code == 429 or (answer.status_code == 403 and "rate limit" in _words(answer)):
        return _SECONDARY
    return float(2**tries) if answer.status_code >= 500 else None


def _words(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase
