"""One Airflow: its name, where it is served, how it runs tasks, and where its DAGs and logs live."""

import re
from typing import Annotated

from pydantic import AfterValidator

from infra.settings.base import Fqdn, Model, Slug
from infra.settings.problems import refuse


def _path(value: str) -> str:
    if not re.fullmatch(r"/|(/[a-z0-9][a-z0-9-]*)+", value):
        raise refuse(
            "a path of lower-case letters, digits and hyphens without a final slash", "for example /airflow, or /"
        )
    return value


UrlPath = Annotated[str, AfterValidator(_path)]


class Release(Model):
    """An entry of `releases`."""

    name: Slug
    host: Fqdn | None = None
    path: UrlPath = "/"
