"""The parts of a release: what the chart calls them, what they may hold and whom they may reach. Pure."""

from dataclasses import dataclass

from infra.names import hyphenated
from infra.settings.release import Release

API_PORT = 8080
WORKER_LOG_PORT = 8793
TRIGGERER_LOG_PORT = 8794
STATSD_PORT = 9125
STATSD_METRICS_PORT = 9102
REDIS_PORT = 6379
RABBITMQ_PORT = 5672
FLOWER_PORT = 5555
ACME_SOLVER_PORT = 8089  # cert-manager 1.21, pkg/issuer/acme/http/http.go
ACME_SOLVER = {"acme.cert-manager.io/http01-solver": "true"}  # pkg/apis/acme/v1/types.go

LOGINS = "airflow-platform/logins"
"""The annotation with the logins of the release's database roles, on the chart's ConfigMap."""

CONTROL = ("scheduler", "api-server", "dag-processor", "triggerer")
"""Components that hold the database's URL."""


@dataclass(frozen=True)
class Parts:
    """Names of a release's objects. They are given and not generated: policies, identities and URLs refer to them."""

    release: Release

    @property
    def helm(self) -> str:
        """The Helm release, and the first part of every name of the chart."""
        return self.release.name

    @property
    def namespace(self) -> str:
        """Where all of it is."""
        return self.release.in_namespace

    def of(self, part: str) -> str:
        """An object's name: `main-scheduler`, `main-api-server`."""
        return f"{self.release.name}-{part}"

    def labels(self, part: str) -> dict[str, str]:
        """What the chart puts on a component's pods, and we on our own."""
        return {"tier": "airflow", "component": part, "release": self.release.name}

    @property
    def service_accounts(self) -> tuple[str, ...]:
        """Components with a service account of ours."""
        broker = (self.release.celery.broker,) if self.release.celery else ()
        flower = ("flower",) if self.release.celery and self.release.celery.flower else ()
        return (*CONTROL, "worker", "statsd", "jobs", *broker, *flower)

    @property
    def runs_user_code(self) -> tuple[str, ...]:
        """Components that import DAGs or run what is in them."""
        local = ("scheduler",) if "LocalExecutor" in self.release.executors else ()
        return ("worker", "triggerer", "dag-processor", *local)

    @property
    def api_url(self) -> str:
        """The api-server inside the cluster, with the release's path, without a final slash."""
        return f"http://{self.of('api-server')}.{self.namespace}.svc:{API_PORT}{self.release.url_prefix}"

    @property
    def broker_host(self) -> str:
        """The broker's service."""
        broker = self.release.celery.broker if self.release.celery else "none"
        return f"{self.of(broker)}.{self.namespace}.svc"

    @property
    def tls_secret(self) -> str:
        """The certificate of the host, which releases on one host and in one namespace share."""
        return f"tls-{hyphenated(self.release.host or '')}"
