"""How every pod that talks to PostgreSQL verifies it: the CA's file, and what tells libpq and asyncpg of it."""

from urllib.parse import quote

from pulumi_kubernetes.core.v1 import ConfigMapVolumeSourceArgs, EnvVarArgs, VolumeArgs, VolumeMountArgs

from infra.contracts import Database, Text
from infra.names import POSTGRES_CA

FILE = POSTGRES_CA
FOLDER = FILE.rpartition("/")[0]
SYSTEM_FILE = "/etc/ssl/certs/ca-certificates.crt"
"""The image's own roots, for a server whose certificate a public CA signed."""
VOLUME = "postgres-ca"


def root_file(database: Database) -> str:
    """The file that holds the server's root."""
    return SYSTEM_FILE if database.ca_bundle == "" else FILE


def environment(database: Database) -> dict[str, str]:
    """What psycopg2 and asyncpg both read; in the URL, asyncpg would refuse it."""
    return {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": root_file(database)}


def result_query(database: Database) -> str:
    """For Celery's result backend, which psycopg2 alone opens: tasks run in the worker's environment, where
    PGSSLMODE would rule the DAGs' own connections to other servers.
    """
    return f"?sslmode=verify-full&sslrootcert={quote(root_file(database), safe='')}"


def env_args(database: Database) -> list[EnvVarArgs]:
    """The environment, typed."""
    return [EnvVarArgs(name=name, value=value) for name, value in environment(database).items()]


def volume_args(config_map: Text) -> VolumeArgs:
    """The CA's volume, typed."""
    return VolumeArgs(name=VOLUME, config_map=ConfigMapVolumeSourceArgs(name=config_map))


def mount_args() -> VolumeMountArgs:
    """The CA's mount, typed."""
    return VolumeMountArgs(name=VOLUME, mount_path=FOLDER, read_only=True)
