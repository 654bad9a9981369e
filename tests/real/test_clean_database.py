"""The nightly cleanup on a real Airflow's database: a DAG that is gone, and rows of 120 days beside rows of today."""

import re
from typing import get_args

import pytest

from infra.settings.release.serving import CleanupTable
from tests.real.airflow_here import ROOT, VENV, AirflowHere, Done

SCRIPT = str(ROOT / "infra" / "airflow" / "scripts" / "clean_database.py")
DAG = """
from datetime import datetime
from airflow.sdk import dag, task

@dag(schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False)
def {name}():
    @task
    def first(): ...
    @task
    def second(): ...
    first() >> second()

{name}()
"""
#: Two scheduled runs as a failed first task leaves them: of `second` there is a row without a start.
RUNS = """
from datetime import timedelta
from airflow._shared.timezones import timezone
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models.dagbag import DBDagBag
from airflow.models.dagbundle import DagBundleModel
from airflow.utils.session import create_session
from airflow.utils.types import DagRunTriggeredByType, DagRunType

with create_session() as session:
    if session.get(DagBundleModel, "tests") is None:
        session.add(DagBundleModel(name="tests"))
        session.flush()
    sync_bag_to_db(DagBag(folder, bundle_path=folder, bundle_name="tests"), "tests", None, session=session)
    dag = DBDagBag().get_latest_version_of_dag(name, session=session)
    for days in (130, 120):
        when = timezone.utcnow() - timedelta(days=days)
        run = dag.create_dagrun(
            run_id=f"scheduled__{days}", logical_date=when, data_interval=(when, when), run_after=when, start_date=when,
            run_type=DagRunType.SCHEDULED, triggered_by=DagRunTriggeredByType.TIMETABLE, state="failed",
            session=session,
        )
        for one in run.get_task_instances(session=session):
            if one.task_id == "first" or started:
                one.state, one.start_date = "failed", when
            else:
                one.state = "upstream_failed"
answer = None
"""
OLD = "now() - interval '120 days'"


def make_runs(airflow: AirflowHere, name: str, *, removed: bool, started: bool = False) -> None:
    """A DAG with two failed runs of 130 and 120 days ago; `started`: its second task had begun as well."""
    folder = airflow.folder / name
    folder.mkdir()
    (folder / f"{name}.py").write_text(DAG.format(name=name))
    airflow.python(RUNS, folder=str(folder), name=name, started=started)
    airflow.sql(f"update dag_version set created_at = {OLD}, last_updated = {OLD} where dag_id = '{name}'")
    if removed:
        airflow.sql(f"update dag set last_parsed_time = {OLD}, is_stale = true where dag_id = '{name}'")


def make_rows(airflow: AirflowHere, old: int = 1) -> None:
    """Rows of today, and old ones, in tables that hang on nothing."""
    for age, count in ((OLD, old), ("now()", 1)):
        airflow.sql(f"insert into log (dttm, event) select {age}, 'test' from generate_series(1, {count})")
        airflow.sql(f"insert into job (job_type, latest_heartbeat) select 'test', {age}")
        airflow.sql(f"insert into import_error (timestamp, filename) select {age}, 'a.py'")


def count(airflow: AirflowHere, table: str, where: str = "true") -> int:
    if table == "log":  # Airflow's own commands write there, too
        where = "event = 'test'"
    return int(airflow.sql(f"select count(*) from {table} where {where}"))


def run(airflow: AirflowHere, *argv: str) -> Done:
    return airflow.server.start({"argv": list(argv), "env": airflow.env}).wait()


def clean(airflow: AirflowHere, *tables: str) -> Done:
    done = run(airflow, SCRIPT, "90", *tables)
    assert "Traceback" not in done.err, done.err
    assert count(airflow, "pg_tables", "tablename like '\\_airflow\\_deleted%'") == 0
    return done


@pytest.mark.guarantee("a table that cannot be cleaned")
def test_a_removed_dag_keeps_nothing_from_being_cleaned(airflow: AirflowHere) -> None:
    make_runs(airflow, "gone", removed=True)
    make_rows(airflow)
    done = clean(airflow)
    assert done.code == 0, done.out + done.err
    for table in ("log", "job", "import_error"):
        assert count(airflow, table) == 1, table
    assert airflow.sql("select run_id from dag_run") == "scheduled__120", "the last scheduled run stays"
    assert airflow.sql("select task_id, state from task_instance") == "second|upstream_failed"
    assert count(airflow, "dag") == 1, "a task refers to its version"
    again = clean(airflow)
    assert again.code == 0, again.out + again.err


