"""What runs a release's tasks: its image, its executor and what stands behind that."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from infra import versions
from infra.settings.base import Count, Model, ObjectName, Positive
from infra.settings.images import Digest, ImageRepository, Tag
from infra.settings.problems import refuse
from infra.settings.quantities import Cpu, Memory

EXECUTORS = ("LocalExecutor", "CeleryExecutor", "KubernetesExecutor")


def _executor(value: str) -> str:
    parts = value.split(",")
    if not all(part in EXECUTORS for part in parts) or len(set(parts)) < len(parts):
        raise refuse(
            f"one of {', '.join(EXECUTORS)}, or several of them joined by commas without spaces, the default one first",
            "for example KubernetesExecutor, or CeleryExecutor,KubernetesExecutor",
        )
    return value


Executor = Annotated[str, AfterValidator(_executor)]


class Image(Model):
    """The image of every Airflow pod. The default is the official one, so that a first `up` needs no push."""

    own: bool = Field(
        default=False,
        description="the image that `make publish` builds, in the stack's registry: deployments set repository, tag "
        "and digest, and until the first one does the official image runs",
    )
    repository: ImageRepository = versions.AIRFLOW_IMAGE
    tag: Tag = versions.AIRFLOW_IMAGE_TAG
    digest: Digest | None = Field(
        default=None, description="pins the image whatever happens to its tag; the default image's is known"
    )
    pull_policy: Literal["IfNotPresent", "Always", "Never"] = "IfNotPresent"
    pull_secret: bool = Field(default=False, description="pull with the secret registryConfig")

    @property
    def official(self) -> bool:
        """Whether it is Apache's, which holds no DAG."""
        return self.repository == versions.AIRFLOW_IMAGE

    @property
    def pinned(self) -> str | None:
        """The digest that is given, or the official image's."""
        official = (self.repository, self.tag) == (versions.AIRFLOW_IMAGE, versions.AIRFLOW_IMAGE_TAG)
        return self.digest or (versions.AIRFLOW_IMAGE_DIGEST if official else None)

    @property
    def full_tag(self) -> str:
        """Tag and digest, as they follow `repository:` (the chart's pod template knows no field for a digest)."""
        return f"{self.tag}@{self.pinned}" if self.pinned else self.tag

    @property
    def reference(self) -> str:
        """The whole image."""
        return f"{self.repository}:{self.full_tag}"


class Keda(Model):
    """Workers by the number of tasks: from none to `max_workers`. The platform installs KEDA for it."""

    min_workers: Count = 0
    max_workers: Positive = 8


class Celery(Model):
    """What CeleryExecutor needs: a broker, workers, and if wanted Flower."""

    broker: Literal["redis", "rabbitmq"]
    concurrency: Positive = Field(default=8, description="tasks that one worker runs at a time")
    keda: Keda | None = Field(default=None, description="scale the workers; none: the size's fixed number")
    flower: bool = Field(default=False, description="Flower, behind basic auth, at PATH/flower")
    volume_gib: Positive = Field(default=5, description="volume of a worker's logs, and of the broker")
    storage_class: ObjectName | None = Field(
        default=None, description="storage class of those volumes; none: the cloud's, or the cluster's default"
    )


class TaskReferences(Model):
    """What a task's pod may name by `executor_config`, beside what this program gives it. Anything else is refused."""

    secrets: tuple[ObjectName, ...] = Field(default=(), description="Secrets of the release's namespace")
    service_accounts: tuple[ObjectName, ...] = Field(default=(), description="accounts of the release's namespace")
    volume_claims: tuple[ObjectName, ...] = Field(default=(), description="claims of the release's namespace")


class Tasks(Model):
    """Pods of KubernetesExecutor and workers of Celery. What a task asks for itself wins over it."""

    cpu: Cpu | None = Field(default=None, description="CPU request of a task's pod; none: the size's")
    memory: Memory | None = Field(default=None, description="memory of a task's pod; none: the size's")
    pool: Literal["tasks", "system"] = Field(default="tasks", description="the node pool that they run on")
    retries: Count = Field(default=2, description="retries of a task that names none")
    pod_labels: dict[str, str] = Field(default={}, description="labels of tasks' pods")
    env: dict[str, str] = Field(default={}, description="environment of tasks' pods, nothing secret")
    may_use: TaskReferences = TaskReferences()
