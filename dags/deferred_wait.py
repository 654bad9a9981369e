"""Waits without a worker: the sensor hands itself to the triggerer and takes no slot until its time has come.

A thousand of these cost one process. `make run DAG=deferred_wait CONF='{"seconds": 20}'`.
"""

from datetime import timedelta

import pendulum
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.sdk import Param, dag, get_current_context, task
from common.alerts import tell_of_failure


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    dagrun_timeout=timedelta(hours=1),
    default_args={"on_failure_callback": tell_of_failure},
    params={"seconds": Param(5, type="integer", minimum=0, maximum=1800)},
    tags=["example"],
    doc_md=__doc__,
)
def deferred_wait():
    wait = DateTimeSensorAsync(
        task_id="wait",
        target_time="{{ dag_run.run_after + macros.timedelta(seconds=params.seconds) }}",
    )

    @task
    def waited() -> float:
        """How long it took from the run's time, in seconds."""
        seconds = (pendulum.now("UTC") - get_current_context()["dag_run"].run_after).total_seconds()
        print(f"went on after {seconds:.1f} s")
        return seconds

    wait >> waited()


deferred_wait()
