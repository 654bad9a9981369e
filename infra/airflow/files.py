"""Scripts of this package that run inside an Airflow image, delivered by ConfigMaps."""

from importlib import resources


def script_files(*names: str) -> dict[str, str]:
    """Files of `scripts/` by name."""
    folder = resources.files("infra.airflow").joinpath("scripts")
    return {name: folder.joinpath(name).read_text() for name in names}


def sync_files(*names: str) -> dict[str, str]:
    """Files of `sync/` by name; all of them without names, to be run as a folder: `python /opt/sync`."""
    folder = resources.files("infra.airflow").joinpath("sync")
    found = {file.name: file.read_text() for file in folder.iterdir() if file.name.endswith(".py")}
    return {name: found[name] for name in names or found}
