"""Airflow's REST API, as the user admin of this machine."""

from __future__ import annotations

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
    # the first task makes the api-server build what tasks ask: two seconds of processor in which it answers nobody
    with httpx.Client(transport=_plain(), timeout=60) as plain:
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
