"""A pipeline in TaskFlow style: extract, transform each region beside the others, load.

Start here: replace `extract` with your source and `load` with your target. Trigger it with a configuration, as in
`make run DAG=taskflow_pipeline CONF='{"orders": 500}'`.
"""

import random
from collections import Counter
from datetime import timedelta

import pendulum
from airflow.sdk import Param, dag, get_current_context, task

REGIONS = ["north", "south", "east", "west"]


@dag(
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=30)},
    params={"orders": Param(100, type="integer", minimum=1, maximum=10_000)},
    tags=["example"],
    doc_md=__doc__,
)
def taskflow_pipeline():
    @task
    def extract() -> list[dict]:
        """Orders of one day; the same ones for the same number, so that a retry repeats them."""
        count = get_current_context()["params"]["orders"]
        source = random.Random(count)
        return [{"region": source.choice(REGIONS), "cents": source.randint(100, 99_999)} for _ in range(count)]

    @task
    def total(region: str, orders: list[dict]) -> dict:
        """What one region sold."""
        return {"region": region, "cents": sum(order["cents"] for order in orders if order["region"] == region)}

    @task
    def load(totals: list[dict]) -> dict[str, int]:
        """Print the totals, and return them for whoever reads the XCom."""
        result = Counter({one["region"]: one["cents"] for one in totals})
        for region, cents in result.most_common():
            print(f"{region:<8} {cents / 100:>12,.2f}")
        return dict(result)

    load(total.partial(orders=extract()).expand(region=REGIONS))


taskflow_pipeline()
