"""What an ingress controller is to the rest of the platform, whichever it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.platform.chart import Chart
from infra.platform.site import Values


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
