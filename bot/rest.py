"""One way to call the code host and the CI service: errors in a sentence, rate limits waited out within reason."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx

PATIENCE = 90.0  # seconds that a rate limit may take; past that a person is told instead of left waiting
_SERVER_TRIES = 3


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

    def __init__(
        self, name: str, base: str, headers: dict[str, str], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._name, self._sleep = name, sleep
        self._client = httpx.Client(base_url=base, headers=headers, timeout=30)

    def get(self, path: str, **parameters: str | int) -> Any:
        """The JSON at a path."""
        return self._send("GET", path, parameters=parameters)

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
            try:
                answer = self._client.request(method, path, json=body, params=parameters)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise RestError(f"{self._name} does not answer: {type(error).__name__}") from error
            if answer.is_success:
                return self._json(answer)
            tries += 1
            pause = _pause(answer, tries)
            # A POST that failed on the server's side may have been done: asking again could start two deployments.
            again = answer.status_code in (403, 429) or (method == "GET" and tries < _SERVER_TRIES)
            if pause is None or not again or waited + pause > PATIENCE:
                raise RestError(f"{self._name}: {answer.status_code} {_words(answer)}", answer.status_code)
            self._sleep(pause)
            waited += pause

    def _json(self, answer: httpx.Response) -> Any:
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise RestError(f"{self._name}: {answer.status_code} without JSON; is there a proxy between?") from error


def _pause(answer: httpx.Response, tries: int) -> float | None:
    """Seconds to wait, as the service asks; None where asking again would not help."""
    if after := answer.headers.get("retry-after"):
        return float(after) if after.isdigit() else None
    if answer.status_code in (403, 429) and answer.headers.get("x-ratelimit-remaining") == "0":
        reset = answer.headers.get("x-ratelimit-reset", "")
        return max(1.0, float(reset) - datetime.now(UTC).timestamp()) if reset.isdigit() else None
    if answer.status_code == 429 or answer.status_code >= 500:
        return float(2**tries)
    return None


def _words(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase
