"""The DAG that the live tests push, and what its task saw."""

import json

from tests.live.api import Api

DAG = """
from airflow.sdk import Variable, dag, task

@dag(schedule=None, catchup=False)
def {name}():
    @task
    def look():
        print("a line that only this task writes: {name}")
        # of the pod's first process: Airflow itself hides the database from what a task starts with a false address
        environment = open("/proc/1/environ").read().split("\\0")
        names = sorted(item.partition("=")[0] for item in environment if item)
        return {{"environment": names, "from_settings": Variable.get("from_settings")}}
    look()

{name}()
"""


def task_environment(api: Api, dag: str, run: str) -> set[str]:
    """What stood in the environment of the pod that the task ran in; the settings' variable reached it too."""
    path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/look/xcomEntries/return_value"
    value = api.call("GET", path)["value"]
    seen = value if isinstance(value, dict) else json.loads(value)
    assert seen["from_settings"] == "seen"
    return set(seen["environment"])
