"""Reads a connection and a variable that settings/<environment>/secret.yaml defines, without connecting anywhere.

The same file's format serves every environment, so the same DAG finds its own warehouse in each.
"""

import pendulum
from airflow.sdk import BaseHook, Variable, dag, task
from common.alerts import tell_of_failure


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    default_args={"on_failure_callback": tell_of_failure},
    tags=["example"],
    doc_md=__doc__,
)
def settings_reader():
    @task
    def read() -> dict[str, str]:
        """Read them when the task runs: at the file's top level they would be read every time it is parsed."""
        warehouse = BaseHook.get_connection("warehouse")
        title = Variable.get("report_title")
        where = f"{warehouse.conn_type}://{warehouse.login}@{warehouse.host}:{warehouse.port}/{warehouse.schema}"
        print(f"{title!r} would come from {where}")
        return {"title": title, "warehouse": where}

    read()


settings_reader()
