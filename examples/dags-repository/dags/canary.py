"""Runs every five minutes through scheduler, executor and a worker, and does nothing else.

The monitoring watches it: no successful run for a while means that Airflow schedules nothing, whatever its processes
say of themselves. It is switched on from the start and keeps no failed run waiting.
"""

from datetime import timedelta

import pendulum
from airflow.sdk import dag, get_current_context, task


@dag(
    schedule="*/5 * * * *",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=4),
    is_paused_upon_creation=False,
    tags=["monitoring"],
    doc_md=__doc__,
)
def canary():
    @task(retries=0)
    def sing() -> float:
        """How late the run is, in seconds: the scheduler's and the executor's delay together."""
        late = (pendulum.now("UTC") - get_current_context()["dag_run"].run_after).total_seconds()
        print(f"started {late:.1f} s after its time")
        return late

    sing()


canary()
