"""What a release's escape hatches `values:` and `config:` may hold: known keys, and none that the program guards."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, cast

from infra import versions
from infra.settings import chart_schema
from infra.settings.problems import Problem, nearest

_SECRETS = "keys are Secrets of ours, rotated by `pulumi config set --secret`"
_NAMES = "other objects refer to these names"
_ON_CELERY = "workers.celery"


def _use(setting: str) -> str:
    return f"the release's own {setting} does it"


#: What is left is how the sidecar runs: its environment (a proxy, an own CA), mounts, probes, resources.
_GIT_SYNC = (
    *("enabled", "repo", "ref", "branch", "rev", "subPath", "period", "knownHosts"),
    *("credentialsSecret", "sshKey", "sshKeySecret", "uid", "securityContext"),
)

#: Values that the program answers for: a dotted path (`*` for any component) and why it is refused.
GUARDED: Mapping[str, str] = {
    **dict.fromkeys(("postgresql", "data", "pgbouncer"), "the database is the foundation's, over verified TLS"),
    **dict.fromkeys(("fernetKey", "fernetKeySecretName", "jwtSecret", "jwtSecretName"), _SECRETS),
    **dict.fromkeys(("apiSecretKey", "apiSecretKeySecretName", "webserverSecretKey"), _SECRETS),
    **dict.fromkeys(("webserverSecretKeySecretName", "extraSecrets", "secret", "registry"), _SECRETS),
    **dict.fromkeys(("redis.password", "redis.passwordSecretName", "redis.enabled"), _SECRETS),
    **dict.fromkeys(("flower.username", "flower.password", "flower.secretName"), _SECRETS),
    "enableBuiltInSecretEnvVars": "it keeps the database's URL and the JWT key out of task pods",
    **dict.fromkeys(("migrateDatabaseJob", "createUserJob"), "own Jobs migrate and make the administrator"),
    "*.useHelmHooks": "hooks deadlock with an awaited release",
    "*.waitForMigrations": "the migration is done before the release begins, and this would need the database's URL",
    "*.serviceAccount": "service accounts are ours and carry the cloud's identity",
    **dict.fromkeys(("useStandardNaming", "fullnameOverride", "nameOverride"), _NAMES),
    "executor": _use("executor"),
    "config": _use("config"),
    "logs": _use("logs"),
    **dict.fromkeys(("dags.persistence", "dags.mountPath"), _use("dags (kind: share)")),
    **dict.fromkeys((f"dags.gitSync.{name}" for name in _GIT_SYNC), _use("dags (kind: git)")),
    "dagProcessor.dagBundleConfigList": _use("dags (kind: bundle)"),
    **dict.fromkeys(("images.airflow", "images.pod_template", "images.flower"), _use("image")),
    **dict.fromkeys(("defaultAirflowTag", "defaultAirflowRepository", "defaultAirflowDigest"), _use("image")),
    "airflowVersion": "it is the pinned one, which the image holds (image.tag)",
    "ingress": "the platform's ingress serves the release's host and path",
    "networkPolicies": "policies are the program's own; the release's egress says what tasks reach",
    "podTemplate": "the program's keeps secrets out of task pods; tasks, workers.kubernetes and a DAG's pod_override "
    "change them",
    "multiNamespaceMode": "roles and policies are made for one namespace; another one is another release",
    **dict.fromkeys(("quotas", "limits"), "they are made of figures.quota and figures.tasks"),
    "webserver": "Airflow 3 has none; apiServer stands in its place",
    "databaseCleanup": _use("cleanup"),
    "cleanup": "task pods are deleted when they end ([kubernetes_executor] delete_worker_pods), and with the release",
    **dict.fromkeys(
        (f"{_ON_CELERY}.keda", f"{_ON_CELERY}.hpa"),
        "the chart's own would ask for the database's URL in the worker; the release's celery.keda scales workers",
    ),
    **dict.fromkeys(
        ("triggerer.keda", "apiServer.hpa"), "the program's figures.triggerer and figures.apiServer say the replicas"
    ),
    f"{_ON_CELERY}.sets": "a set's pods would stand under two PodDisruptionBudgets, and no scaling knows them; "
    "another release, or workers.celery.queue, takes other queues",
    **dict.fromkeys(("uid", "gid", "securityContext", "securityContexts", "*.securityContexts"), "pods run restricted"),
    "rbac": "roles are as narrow as the executor allows",
}


@cache
def option_names() -> Mapping[str, frozenset[str]]:
    """Options of the pinned Airflow and its providers, by section."""
    sections: Mapping[str, list[str]] = _data("airflow-options.json", versions.AIRFLOW)["sections"]
    return {section: frozenset(options) for section, options in sections.items()}


def chart_values(key: str, values: Mapping[str, Any], archive: str | None = None) -> Iterator[Problem]:
    """What a release's `values` may not hold: what is ours, and what the chart's schema or we know to be wrong."""
    guarded = {
        f"{key}.{'.'.join(path)}".replace(".[", "["): why
        for pattern, why in GUARDED.items()
        for path in _found(values, pattern.split("."))
    }
    inside = tuple(mark for one in guarded for mark in (f"{one}.", f"{one}["))  # what is to go needs no other judgement
    for where, why in guarded.items():
        if not where.startswith(inside):
            yield Problem(where, f"guarded: {why}", "remove it")
    for problem in chart_schema.judge(key, values, archive):
        if problem.key not in guarded and not problem.key.startswith(inside):
            yield problem


def airflow_options(key: str, config: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """What a release's `config` may not hold. Airflow ignores an unknown option in silence."""
    known = option_names()
    for section, options in config.items():
        if section not in known:
            if near := _misspelt(section, known):
                rule = f"a section of Airflow {versions.AIRFLOW}'s configuration"
                yield Problem(f"{key}.{section}", rule, f"did you mean {near}?")
            continue  # a provider in the image may own it: the plan warns
        for option in options:
            where = f"{key}.{section}.{option}"
            if (section, option) in OWN_OPTIONS:
                yield Problem(where, f"guarded: {OWN_OPTIONS[section, option]}", "remove it")
            elif option not in known[section]:
                near = nearest(option, known[section])
                cure = f"did you mean {near}?" if near else "see Airflow's configuration reference"
                yield Problem(where, f"an option of Airflow {versions.AIRFLOW}'s section {section}", cure)


