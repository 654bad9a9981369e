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
_SETTING = "there is a setting of the release for it"

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
    **dict.fromkeys(("executor", "config", "logs", "dags.persistence", "dags.mountPath"), _SETTING),
    **dict.fromkeys((f"dags.gitSync.{name}" for name in _GIT_SYNC), _SETTING),
    **dict.fromkeys(("images.airflow", "images.pod_template", "images.flower"), _SETTING),
    **dict.fromkeys(
        ("airflowVersion", "defaultAirflowTag", "defaultAirflowRepository", "defaultAirflowDigest"), _SETTING
    ),
    **dict.fromkeys(("ingress", "networkPolicies", "podTemplate", "multiNamespaceMode", "quotas", "limits"), _SETTING),
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
    guarded: set[str] = set()
    for pattern, why in GUARDED.items():
        for path in _found(values, pattern.split(".")):
            guarded.add(where := f"{key}.{'.'.join(path)}".replace(".[", "["))
            yield Problem(where, f"guarded: {why}", "remove it")
    for problem in chart_schema.judge(key, values, archive):
        if not any(problem.key == one or problem.key.startswith((f"{one}.", f"{one}[")) for one in guarded):
            yield problem


def airflow_options(key: str, config: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """What a release's `config` may not hold. Airflow ignores an unknown option in silence."""
    known = option_names()
    for section, options in config.items():
        if section not in known:
            near = nearest(section, known)
            cure = f"did you mean {near}?" if near else "see Airflow's configuration reference"
            yield Problem(f"{key}.{section}", f"a section of Airflow {versions.AIRFLOW}'s configuration", cure)
            continue
        for option in options:
            where = f"{key}.{section}.{option}"
            if (section, option) in OWN_OPTIONS:
                yield Problem(where, f"guarded: {OWN_OPTIONS[section, option]}", "remove it")
            elif option not in known[section]:
                near = nearest(option, known[section])
                cure = f"did you mean {near}?" if near else "see Airflow's configuration reference"
                yield Problem(where, f"an option of Airflow {versions.AIRFLOW}'s section {section}", cure)


#: Options that hold a secret, or that other parts of the program rely on.
OWN_OPTIONS: Mapping[tuple[str, str], str] = {
    **dict.fromkeys((("core", "fernet_key"), ("api", "secret_key"), ("api_auth", "jwt_secret")), _SECRETS),
    **dict.fromkeys((("database", "sql_alchemy_conn"), ("database", "sql_alchemy_conn_async")), _SECRETS),
    **dict.fromkeys((("celery", "broker_url"), ("celery", "result_backend"), ("smtp", "smtp_password")), _SECRETS),
    **dict.fromkeys((("core", "executor"), ("core", "dags_folder"), ("core", "execution_api_server_url")), _SETTING),
    **dict.fromkeys((("api", "base_url"), ("dag_processor", "dag_bundle_config_list")), _SETTING),
    **dict.fromkeys((("logging", "remote_base_log_folder"), ("logging", "remote_logging")), _SETTING),
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
