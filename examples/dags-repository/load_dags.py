"""Loads every DAG of a folder as Airflow's DAG processor does; exit code 1 where one does not load, or there is none.

    python load_dags.py dags

It runs in the image that runs the DAGs (`make load`), so that a package, plugin or provider that is missing there is
told before a merge. It needs no database, network or Airflow that runs: what a DAG asks of them while it is loaded (a
connection, a variable) it would ask every thirty seconds for ever.
"""

import os
import sys
import tempfile
from pathlib import Path


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "dags").resolve()
    if not folder.is_dir():
        print(f"{folder}: there is no such folder", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(
            AIRFLOW_HOME=home,
            AIRFLOW__CORE__LOAD_EXAMPLES="False",
            AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home}/none.db",
            AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR",
        )
        sys.dont_write_bytecode = True
        sys.path.insert(0, str(folder))  # as a bundle's folder is
        return load(folder)


def load(folder: Path) -> int:
    # after the environment is set, which Airflow reads when it is imported
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(folder))
    for file, error in sorted(bag.import_errors.items()):
        print(f"{file} does not load:\n{error}", file=sys.stderr)
    for dag_id, dag in sorted(bag.dags.items()):
        print(f"{dag_id}: {len(dag.tasks)} tasks, {Path(dag.fileloc).relative_to(folder)}")
    if not bag.dags and not bag.import_errors:
        print(f"{folder} holds no DAG", file=sys.stderr)
    return 0 if bag.dags and not bag.import_errors else 1


if __name__ == "__main__":
    sys.exit(main())
