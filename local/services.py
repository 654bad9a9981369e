"""The processes of the local environment: what each runs and how it is stopped."""

from __future__ import annotations

import signal
from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    """One guarded process. `arguments` are Airflow's; `grace` is the time in seconds from `stop` to SIGKILL."""

    name: str
    arguments: tuple[str, ...] = ()
    stop: signal.Signals = signal.SIGTERM
    grace: float = 15


# SIGINT is PostgreSQL's fast shutdown: sessions are ended, data is written
POSTGRES = Service("postgres", stop=signal.SIGINT)
# The log servers of scheduler and triggerer would listen on every address and, in a second checkout, on the same
# port; here the api-server reads the files itself.
SCHEDULER = Service("scheduler", ("scheduler", "--skip-serve-logs"))
API_SERVER = Service("api-server", ("api-server",))
DAG_PROCESSOR = Service("dag-processor", ("dag-processor",))
AIRFLOW = (
    API_SERVER,
    SCHEDULER,
    DAG_PROCESSOR,
    Service("triggerer", ("triggerer", "--skip-serve-logs")),
)
# stops Airflow, then PostgreSQL
SUPERVISOR = Service("supervisor", grace=45)
SUPERVISED = (POSTGRES, *AIRFLOW)


def named(name: str) -> Service:
    """The service of that name; KeyError otherwise."""
    return {service.name: service for service in (*SUPERVISED, SUPERVISOR)}[name]
