"""The job that takes snapshots of shares, over HTTP against a server that answers as Storage's REST reference says."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.exceptions import HttpResponseError

from infra.cloud.azure.scripts.snapshot_shares import Shares, main, rotate
from tests.unit.azure_server import TOKEN, Credential, Handler

ACCOUNT = "/subscriptions/8d3f/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/files"
SHARES = f"{ACCOUNT}/fileServices/default/shares"
NOW = datetime(2026, 11, 25, 2, 23, tzinfo=UTC)
OLD, YOUNG = "2026-11-11T02:22:59.1234567Z", "2026-11-11T02:23:01.0000000Z"


class Storage(Handler):
    """Shares of one account in `server.shares`: name → moments of its snapshots. Two a page."""

    def do_GET(self) -> None:  # noqa: N802
        query = self._asked()
        assert query["$expand"] == "snapshots"
        rows = [(name, moment) for name, moments in self.server.shares.items() for moment in (None, *moments)]
        first = int(query.get("$skipToken", 0))
        page: dict[str, Any] = {"value": [self._share(*row) for row in rows[first : first + 2]]}
        if first + 2 < len(rows):
            here = f"http://127.0.0.1:{self.server.server_port}{SHARES}"
            page["nextLink"] = f"{here}?api-version=2024-01-01&$expand=snapshots&$skipToken={first + 2}"
        self._answer(200, page)

    def do_PUT(self) -> None:  # noqa: N802
        assert self._asked()["$expand"] == "snapshots"  # without it the share itself would be written
        if self.server.refuses:
            return self._answer(self.server.refuses, {"error": {"code": "AuthorizationFailed", "message": "no"}})
        self.server.shares[self._name()].append("2026-11-25T02:23:00.0000000Z")
        return self._answer(201, {})

    def do_DELETE(self) -> None:  # noqa: N802
        self._asked()
        self.server.shares[self._name()].remove(self.headers["x-ms-snapshot"])  # of the share itself: no such thing
        self._answer(204, None)

    def _asked(self) -> dict[str, str]:
        assert self.headers["Authorization"] == f"Bearer {TOKEN}"
        url = urlsplit(self.path)
        assert url.path.startswith(SHARES)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        assert query["api-version"] == "2024-01-01"
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return query

    def _name(self) -> str:
        return urlsplit(self.path).path.rpartition("/")[2]

    @staticmethod
    def _share(name: str, moment: str | None) -> dict[str, Any]:
        snapshot = {"snapshotTime": moment} if moment else {}
        return {"name": name, "properties": {"shareQuota": 10, **snapshot}}

    def _answer(self, status: int, body: Any) -> None:
        text = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture
def server() -> Iterator[Any]:
    made: Any = ThreadingHTTPServer(("127.0.0.1", 0), Storage)
    made.shares, made.refuses = {"main-dags": [OLD, YOUNG], "main-logs": []}, 0
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def shares(server: Any) -> Shares:
    return Shares(ACCOUNT, Credential(), f"http://127.0.0.1:{server.server_port}")


def test_a_round_takes_one_of_each_share_and_deletes_what_is_too_old(server: Any, shares: Shares) -> None:
    said = rotate(shares, 14, NOW)
    taken = "2026-11-25T02:23:00.0000000Z"
    assert server.shares == {"main-dags": [YOUNG, taken], "main-logs": [taken]}
    assert said == "2 snapshots taken, 1 of 2 older ones deleted"


def test_nothing_is_deleted_where_a_snapshot_fails(server: Any, shares: Shares) -> None:
    server.refuses = 403
    with pytest.raises(HttpResponseError, match="AuthorizationFailed"):
        rotate(shares, 14, NOW)
    assert server.shares["main-dags"] == [OLD, YOUNG]


def test_a_share_itself_is_never_deleted(shares: Shares) -> None:
    with pytest.raises(ValueError, match="no snapshot of main-dags"):
        shares.forget("main-dags", "")


def test_without_an_identity_it_ends_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(variable, raising=False)
    assert main([ACCOUNT, "14"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