def _misspelt(section: str, known: Mapping[str, Any]) -> str | None:
    """The section that was meant. One that holds a known one's whole name is another's (`openlineage`)."""
    near = nearest(section, known)
    return near if near and near not in section else None


def foreign_sections(config: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Sections that neither Airflow nor a provider of the pinned image knows."""
    return tuple(section for section in config if section not in option_names())


#: Options that hold a secret, or that other parts of the program rely on.
OWN_OPTIONS: Mapping[tuple[str, str], str] = {
    **dict.fromkeys((("core", "fernet_key"), ("api", "secret_key"), ("api_auth", "jwt_secret")), _SECRETS),
    **dict.fromkeys((("database", "sql_alchemy_conn"), ("database", "sql_alchemy_conn_async")), _SECRETS),
    **dict.fromkeys((("celery", "broker_url"), ("celery", "result_backend"), ("smtp", "smtp_password")), _SECRETS),
    ("core", "executor"): _use("executor"),
    ("core", "dags_folder"): _use("dags"),
    ("core", "execution_api_server_url"): "it is the api-server's address in the cluster, which policies let through",
    ("api", "base_url"): "it is made of the release's host and path",
    ("dag_processor", "dag_bundle_config_list"): _use("dags (kind: bundle)"),
    **dict.fromkeys(
        (("logging", "remote_base_log_folder"), ("logging", "remote_logging")),
        "the release's own logs do it: objectStore on AWS and Azure; an existing cluster has share and pod",
    ),
    ("core", "auth_manager"): "the administrator and the sync of users need FAB's",
    ("kubernetes_executor", "pod_template_file"): "the chart's holds what keeps secrets out of task pods",
    ("kubernetes_executor", "namespace"): "roles and policies are made for the release's own",
}


def _found(values: Any, pattern: list[str]) -> Iterator[tuple[str, ...]]:
    """Paths in the values that a pattern covers; items of lists are gone through as `[0]`."""
    if isinstance(values, list):
        for index, item in enumerate(cast("list[Any]", values)):
            yield from ((f"[{index}]", *path) for path in _found(item, pattern))
    if not isinstance(values, Mapping):
        return
    inner = cast("Mapping[str, Any]", values)
    head, rest = pattern[0], pattern[1:]
    if head == "*":  # at any depth: workers.celery.serviceAccount as well as scheduler.serviceAccount
        for name, value in inner.items():
            yield from ((name, *path) for path in _found(value, rest))
            yield from ((name, *path) for path in _found(value, pattern))
    elif head in inner:
        yield from ((head, *path) for path in _found(inner[head], rest)) if rest else ((head,),)


def _data(name: str, version: str) -> Any:
    data = json.loads(resources.files("infra.settings").joinpath("data", name).read_text())
    if data["version"] != version:
        raise RuntimeError(f"infra/settings/data/{name} is of version {data['version']}, the pin is {version}")
    return data
