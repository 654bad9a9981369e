"""A DAG to begin with: put your own beside it, and delete it."""

import pendulum
from airflow.sdk import dag, task


@dag(
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    tags=["example"],
    doc_md=__doc__,
)
def daily_totals():
    @task
    def orders() -> list[int]:
        return [12, 30, 7]

    @task
    def total(amounts: list[int]) -> int:
        print(f"{len(amounts)} orders, {sum(amounts)} in total")
        return sum(amounts)

    total(orders())


daily_totals()
