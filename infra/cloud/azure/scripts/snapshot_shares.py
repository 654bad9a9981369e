"""Takes a snapshot of every share of a storage account, then deletes the snapshots that are older than so many days.

    python snapshot_shares.py ACCOUNT_ID DAYS

Runs in Airflow's image, as a workload identity that may change this account's shares and nothing else. It asks Resource
Manager, which needs no way into the account's own network. Where a snapshot fails, none is deleted. Prints what it did.
learn.microsoft.com/rest/api/storagerp/file-shares
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.rest import HttpRequest
from azure.identity import WorkloadIdentityCredential
from azure.mgmt.core import ARMPipelineClient

ARM = "https://management.azure.com"
VERSION = "2024-01-01"


class Shares:
    """The shares of one account, by its id in Resource Manager."""

    def __init__(self, account: str, credential: Any, url: str = ARM) -> None:
        self._base, self._secure = f"{url}{account}/fileServices/default/shares", url.startswith("https:")
        policies: list[Any] = [RetryPolicy(retry_total=5), BearerTokenCredentialPolicy(credential, f"{ARM}/.default")]
        self._client: ARMPipelineClient[HttpRequest, Any] = ARMPipelineClient(base_url=url, policies=policies)

    def listed(self) -> list[tuple[str, str | None]]:
        """Every share with None, and every snapshot with its moment, exactly as Azure spells it."""
        found: list[dict[str, Any]] = []
        request = HttpRequest("GET", self._base, params={"api-version": VERSION, "$expand": "snapshots"})
        while True:
            page = self._send(request)
            found += page["value"]
            if not page.get("nextLink"):
                return [(one["name"], one.get("properties", {}).get("snapshotTime")) for one in found]
            request = HttpRequest("GET", page["nextLink"])

    def take(self, share: str) -> None:
        """A snapshot of a share, now."""
        query = {"api-version": VERSION, "$expand": "snapshots"}
        self._send(HttpRequest("PUT", f"{self._base}/{share}", params=query, json={"properties": {}}))

    def forget(self, share: str, moment: str) -> None:
        """Delete a snapshot. Without a moment it would be the share itself."""
        if not moment:
            raise ValueError(f"no snapshot of {share} is named")
        headers = {"x-ms-snapshot": moment}
        self._send(HttpRequest("DELETE", f"{self._base}/{share}", params={"api-version": VERSION}, headers=headers))

    def _send(self, request: HttpRequest) -> dict[str, Any]:
        response = self._client.send_request(request, enforce_https=self._secure)
        if response.status_code >= 400:
            raise HttpResponseError(response=response)
        return response.json() if response.content else {}


def rotate(shares: Shares, days: int, now: datetime) -> str:
    """One round: take, then forget. Moments are compared as text: Azure's have a digit more than Python's."""
    found = shares.listed()
    names = sorted({name for name, moment in found if moment is None})
    for name in names:
        shares.take(name)
    oldest = (now - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S")
    old = [(name, moment) for name, moment in found if moment and moment < oldest]
    for name, moment in old:
        shares.forget(name, moment)
    return f"{len(names)} snapshots taken, {len(old)} of {len(found) - len(names)} older ones deleted"


def main(arguments: list[str]) -> int:
    """One round in the cluster."""
    try:
        shares = Shares(arguments[0], WorkloadIdentityCredential())
        sys.stdout.write(f"{rotate(shares, int(arguments[1]), datetime.now(UTC))}\n")
    except (AzureError, ValueError) as error:  # ValueError: no identity was mounted, as where its webhook was away
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
