"""`make run DAG=…`: trigger a DAG by the REST API, follow its tasks, print their logs."""

from __future__ import annotations

import json
import textwrap
import time
from typing import Any, cast

import httpx
from rich.console import Console

from local import rest
from local.errors import LocalError

_POLL_SECONDS = 1
_ENDED = ("success", "failed", "skipped", "upstream_failed", "removed")
_AIRFLOW = "/site-packages/airflow/"  # a dozen frames between its runner and the task's first line
_EXAMPLE = "as in CONF='{\"rows\": 10}'"
_MARKS = {"success": "[green]✓[/]", "skipped": "[dim]-[/]"}


def run_dag(api: httpx.Client, console: Console, dag: str, conf: str, timeout: float) -> int:
    """Run a DAG to its end and print each task's log as it ends; 0 where it succeeds, 1 otherwise.

    Raises LocalError where there is no such DAG, `conf` is no JSON object, or `timeout` seconds were not enough.
    """
    run = _trigger(api, console, dag, conf)
    try:
        return _follow(api, console, dag, run, timeout)
    except KeyboardInterrupt:
        console.print(f"\n{dag} goes on, the UI shows it (run {run})")
        raise


def _follow(api: httpx.Client, console: Console, dag: str, run: str, timeout: float) -> int:
    runs, begun, shown = f"/dags/{dag}/dagRuns/{run}", time.monotonic(), set[tuple[str, int]]()
    while True:
        state = str(rest.get(api, runs)["state"])  # before the tasks: what ended by then is among them
        for task in rest.all_of(api, f"{runs}/taskInstances", "task_instances"):
            key = (str(task["task_id"]), int(task["map_index"]))
            if task["state"] in _ENDED and key not in shown:
                shown.add(key)
                _show(api, console, runs, task)
        if state in ("success", "failed"):
            console.print(f"{dag} {state} after {time.monotonic() - begun:.1f} s")
            return 0 if state == "success" else 1
        if time.monotonic() - begun > timeout:
            raise LocalError(f"{dag} still {state} after {timeout:.0f} s; it goes on, the UI shows it (run {run})")
        time.sleep(_POLL_SECONDS)


def _trigger(api: httpx.Client, console: Console, dag: str, conf: str) -> str:
    known = api.get(f"/dags/{dag}")
    if known.status_code == 404:
        names = ", ".join(str(one["dag_id"]) for one in rest.all_of(api, "/dags", "dags"))
        raise LocalError(f"DAG={dag}: there is none of that name; there are: {names or 'none'} (make check-dags)")
    given = _object(conf)
    if known.raise_for_status().json()["is_paused"]:
        api.patch(f"/dags/{dag}", json={"is_paused": False}).raise_for_status()
        console.print(f"{dag} was paused: switched on")
    asked = api.post(f"/dags/{dag}/dagRuns", json={"logical_date": None, "conf": given})
    if asked.is_client_error:
        raise LocalError(f"{dag} does not take this run: {asked.json().get('detail', asked.text)}")
    run = str(asked.raise_for_status().json()["dag_run_id"])
    console.print(f"{dag} run {run}")
    return run


def _object(conf: str) -> dict[str, Any]:
    try:
        given = json.loads(conf)
    except json.JSONDecodeError as wrong:
        raise LocalError(f"CONF={conf}: not JSON ({wrong}); {_EXAMPLE}") from None
    if not isinstance(given, dict):
        raise LocalError(f"CONF={conf}: must be a JSON object; {_EXAMPLE}")
    return cast("dict[str, Any]", given)


def _show(api: httpx.Client, console: Console, run: str, task: dict[str, Any]) -> None:
    number = f"[{task['map_index']}]" if task["map_index"] >= 0 else ""
    took = f"{task['duration']:.1f} s" if task["duration"] else ""
    console.print(f"{_MARKS.get(task['state'], '[red]✗[/]')} {task['task_id']}{number} {task['state']} {took}")
    if not task["try_number"]:
        return
    logs = f"{run}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
    for line in rest.get(api, logs, map_index=task["map_index"], full_content=True)["content"]:
        if not line["event"].startswith("::"):  # the log view's folding marks
            console.print(textwrap.indent(line["event"], "    "), markup=False)
        for error in cast("list[dict[str, Any]]", line.get("error_detail") or []):
            _show_error(console, error)


def _show_error(console: Console, error: dict[str, Any]) -> None:
    frames = cast("list[dict[str, Any]]", error["frames"])
    for frame in [one for one in frames if _AIRFLOW not in one["filename"]] or frames[-1:]:
        console.print(f"      {frame['filename']}:{frame['lineno']} in {frame['name']}", markup=False)
    console.print(f"      {error['exc_type']}: {error['exc_value']}", markup=False)
