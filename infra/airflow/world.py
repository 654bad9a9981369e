"""Airflow's options for a release on the cluster: the shared ones of `config`, and what only a cluster has. Pure."""

import json

from infra.airflow.config import Options, World, options
from infra.airflow.parts import Parts
from infra.contracts import LogStore
from infra.settings import Settings
from infra.settings.release import BundleDags, GitDags, GitRepository, Release

HOME = "/opt/airflow"
SHARED_DAGS = f"{HOME}/dags"
SHARED_PLUGINS = f"{HOME}/plugins"


def base_url(release: Release, settings: Settings) -> str:
    """Where a browser finds the release, without a final slash; without a host by port-forward or a node's port."""
    if release.host:
        return f"https://{release.host}{release.url_prefix}"
    port = getattr(settings.cloud, "node_port", None) or 1234
    return f"http://localhost:{port}{release.url_prefix}"


def dags_folder(release: Release) -> str:
    """The folder that Airflow reads; of bundles, one that nothing is in."""
    if isinstance(release.dags, GitDags):
        return "/".join(filter(None, (f"{HOME}/dags/repo", release.dags.sub_path)))
    return SHARED_DAGS


def plugins_folder(release: Release) -> str:
    """Plugins come the same way as DAGs, or with the image."""
    if isinstance(release.dags, GitDags) and release.dags.plugins_path is not None:
        return "/".join(filter(None, (f"{HOME}/dags/repo", release.dags.plugins_path)))
    return SHARED_PLUGINS


def release_options(release: Release, settings: Settings, stack: str, store: LogStore | None) -> Options:
    """airflow.cfg of a release, by section; its own `config` wins."""
    world = World(
        executor=release.executor,
        base_url=base_url(release, settings),
        execution_api_server_url=f"{Parts(release).api_url}/execution/",
        instance_name=f"{stack} {release.name}",
        dags_folder=dags_folder(release),
        plugins_folder=plugins_folder(release),
        base_log_folder=f"{HOME}/logs",
    )
    merged = options(world)
    for layer in (_execution(release, settings), _remote_logs(store), _dags(release), _mail(release), release.options):
        for section, values in layer.items():
            merged.setdefault(section, {}).update(values)
    return merged


def _execution(release: Release, settings: Settings) -> Options:
    tasks = settings.sized.tasks
    own: Options = {
        "core": {"parallelism": str(tasks.parallelism), "default_task_retries": str(release.tasks.retries)},
        "fab": {"enable_proxy_fix": "True"},
    }
    if release.on_kubernetes:
        own["kubernetes_executor"] = {
            # One pod a scheduler loop, the default, starts a hundred tasks in minutes.
            "worker_pods_creation_batch_size": str(tasks.pod_creation_batch),
            # A pod above the namespace's quota waits for room; by default its task fails at once.
            "task_publish_max_retries": "-1",
            "delete_worker_pods": "True",
            "delete_worker_pods_on_failure": "True",
            # Load balancers drop an idle watch after minutes, and the executor would wait for ever.
            "enable_tcp_keepalive": "True",
            "tcp_keep_idle": "60",
            "tcp_keep_intvl": "30",
            "tcp_keep_cnt": "4",
        }
    if release.celery:
        own["celery"] = {
            "worker_concurrency": str(release.celery.concurrency),
            "flower_url_prefix": f"{release.url_prefix}/flower",
        }
        if release.celery.broker == "redis":
            # Redis hands a task that is not acknowledged by then to a second worker, and Airflow ends the first.
            own["celery_broker_transport_options"] = {"visibility_timeout": str(7 * 24 * 3600)}
    return own


def _remote_logs(store: LogStore | None) -> Options:
    if store is None:
        return {"logging": {"remote_logging": "False"}}
    return {
        "logging": {
            "remote_logging": "True",
            "remote_base_log_folder": store.url,
            "remote_log_conn_id": store.connection_id,
            "delete_local_logs": "True",
        }
    }


def _dags(release: Release) -> Options:
    if isinstance(release.dags, BundleDags):
        return {"dag_processor": {"dag_bundle_config_list": json.dumps(bundles(release.dags))}}
    return {}


def bundles(dags: BundleDags) -> list[dict[str, object]]:
    """`dag_bundle_config_list`: a GitDagBundle for each repository; the credential is a connection."""
    return [
        {
            "name": one.name,
            "classpath": "airflow.providers.git.bundles.git.GitDagBundle",
            "kwargs": {
                "repo_url": one.repository,
                "tracking_ref": one.ref,
                "refresh_interval": dags.refresh_seconds,
                **({"subdir": one.sub_path} if one.sub_path else {}),
                **({"git_conn_id": git_connection_id(one)} if one.auth != "none" else {}),
            },
        }
        for one in dags.repositories
    ]


def git_connection_id(repository: GitRepository) -> str:
    """The connection that reads this repository: each has its own, for each may have a user name of its own."""
    return f"git_{repository.name.replace('-', '_')}"


def _mail(release: Release) -> Options:
    if release.email is None:
        return {}
    return {
        "email": {"email_conn_id": "smtp_default", "from_email": release.email.sender},
        "smtp": {
            "smtp_host": release.email.host,
            "smtp_port": str(release.email.port),
            "smtp_mail_from": release.email.sender,
            "smtp_starttls": str(release.email.encryption == "starttls"),
            "smtp_ssl": str(release.email.encryption == "tls"),
        },
    }
