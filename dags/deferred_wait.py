"""Waits without a worker: the sensor begins and ends in the triggerer and takes no slot in between.

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
        # A sensor that a worker starts may fail when its trigger fires at once: Airflow 3.3 then takes the end of the
        # worker that deferred for the end of the task (apache/airflow#67287, #72716). Here no worker defers.
        start_from_trigger=True,
        end_from_trigger=True,
    )

    @task
    def waited() -> float:
        """How long it took from the run's time, in seconds."""
        seconds = (pendulum.now("UTC") - get_current_context()["dag_run"].run_after).total_seconds()
        print(f"went on after {seconds:.1f} s")
        return seconds

    wait >> waited()


deferred_wait()
