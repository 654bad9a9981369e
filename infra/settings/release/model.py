"""The settings of one release as a whole."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from infra.settings.base import Fqdn, Model, Slug, StateShorthand
from infra.settings.problems import refuse
from infra.settings.release.dags import Dags, ImageDags
from infra.settings.release.execution import Celery, Executor, Image, Tasks
from infra.settings.release.logs import Logs
from infra.settings.release.serving import Admin, Cleanup, EgressRule, Email, UrlPath


def _option(value: Any) -> Any:
    """pydantic would tell of a union once for each of its types."""
    if not isinstance(value, str | int | float | bool):
        raise refuse("text, a number, true or false", "give one value; airflow.cfg has no lists and objects")
    return value


Option = Annotated[str | int | float | bool, BeforeValidator(_option)]


class Release(Model):
    """An entry of `releases`."""

    name: Slug
    host: Fqdn | None = None
    path: UrlPath = Field(default="/", description="prefix of the UI and of Flower, so that releases share a host")
    namespace: Slug | None = Field(default=None, description="none: airflow-NAME")
    shares_namespace: bool = Field(
        default=False,
        description="releases with the same `namespace` all say so: who may read Secrets or start pods there gets at "
        "the keys and databases of each of them",
    )
    image: Image = Image()
    executor: Executor = "KubernetesExecutor"
    celery: Celery | None = Field(default=None, description="asked for where the executor has CeleryExecutor")
    tasks: Tasks = Tasks()
    dags: Dags = ImageDags()
    logs: Logs | None = Field(default=None, description="none: objectStore where the cloud has one, else share")
    admin: Admin = Admin()
    email: Email | None = None
    slack: bool = Field(default=False, description="the connection slack_default, from the secret slackUrl")
    cleanup: Annotated[Cleanup, StateShorthand] = Cleanup()
    egress: tuple[EgressRule, ...] | None = Field(
        default=None, description="what task pods may reach beside the cluster; none: everything, as DAGs call anything"
    )
    config: Mapping[str, Mapping[str, Option]] = Field(
        default={}, description="options of airflow.cfg by section; win over ours"
    )
    values: Mapping[str, Any] = Field(default={}, description="values of the chart, merged last")

    @property
    def in_namespace(self) -> str:
        """The namespace that it runs in."""
        return self.namespace or f"airflow-{self.name}"

    @property
    def pods_namespace(self) -> str:
        """Where the pods go that its DAGs start. No name of a setting has two hyphens: it is no release's."""
        return f"{self.namespace or 'airflow'}--{self.name}"

    @property
    def without_dags(self) -> bool:
        """Whether nothing brings it a DAG: it reads them from its image, and that is the official one."""
        return isinstance(self.dags, ImageDags) and self.image.official and not self.image.own

    @property
    def executors(self) -> tuple[str, ...]:
        """Its executors, the default one first."""
        return tuple(self.executor.split(","))

    @property
    def on_celery(self) -> bool:
        """Whether tasks may run on Celery workers."""
        return "CeleryExecutor" in self.executors

    @property
    def on_kubernetes(self) -> bool:
        """Whether tasks may run in pods of their own."""
        return "KubernetesExecutor" in self.executors

    @property
    def url_prefix(self) -> str:
        """The path without a final slash: empty for `/`."""
        return self.path.rstrip("/")

    @property
    def options(self) -> dict[str, dict[str, str]]:
        """`config` as texts, as airflow.cfg has them."""
        return {section: {option: str(value) for option, value in own.items()} for section, own in self.config.items()}
