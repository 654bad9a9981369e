"""Runs a notebook by papermill with the run's parameters, and keeps the executed notebook as the report.

The variable `notebooks_folder` says where reports are kept: a folder, or on a cluster an object store's
(`s3://bucket/reports`, `abfs://…`), since a task's pod takes its disk with it. Without it they go to AIRFLOW_HOME.
"""

import os
from pathlib import Path

import pendulum
from airflow.sdk import Param, Variable, dag, task
from common.alerts import tell_of_failure

NOTEBOOK = Path(__file__).parent / "notebooks" / "orders.ipynb"
FOLDER = Path(os.environ.get("AIRFLOW_HOME", "~/airflow"), "notebooks").expanduser()


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    default_args={"on_failure_callback": tell_of_failure},
    params={"orders": Param(200, type="integer", minimum=1)},
    tags=["example"],
    doc_md=__doc__,
)
def notebook_report():
    @task
    def report(orders: str, day: str, run_id: str) -> str:
        """Execute the notebook; where the result is. Its cells' output is in the task's log, too."""
        # here and not above: papermill takes 3 s to import, and Airflow reads this file every 30 s
        from papermill import execute_notebook

        folder = Variable.get("notebooks_folder", default=str(FOLDER))
        if "://" not in folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
        # a run's id holds colons, which not every file system takes
        result = f"{folder}/orders-{run_id.replace(':', '')}.ipynb"
        given = {"orders": int(orders), "day": day}
        execute_notebook(NOTEBOOK, result, given, kernel_name="python3", log_output=True, progress_bar=False)
        return result

    report(
        orders="{{ params.orders }}",
        day="{{ macros.workdays.previous(dag_run.run_after.date()) }}",
        run_id="{{ run_id }}",
    )


notebook_report()
