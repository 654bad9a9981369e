"""What the pods may be that a release's scheduler makes: a ValidatingAdmissionPolicy, judged by the API server itself.

A task's `executor_config` is merged last, over all that this program says, and by its author. So what a pod may wear
and mount is not left to the template: account, Secrets, claims, labels and host fields come from a list.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import pulumi
import yaml
from pulumi_kubernetes.admissionregistration.v1 import (
    MatchConditionArgs,
    MatchResourcesArgs,
    NamedRuleWithOperationsArgs,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpecArgs,
    ValidatingAdmissionPolicySpecArgs,
    ValidationArgs,
    VariableArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from infra.airflow import access
from infra.airflow.parts import Parts
from infra.airflow.world import git_connection_id
from infra.namespaces import NAME_LABEL
from infra.settings.release import BundleDags, Release

GUARDED_LABELS = ("airflow-platform/", "acme.cert-manager.io/", "azure.workload.identity/")
"""Labels by which a pod is reached, reaches others, or is somebody in the cloud."""

VOLUMES = ("configMap", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret")
_GENERATED = "[0-9a-z]{8}"
"""What the provider appends to the name of an object that is given none."""


def policy(
    release: Release, labels: Mapping[str, str], priority_class: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """The policy and what binds it to the release's namespace. `labels` are those of the pod template."""
    own = Parts(release)
    name = f"{own.namespace}-{own.of('task-pods')}"
    metadata = ObjectMetaArgs(name=name, labels=own.labels("task-pods"))
    made = ValidatingAdmissionPolicy(
        own.of("task-pods"), metadata=metadata, spec=spec(release, labels, priority_class), opts=opts
    )
    bound = ValidatingAdmissionPolicyBinding(
        own.of("task-pods"),
        metadata=metadata,
        spec=ValidatingAdmissionPolicyBindingSpecArgs(policy_name=name, validation_actions=["Deny"]),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[made])),
    )
    return [made, bound]


def spec(
    release: Release, labels: Mapping[str, str], priority_class: pulumi.Input[str]
) -> ValidatingAdmissionPolicySpecArgs:
    """Every pod that the scheduler's account makes or changes in the release's namespace."""
    own = Parts(release)
    account = f"system:serviceaccount:{own.namespace}:{own.of('scheduler')}"
    return ValidatingAdmissionPolicySpecArgs(
        failure_policy="Fail",
        match_constraints=MatchResourcesArgs(
            namespace_selector=LabelSelectorArgs(match_labels={NAME_LABEL: own.namespace}),
            resource_rules=[
                NamedRuleWithOperationsArgs(
                    api_groups=[""],
                    api_versions=["v1"],
                    operations=["CREATE", "UPDATE"],
                    resources=["pods"],
                )
            ],
        ),
        match_conditions=[
            MatchConditionArgs(name="by-the-scheduler", expression=f"request.userInfo.username == {_text(account)}")
        ],
        variables=[VariableArgs(name=name, expression=text) for name, text in _VARIABLES.items()],
        validations=[
            *(
                ValidationArgs(expression=expression, message=message)
                for expression, message in _validations(release, labels)
            ),
            ValidationArgs(
                expression=pulumi.Output.from_input(priority_class).apply(_priority),
                message="spec.priorityClassName: not that of Airflow's own components, and none of Kubernetes' own",
            ),
        ],
    )


_VARIABLES: Mapping[str, str] = {
    "labels": "has(object.metadata.labels) ? object.metadata.labels : {}",
    "before": 'request.operation == "UPDATE" && has(oldObject.metadata.labels) ? oldObject.metadata.labels : {}',
    "containers": "object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : [])",
    "volumes": "has(object.spec.volumes) ? object.spec.volumes : []",
    "sources": "variables.volumes.filter(v, has(v.projected) && has(v.projected.sources)).map(v, v.projected.sources)",
}


