"""What a release's task pods belong to, so that they end with it: Pulumi knows no pod that a scheduler made.

A task pod that outlived its scheduler would hold the share's claims, and `destroy` would wait for them in vain.
Kubernetes itself deletes what belongs to an object once that is gone, and gives it its grace period.
"""

import pulumi
from pulumi_kubernetes import core, policy
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from infra.airflow.parts import Parts
from infra.settings.release import Release

GRACE_SECONDS = 60
MORE_THAN_ANY = 1_000_000  # pods
OWNER = "airflow-platform/task-pods-end-with-name"
"""The annotation by which the chart's values name the owner: another owner is another version of the release."""

# The chart's own template with one more field. The owner's uid is looked up when Helm installs: in values it would be
# unknown beforehand. `helm template` has no cluster to look at and leaves the field out.
TEMPLATE = f"""\
{{{{- $pod := tpl (.Files.Get "files/pod-template-file.kubernetes-helm-yaml") . -}}}}
{{{{- $named := "  name: placeholder-name\\n" -}}}}
{{{{- if not (contains $named $pod) -}}}}
{{{{- fail "the chart's pod template has no name to put its owner beside: infra/airflow/task_pods.py" -}}}}
{{{{- end -}}}}
{{{{- with lookup "v1" "ConfigMap" .Release.Namespace (index .Values.airflowConfigAnnotations "{OWNER}") -}}}}
{{{{- $owner := dict "apiVersion" "v1" "kind" "ConfigMap" "name" .metadata.name "uid" .metadata.uid | toJson -}}}}
{{{{- $pod = $pod | replace $named (printf "%s  ownerReferences: [%s]\\n" $named $owner) -}}}}
{{{{- end -}}}}
{{{{ $pod }}}}
"""


def keep_from_drains(release: Release, opts: pulumi.ResourceOptions) -> None:
    """No drain evicts a running task. A pod without a controller counts for an integer `minAvailable` alone.

    kubernetes.io/docs/tasks/run-application/configure-pdb, "Arbitrary workloads and arbitrary selectors".
    """
    own = Parts(release)
    policy.v1.PodDisruptionBudget(
        own.of("task-pods"),
        metadata=ObjectMetaArgs(namespace=own.namespace, labels=own.labels("task-pods")),
        spec=policy.v1.PodDisruptionBudgetSpecArgs(
            min_available=MORE_THAN_ANY,
            # The second label is what KubernetesExecutor puts on its pods, and no other worker has.
            selector=LabelSelectorArgs(match_labels={"release": release.name, "kubernetes_executor": "True"}),
        ),
        opts=opts,
    )


def owner(release: Release, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """The owner's name. It holds nothing: other data would be another object, and end the tasks."""
    own = Parts(release)
    made = core.v1.ConfigMap(
        own.of("task-pods"),
        metadata=ObjectMetaArgs(
            namespace=own.namespace,
            labels=own.labels("task-pods"),
            annotations={"airflow-platform/when-deleted": f"running tasks end, within {GRACE_SECONDS} s"},
        ),
        opts=opts,
    )
    return made.metadata.name.apply(str)
