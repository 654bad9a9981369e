"""The connection to the cluster, explicit to the last detail: a kubeconfig and a context, never the ambient ones."""

import shlex
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

from infra.contracts import Cluster, LoadBalancer, NodePool
from infra.names import Names
from infra.settings import Secrets
from infra.settings.existing import ExistingCloud


def kubeconfig_command(cloud: ExistingCloud) -> str:
    """What leads a person's kubectl there; a kubeconfig out of the secrets is a file of that person alone."""
    context = shlex.quote(cloud.context)
    if cloud.kubeconfig == "secret":
        get = "(umask 077; pulumi config get airflow:kubeconfig > kubeconfig)"
        return f"{get} && kubectl --kubeconfig kubeconfig config use-context {context}"
    path = cloud.kubeconfig if cloud.kubeconfig.startswith("~") else shlex.quote(cloud.kubeconfig)
    return f"kubectl --kubeconfig {path} config use-context {context}"


def build(cloud: ExistingCloud, secrets: Secrets, names: Names) -> Cluster:
    """The provider and what the layers to the right must know of the cluster."""
    by_path = cloud.kubeconfig != "secret"
    kubeconfig = (
        pulumi.Output.secret(str(Path(cloud.kubeconfig).expanduser())) if by_path else secrets.output("kubeconfig")
    )
    provider = kubernetes.Provider(
        "cluster",
        kubeconfig=kubeconfig,
        context=cloud.context,
        # Without an identifier of our own, an edited kubeconfig would replace the provider and with it every object.
        cluster_identifier=names.resource(cloud.context, limit=200),
        enable_server_side_apply=True,
    )
    return Cluster(
        name=cloud.context,
        provider=provider,
        kubernetes_version=cloud.kubernetes_version,
        kubeconfig_command=kubeconfig_command(cloud),
        system=NodePool(),
        tasks=NodePool(),
        load_balancer=LoadBalancer("NodePort", node_port=cloud.node_port),
        api_server=(),  # everybody: the API stands on a node, which is no network to Cilium
        single_node=cloud.single_node,
    )
