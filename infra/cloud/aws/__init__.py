"""AWS: EKS, RDS and what stands beside them, with pulumi-aws's own resources."""

from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from infra.cloud.aws import database, dns, files, hooks, identity, object_store, registry
from infra.cloud.aws.access import Access
from infra.cloud.aws.addons import EarlyAddons, LateAddons
from infra.cloud.aws.autoscaler import Autoscaler
from infra.cloud.aws.cluster import ControlPlane
from infra.cloud.aws.files import FileSystem
from infra.cloud.aws.keys import Keys
from infra.cloud.aws.network import Network
from infra.cloud.aws.nodes import SYSTEM, TASKS, Nodes, with_memory
from infra.cloud.aws.stack import Stack
from infra.contracts import Cluster, Foundation, LoadBalancer, Peer, name_of
from infra.names import Names
from infra.settings import Secrets, Settings
from infra.settings.aws import AwsCloud

STORAGE_CLASS = "gp3"


def build(cloud: AwsCloud, settings: Settings, secrets: Secrets, names: Names) -> Foundation:
    """The foundation in `cloud.account`. The cluster, the database and the files are built side by side."""
    stack = Stack(cloud, settings, names, _provider(cloud, settings, names), hooks.binding())
    here = stack.inside()
    keys = Keys("keys", stack, here)
    network = Network("network", stack, keys, here)
    postgres = database.build(stack, network, keys, secrets.output("databasePassword"), here)
    shares = FileSystem("files", stack, network, keys, here)
    control = ControlPlane("cluster", stack, network, keys, here)
    cluster = _cluster(stack, network, keys, control)
    return Foundation(
        cluster=cluster,
        database=postgres,
        files=files.build(stack, shares, cluster),
        identity=identity.build(stack, control.cluster.name),
        object_store=object_store.build(stack, keys),
        registry=registry.build(stack, keys, here),
        dns=dns.build(stack, here),
        exports={"cloud": f"aws {cloud.region}", "clusterName": stack.cluster_name, "databaseHost": postgres.host},
    )


def _provider(cloud: AwsCloud, settings: Settings, names: Names) -> aws.Provider:
    """In this region and account, whatever the environment says. Everything taggable has its tags explicitly too."""
    return aws.Provider(
        "aws",
        region=cloud.region,
        allowed_account_ids=[cloud.account],
        default_tags=aws.ProviderDefaultTagsArgs(tags=names.tags(settings.tags)),
    )


def _cluster(stack: Stack, network: Network, keys: Keys, control: ControlPlane) -> Cluster:
    """Nodes and add-ons on the control plane, in their order, and the promise made of them."""
    here = stack.inside()
    early = EarlyAddons("early-addons", stack, control.cluster, here)
    nodes = Nodes("nodes", stack, network, keys, control.cluster, early.addons, here)
    late = LateAddons("late-addons", stack, control.cluster, nodes.system, here)
    provider = Access("access", stack, control.cluster, nodes.system, here).provider
    ready = [nodes.system, *late.addons]
    Autoscaler("autoscaler", stack, provider, control.cluster, [*ready, nodes.tasks], here)
    service, sized = IPv4Network(stack.cloud.cluster.service_cidr), stack.settings.sized.aws
    return Cluster(
        name=stack.cluster_name,
        provider=provider,
        kubernetes_version=stack.cloud.cluster.kubernetes_version,
        kubeconfig_command=f"aws eks update-kubeconfig --region {stack.cloud.region} --name {stack.cluster_name}",
        system=with_memory(SYSTEM, sized.system),
        tasks=with_memory(TASKS, sized.tasks),
        load_balancer=_load_balancer(stack),
        # The VPC CNI judges a packet before it is translated, so that the Service's own address counts as well.
        api_server=(Peer(cidr=f"{service[1]}/32"), *(Peer(cidr=cidr) for cidr in network.private_cidrs)),
        block_storage_class=_storage_class(provider, keys),
        ready=tuple(ready),
    )


def _load_balancer(stack: Stack) -> LoadBalancer:
    """A network load balancer, by the controller that EKS runs; the tags find it when something went wrong."""
    tags = ",".join(f"{key}={value}" for key, value in sorted(stack.tags.items()))
    prefix = "service.beta.kubernetes.io/aws-load-balancer"
    return LoadBalancer(
        "LoadBalancer",
        annotations={
            f"{prefix}-type": "nlb",
            f"{prefix}-cross-zone-load-balancing-enabled": "true",
            f"{prefix}-additional-resource-tags": tags,
        },
        address="hostname",
    )


def _storage_class(provider: kubernetes.Provider, keys: Keys) -> pulumi.Output[str]:
    """EKS marks no class as the default, and the one that it brings is of the last generation and not encrypted."""
    made = kubernetes.storage.v1.StorageClass(
        STORAGE_CLASS,
        metadata=kubernetes.meta.v1.ObjectMetaArgs(
            name=STORAGE_CLASS, annotations={"storageclass.kubernetes.io/is-default-class": "true"}
        ),
        provisioner="ebs.csi.aws.com",
        parameters={"type": "gp3", "encrypted": "true", "kmsKeyId": keys.data.arn},
        volume_binding_mode="WaitForFirstConsumer",  # in the zone of the pod
        allow_volume_expansion=True,
        reclaim_policy="Delete",
        # A class cannot be changed, and one made anew takes with it what names it: a standing stack keeps its own.
        opts=pulumi.ResourceOptions(provider=provider, ignore_changes=["parameters"]),
    )
    return name_of(made, STORAGE_CLASS)
