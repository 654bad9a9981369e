"""The Ingress of a release: its host and path, TLS by cert-manager, and Flower beside the UI."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes import networking
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.networking.v1 import (
    HTTPIngressPathArgs,
    HTTPIngressRuleValueArgs,
    IngressBackendArgs,
    IngressRuleArgs,
    IngressServiceBackendArgs,
    IngressSpecArgs,
    IngressTLSArgs,
    ServiceBackendPortArgs,
)

from infra.airflow import parts
from infra.airflow.parts import Parts
from infra.contracts import PlatformOutputs
from infra.settings.release import Release


def asks_for_certificate(release: Release, releases: Sequence[Release]) -> bool:
    """Of the releases that share a host and a namespace, the first one's Ingress asks; the others use its Secret."""
    alike = (one for one in releases if (one.host, one.in_namespace) == (release.host, release.in_namespace))
    return next(alike).name == release.name


def paths(release: Release) -> list[tuple[str, str, int]]:
    """Path, service and port; the longer path first."""
    own = Parts(release)
    made = [(release.path, own.of("api-server"), parts.API_PORT)]
    if release.celery and release.celery.flower:
        made.insert(0, (f"{release.url_prefix}/flower", own.of("flower"), parts.FLOWER_PORT))
    return made


def ingress(
    release: Release,
    releases: Sequence[Release],
    platform: PlatformOutputs,
    opts: pulumi.ResourceOptions,
) -> networking.v1.Ingress | None:
    """None without a host or an ingress class: then it is served by port-forward."""
    if release.host is None or platform.ingress_class is None:
        return None
    own = Parts(release)
    asks = platform.issuer is not None and asks_for_certificate(release, releases)
    return networking.v1.Ingress(
        release.name,
        metadata=ObjectMetaArgs(
            namespace=own.namespace,
            labels=own.labels("ingress"),
            annotations={"cert-manager.io/cluster-issuer": platform.issuer} if asks and platform.issuer else None,
        ),
        spec=IngressSpecArgs(
            ingress_class_name=platform.ingress_class,
            tls=[IngressTLSArgs(hosts=[release.host], secret_name=own.tls_secret)],
            rules=[IngressRuleArgs(host=release.host, http=HTTPIngressRuleValueArgs(paths=_backends(release)))],
        ),
        opts=opts,
    )


def _backends(release: Release) -> list[HTTPIngressPathArgs]:
    return [
        HTTPIngressPathArgs(
            path=path,
            path_type="Prefix",
            backend=IngressBackendArgs(
                service=IngressServiceBackendArgs(name=service, port=ServiceBackendPortArgs(number=port))
            ),
        )
        for path, service, port in paths(release)
    ]