def test_airflows_own_command_ends_at_the_removed_dag(airflow: AirflowHere) -> None:
    """The reason for the script; should this fail with a newer Airflow, `airflow db clean` may do."""
    make_runs(airflow, "gone", removed=True)
    before = airflow.sql(f"select {OLD}")
    argv = ("db", "clean", "--clean-before-timestamp", before, "--skip-archive", "--yes", "--tables", "dag")
    done = run(airflow, str(VENV / "bin" / "airflow"), *argv)
    assert done.code != 0
    assert "task_instance_dag_version_id_fkey" in done.err


def test_a_removed_dag_goes_with_its_last_task(airflow: AirflowHere) -> None:
    make_runs(airflow, "gone", removed=True, started=True)
    make_runs(airflow, "there", removed=False)
    done = clean(airflow)
    assert done.code == 0, done.out + done.err
    assert airflow.sql("select dag_id from dag") == "there"
    assert airflow.sql("select distinct dag_id from dag_version") == "there"
    assert count(airflow, "dag_run") == 2, "the last scheduled run of each"


@pytest.mark.guarantee("a table that cannot be cleaned")
def test_a_table_that_fails_is_told_of_and_the_others_are_cleaned(airflow: AirflowHere) -> None:
    make_rows(airflow)
    refuse = "create function refuse() returns trigger language plpgsql as $$ begin raise 'not this one'; end $$"
    airflow.sql(refuse)
    for table in ("job", "import_error"):
        airflow.sql(f"create trigger refuse before delete on {table} execute function refuse()")
    done = clean(airflow)
    assert done.code == 1
    for table in ("job", "import_error"):
        assert f"{table} was not cleaned: not this one" in done.err
    assert count(airflow, "log") == 1


def test_many_rows_go_in_batches(airflow: AirflowHere) -> None:
    make_rows(airflow, old=20_001)
    done = clean(airflow, "log")
    assert done.code == 0, done.err
    assert "batch 3, max 10000 rows" in done.out
    assert count(airflow, "log") == 1


def test_only_the_tables_that_were_chosen(airflow: AirflowHere) -> None:
    make_runs(airflow, "there", removed=False)
    make_rows(airflow)
    done = clean(airflow, "log", "dag_version")
    assert done.code == 0, done.err
    assert "2 of 2 tables" in done.out
    assert (count(airflow, "log"), count(airflow, "job"), count(airflow, "task_instance")) == (1, 2, 4)
    wrong = clean(airflow, "logs")
    assert wrong.code == 2
    assert "logs" in wrong.err


@pytest.mark.guarantee("a table that cannot be cleaned")
def test_what_refers_to_a_table_is_cleaned_before_it_and_dags_last(airflow: AirflowHere) -> None:
    order = re.findall(r"Checking table (\w+)", clean(airflow).out)
    keys = airflow.sql("select conrelid::regclass, confrelid::regclass from pg_constraint where contype = 'f'")
    pairs = [line.split("|") for line in keys.splitlines()]
    inside = [(child, parent) for child, parent in pairs if child in order and parent in order and child != parent]
    assert len(inside) > 5
    assert [pair for pair in inside if order.index(pair[0]) > order.index(pair[1])] == []
    assert order[-1] == "dag"
    here = airflow.sql("select tablename from pg_tables where schemaname = 'public'").split()
    assert set(order) == set(here) & set(get_args(CleanupTable))


def test_the_settings_know_airflows_tables(airflow: AirflowHere) -> None:
    known = airflow.python("from airflow.utils.db_cleanup import config_dict\nanswer = list(config_dict)")
    assert sorted(known) == sorted(get_args(CleanupTable))


def test_a_dag_that_is_there_keeps_its_version_and_its_last_run(airflow: AirflowHere) -> None:
    make_runs(airflow, "there", removed=False)
    done = clean(airflow)
    assert done.code == 0, done.out + done.err
    assert airflow.sql("select run_id from dag_run") == "scheduled__120"
    assert (count(airflow, "dag"), count(airflow, "dag_version")) == (1, 1)
