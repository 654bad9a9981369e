"""Which services are healthy, by Airflow's own word: a heartbeat of this very run, not an earlier one's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx

from local import database, rest, supervisor
from local.place import Place
from local.postgres import Postgres, PostgresError
from local.services import AIRFLOW, POSTGRES
from local.supervisor import State

# Airflow's job starts with a heartbeat, and supervisord's clock has whole seconds
_ROUNDING_SECONDS = 1


def check(place: Place, port: int) -> dict[str, bool]:
    """Each service's health by name; all false where nothing runs."""
    states = supervisor.states() or {}
    state = states.get(POSTGRES.name)
    answers = state is not None and state.up and database_answers(database.choose(place))
    return {POSTGRES.name: answers, **airflow(port)}


def airflow(port: int) -> dict[str, bool]:
    """The same for Airflow's own services."""
    states, heartbeats = supervisor.states() or {}, _heartbeats(port)
    return {service.name: _beats(states.get(service.name), heartbeats, service.name) for service in AIRFLOW}


def database_answers(server: Postgres) -> bool:
    """Whether PostgreSQL takes a query."""
    try:
        return server.sql("select 1") == "1"
    except PostgresError:
        return False


def _beats(state: State | None, heartbeats: dict[str, Any] | None, name: str) -> bool:
    if state is None or not state.up or heartbeats is None:
        return False
    if name == "api-server":
        return True
    key = name.replace("-", "_")
    told = heartbeats.get(key, {})
    latest = told.get(f"latest_{key}_heartbeat")
    if told.get("status") != "healthy" or not latest:
        return False
    return datetime.fromisoformat(latest).timestamp() >= state.started - _ROUNDING_SECONDS


def _heartbeats(port: int) -> dict[str, Any] | None:
    """What the api-server says of the others; None where it does not answer."""
    try:
        answer = rest.ask(f"http://127.0.0.1:{port}/api/v2/monitor/health")
    except httpx.TransportError:
        return None
    return answer.json() if answer.is_success else None