def _validations(release: Release, labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """A CEL expression that holds for a good pod, and what is said of another."""
    yield from _labels(release, labels)
    # Of a pod that stands, Kubernetes lets nothing change that these judge; an upgrade finds pods of an earlier list.
    for expression, message in (*_accounts(release), *_secrets(release), *_volumes(release), *_HOST):
        yield f'request.operation != "CREATE" || ({expression})', message


def _labels(release: Release, labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    fixed = Parts(release).labels("worker")
    keys = _list([*fixed])
    yield (
        f"{_map(fixed)}.all(key, key in variables.labels && variables.labels[key] == {_map(fixed)}[key])"
        f' || (request.operation == "UPDATE" && {keys}.all(key, (key in variables.labels) == (key in variables.before)'
        " && (!(key in variables.labels) || variables.labels[key] == variables.before[key])))",
        f"metadata.labels: {', '.join(f'{key}={value}' for key, value in fixed.items())}, as every task's pod",
    )
    allowed = _map({key: value for key, value in labels.items() if key.startswith(GUARDED_LABELS)})
    guarded = " || ".join(f"key.startsWith({_text(prefix)})" for prefix in GUARDED_LABELS)
    yield (
        f"variables.labels.all(key, !({guarded}) || (key in {allowed} && variables.labels[key] == {allowed}[key])"
        " || (key in variables.before && variables.labels[key] == variables.before[key]))",
        f"metadata.labels: of {', '.join(f'{prefix}*' for prefix in GUARDED_LABELS)} the template's alone",
    )


def _accounts(release: Release) -> Iterator[tuple[str, str]]:
    accounts = [Parts(release).of("worker"), *release.tasks.may_use.service_accounts]
    yield (
        f"has(object.spec.serviceAccountName) && object.spec.serviceAccountName in {_list(accounts)}",
        f"spec.serviceAccountName: {_or(accounts)}, or one of tasks.mayUse.serviceAccounts",
    )


def _volumes(release: Release) -> Iterator[tuple[str, str]]:
    own, more = Parts(release), release.tasks.may_use.volume_claims
    claims = [*(own.of(purpose) for purpose in ("dags", "plugins", "logs")), *more, *_named(release, "claimName")]
    claim = "v.persistentVolumeClaim"
    yield (
        f"variables.volumes.all(v, !has({claim}) || {claim}.claimName in {_list(claims)})",
        "spec.volumes.persistentVolumeClaim: one of the release's shares, or of tasks.mayUse.volumeClaims",
    )
    yield (
        "variables.volumes.all(v, " + " || ".join(f"has(v.{kind})" for kind in VOLUMES) + ")",
        f"spec.volumes: {_or(list(VOLUMES))}",
    )


def _secrets(release: Release) -> Iterator[tuple[str, str]]:
    pattern = _text(secret_pattern(release))
    say = "a Secret of the tasks' own, or one of tasks.mayUse.secrets"
    yield (
        f"variables.volumes.all(v, !has(v.secret) || v.secret.secretName.matches({pattern}))",
        f"spec.volumes.secret: {say}",
    )
    yield (
        "variables.sources.all(several, several.all(one, !has(one.secret)"
        f" || (has(one.secret.name) && one.secret.name.matches({pattern}))))",
        f"spec.volumes.projected: {say}",
    )
    yield (
        "variables.containers.all(c, !has(c.env) || c.env.all(e, !has(e.valueFrom) || !has(e.valueFrom.secretKeyRef)"
        f" || (has(e.valueFrom.secretKeyRef.name) && e.valueFrom.secretKeyRef.name.matches({pattern}))))",
        f"spec.containers.env: {say}",
    )
    yield (
        "variables.containers.all(c, !has(c.envFrom) || c.envFrom.all(e, !has(e.secretRef)"
        f" || (has(e.secretRef.name) && e.secretRef.name.matches({pattern}))))",
        f"spec.containers.envFrom: {say}",
    )
    yield (
        "!has(object.spec.imagePullSecrets)"
        f" || object.spec.imagePullSecrets.all(s, has(s.name) && s.name.matches({pattern}))",
        f"spec.imagePullSecrets: {say}",
    )


_HOST = (
    (
        "!(has(object.spec.hostNetwork) && object.spec.hostNetwork)"
        " && !(has(object.spec.hostPID) && object.spec.hostPID) && !(has(object.spec.hostIPC) && object.spec.hostIPC)",
        "spec.hostNetwork, spec.hostPID, spec.hostIPC: a task has no part of its node",
    ),
    (
        "variables.containers.all(c, !has(c.ports) || c.ports.all(p, !has(p.hostPort) || p.hostPort == 0))",
        "spec.containers.ports: no hostPort",
    ),
    (
        "variables.containers.all(c, !has(c.securityContext) || !has(c.securityContext.privileged)"
        " || !c.securityContext.privileged)",
        "spec.containers.securityContext.privileged: never",
    ),
    (
        "!has(object.spec.nodeName)",
        "spec.nodeName: the scheduler of Kubernetes chooses the node",
    ),
)


def _priority(priority_class: str) -> str:
    name = "object.spec.priorityClassName"
    return f"!has({name}) || ({name} != {_text(priority_class)} && !{name}.startsWith('system-'))"


def secret_pattern(release: Release) -> str:
    """The names of the Secrets that a task's pod may hold: neither the database's, the JWT key, nor the settings."""
    own = Parts(release)
    purposes = ["fernet", "api", "git", "pull", *(f"connection-{name}" for name in _connections(release))]
    if release.celery:
        purposes += ["broker", "result"]
    ours = [f"{re.escape(own.of(purpose))}-{_GENERATED}" for purpose in purposes]
    theirs = [re.escape(name) for name in (*release.tasks.may_use.secrets, *_named(release, "secretName"))]
    theirs += [re.escape(name) for reference in ("secretKeyRef", "secretRef") for name in _named(release, reference)]
    return f"^({'|'.join([*ours, *theirs])})$"


def _connections(release: Release) -> list[str]:
    bundles = release.dags.repositories if isinstance(release.dags, BundleDags) else ()
    named = [git_connection_id(one) for one in bundles if one.auth != "none"]
    mail, slack = ["smtp_default"] if release.email else [], ["slack_default"] if release.slack else []
    return [name.replace("_", "-") for name in (*named, *mail, *slack)]


def _named(release: Release, key: str) -> list[str]:
    """What the stack file's own `values` name by this key: whoever writes them may."""
    return sorted(set(_found(release.values, key)))


def _found(value: Any, key: str) -> Iterator[str]:
    if isinstance(value, str) and key in value:  # the chart takes some lists as text (extraEnv, extraEnvFrom)
        try:
            parsed = yaml.safe_load(value)
        except yaml.YAMLError:
            return
        yield from () if isinstance(parsed, str) else _found(parsed, key)
    elif isinstance(value, Mapping):
        for name, inner in cast("Mapping[str, Any]", value).items():
            if name == key:
                named = cast("Mapping[str, Any]", inner).get("name") if isinstance(inner, Mapping) else inner
                yield from [named] if isinstance(named, str) else []
            yield from _found(inner, key)
    elif isinstance(value, list | tuple):
        for inner in cast("list[Any]", value):
            yield from _found(inner, key)


def template_labels(release: Release, identity: Mapping[str, str]) -> dict[str, str]:
    """What the pods of tasks wear by the chart's template."""
    return {**release.tasks.pod_labels, **access.labels(release, "worker"), **identity}


def _text(value: str) -> str:
    return json.dumps(value)


def _list(values: list[str]) -> str:
    return json.dumps(list(dict.fromkeys(values)))


def _map(values: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(values.items())))


def _or(values: list[str]) -> str:
    return " or ".join(dict.fromkeys(values))
