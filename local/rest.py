"""Airflow's REST API, as the user admin of this machine."""

from __future__ import annotations

import contextlib
import time
from typing import Any, cast

import httpx

from local import keys, prepare
from local.place import Place


def client(place: Place, port: int) -> httpx.Client:
    """A client of /api/v2 with a token; the caller closes it."""
    base = f"http://127.0.0.1:{port}"
    login = {"username": prepare.ADMIN, "password": keys.load(place.keys).admin_password}
    with httpx.Client(transport=_plain(), timeout=30) as plain:
        token = plain.post(f"{base}/auth/token", json=login).raise_for_status().json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    return httpx.Client(transport=_plain(), base_url=f"{base}/api/v2", headers=headers, timeout=30)


def ask(url: str) -> httpx.Response:
    """One plain request; httpx.TransportError where nobody answers."""
    with httpx.Client(transport=_plain(), timeout=15) as plain:
        return plain.get(url)


def _plain() -> httpx.HTTPTransport:
    """Loopback without TLS: no proxy, and no certificates to load (a tenth of a second each time)."""
    return httpx.HTTPTransport(verify=False)


def get(api: httpx.Client, path: str, **parameters: str | int | bool) -> dict[str, Any]:
    """The JSON object at a path below /api/v2."""
    return cast("dict[str, Any]", api.get(path, params=parameters).raise_for_status().json())


def all_of(api: httpx.Client, path: str, key: str) -> list[dict[str, Any]]:
    """Every entry of a list, which the API gives in pages of at most 100 (`[api] maximum_page_limit`)."""
    found: list[dict[str, Any]] = []
    while True:
        page = get(api, path, limit=100, offset=len(found))
        found += page[key]
        if len(found) >= page["total_entries"] or not page[key]:
            return found


def first_parse(place: Place, port: int, seconds: float) -> str:
    """Wait until the number of DAGs and broken files rests, for so long at most; say it."""
    files = any((place.checkout / "dags").rglob("*.py"))
    end, before, found = time.monotonic() + seconds, None, None
    while time.monotonic() < end and (found is None or found != before or (files and found == (0, 0))):
        time.sleep(1)
        # a busy machine's answer may take long; what is healthy stays so
        with contextlib.suppress(httpx.TransportError), client(place, port) as api:
            before, found = found, (_count(api, "/dags"), _count(api, "/importErrors"))
    if found is None:
        return "not known yet"
    broken = f", {found[1]} files with errors: `make check-dags`" if found[1] else ""
    return f"{found[0]} DAGs{broken}"


def _count(api: httpx.Client, path: str) -> int:
    return int(get(api, path, limit=1)["total_entries"])
