"""When the DAGs of a start are there: what the list shows has been parsed anew, and its length rests."""

from __future__ import annotations

import time
from dataclasses import dataclass

from local import database
from local.place import Place
from local.postgres import Postgres

_POLL_SECONDS = 0.2
#: A DAG that went, or was renamed, stays listed for a minute and is parsed no more.
_REST_SECONDS = 2


@dataclass(frozen=True)
class Count:
    """DAGs that are listed, files with errors, and DAGs without errors that were not parsed since the start."""

    dags: int
    broken: int
    outstanding: int

    @property
    def listed(self) -> tuple[int, int]:
        """What the UI's front page says."""
        return self.dags, self.broken


def count(server: Postgres, since: float) -> Count:
    """Now; `since` is the start, in seconds since 1970."""
    parsed = f"has_import_errors or last_parsed_time >= to_timestamp({since})"
    query = (
        f"select count(*), (select count(*) from import_error), count(*) filter (where not ({parsed}))"  # noqa: S608
        " from dag where not is_stale"
    )
    dags, broken, outstanding = server.sql(query, database.NAME).split("|")
    return Count(int(dags), int(broken), int(outstanding))


def first_parse(place: Place, seconds: float, since: float, before: Count) -> str:
    """Wait for it, for so long at most; say the numbers. `before` is an earlier count of this start."""
    server = database.choose(place)
    files = any((place.checkout / "dags").rglob("*.py"))
    listed, began = before.listed, time.monotonic()
    rested = began
    while True:
        found, now = count(server, since), time.monotonic()
        if found.listed != listed:
            listed, rested = found.listed, now
        elif not (files and listed == (0, 0)) and (not found.outstanding or now - rested > _REST_SECONDS):
            break
        if now - began > seconds:
            break
        time.sleep(_POLL_SECONDS)
    broken = f", {found.broken} files with errors: `make check-dags`" if found.broken else ""
    return f"{found.dags} DAGs{broken}"
