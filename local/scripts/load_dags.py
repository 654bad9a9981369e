"""Imports every DAG file and plugin as Airflow does and writes what came of it to a JSON file; `make check-dags`.

Runs in Airflow's environment without a database: a DAG file that needs one when it is read is an error.
Written: {"files": [{"file", "seconds", "dags", "tasks"}], "errors": {file or plugin: text}}.
"""

# pyright: basic, reportMissingImports=false
from __future__ import annotations

import json
import sys
from pathlib import Path

from airflow import plugins_manager
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization


def load(dags: Path) -> dict:
    """Load the folder; see above for what comes back."""
    sys.path.append(str(dags))  # as the dag-processor does with a bundle's folder
    plugins_manager.ensure_plugins_loaded()
    errors = {f"plugin {name}": text for name, text in plugins_manager.get_import_errors().items()}
    bag = DagBag(dags, bundle_path=dags, bundle_name="dags-folder")
    errors |= bag.import_errors
    for dag in bag.dags.values():
        try:
            DagSerialization.to_dict(dag)  # what the dag-processor stores; the last thing that can be wrong
        except Exception as error:
            errors[dag.fileloc] = f"{type(error).__name__}: {error}"
    files = [
        {
            "file": stat.file.lstrip("/"),
            "seconds": stat.duration.total_seconds(),
            "dags": stat.dag_num,
            "tasks": stat.task_num,
        }
        for stat in bag.dagbag_stats
    ]
    return {"files": files, "errors": errors}


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(load(Path(sys.argv[1]))))
