"""What an ingress controller is to the rest of the platform, whichever it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.platform.chart import Chart
from infra.platform.site import Values

NOTICE_SECONDS = 30
"""A pod that goes still answers so long: until then the load balancer may not have seen that its node has no other."""

DRAIN_SECONDS = 240
"""What is under way then may come to its end, such as the log of a running task."""

GRACE_SECONDS = NOTICE_SECONDS + DRAIN_SECONDS + 30
"""What Kubernetes gives the pod for both."""


@dataclass(frozen=True)
class Controller:
    """A controller's chart and values, and how its Service, pods and ports are called.

    Ports are the container's names. `warning` is said once to whoever plans with it.
    """

    release: str
    chart: Chart
    values: Values
    service: str
    pod_labels: Mapping[str, str]
    web_ports: tuple[str, ...]
    webhook_ports: tuple[str, ...]
    metrics_port: str
    warning: str | None = None
