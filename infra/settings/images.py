"""How an image and a registry are named, field by field."""

import re
from typing import Annotated

from pydantic import AfterValidator

from infra import versions
from infra.settings.base import matching
from infra.settings.problems import refuse


def _tag(value: str) -> str:
    if value == "latest" or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", value):
        raise refuse("an exact tag, never `latest`", f"for example {versions.AIRFLOW}-1f3c9ab")
    return value


Tag = Annotated[str, AfterValidator(_tag)]
Digest = Annotated[
    str,
    matching(
        r"sha256:[0-9a-f]{64}",
        "sha256: and 64 hexadecimal digits",
        "take it from what `docker push` or `make push` prints",
    ),
]
ImageRepository = Annotated[
    str,
    matching(
        r"([a-z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*",
        "an image's name in lower case, without scheme, tag and digest",
        "for example registry.your-company.com/airflow; the tag has a key of its own",
    ),
]
RegistryUrl = Annotated[
    str,
    matching(
        r"[A-Za-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*",
        "host and path as they stand in front of an image's name: no scheme, no slash last",
        "for example registry.your-company.com/data",
    ),
]
