"""docs/settings.md, made from the settings' models (their JSON schema), the table of sizes and the table of secrets."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from infra.settings import SECRETS, Settings
from infra.settings.figures import Figures
from infra.settings.sizes import TABLE
from ops.settings_types import Node, properties, type_text

INTRO = """\
# Settings

*Made by `make docs` from the models in `infra/settings`; a change here is overwritten.*

A stack is one file, `Pulumi.<stack>.yaml`. Its keys stand under `airflow:`; a path like `cloud.context` is `context`
in the object `airflow:cloud`. `make preview STACK=<stack>` checks a file and lists everything that is wrong with it at
once. Account ids and versions are quoted text. For a part of the platform a bare word stands for its state:
`monitoring: "on"` is `monitoring: {state: "on"}`. Words marked `CHANGE-ME:` ship for the owner to replace: a plan takes
the example behind the mark, a run refuses it.
"""

SECRETS_INTRO = """\
## Secrets

Secrets are keys of their own in Pulumi's encrypted config, never part of an object and never in the clear:
`pulumi config set --secret airflow:<key>`. `make secrets STACK=<stack>` makes those that can be made, shows none,
overwrites none, and says what a person must bring. One that a release has for itself takes its name with it
(`airflow:main.fernetKey`); with more than one release it has to, and `databasePassword` always does: without a name it
is the database administrator's.
"""

SIZES_INTRO = """\
## Sizes

What `size` means; each figure can be overridden by its path, for example `airflow:figures: {scheduler: {replicas: 3}}`.
CPU and memory are Kubernetes quantities, storage is GiB, prices are US dollars a month.
"""


def page() -> str:
    """The whole page."""
    lines: list[str] = [INTRO]
    root = Node("", Settings.model_json_schema(by_alias=True))
    queue = [root]
    while queue:
        node = queue.pop(0)
        lines += _section(node)
        queue[:0] = node.below()
    lines += [SIZES_INTRO, *_sizes(), "", SECRETS_INTRO, *_secrets()]
    return "\n".join(lines) + "\n"


def _section(node: Node) -> Iterator[str]:
    yield f"## {node.title}\n" if node.path else "## The keys\n"
    if node.path and (text := node.schema.get("description")):
        yield f"{text}\n"
    yield "| key | what it takes | default | |"
    yield "|---|---|---|---|"
    for key, prop, required in properties(node):
        default = "**required**" if required else _default(prop, node)
        yield f"| `{key}` | {type_text(node, key, prop)} | {default} | {_cell(prop.get('description', ''))} |"
    yield ""


def _default(prop: Mapping[str, Any], node: Node) -> str:
    value = prop.get("default")
    if value in (None, {}, []) or (isinstance(value, dict) and node.is_group(prop)):
        return ""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _sizes() -> Iterator[str]:
    yield f"| figure | {' | '.join(TABLE)} |"
    yield f"|---|{'---|' * len(TABLE)}"
    columns = [
        dict(_leaves(Figures.model_validate(row).model_dump(mode="json", by_alias=True))) for row in TABLE.values()
    ]
    for path in columns[0]:
        yield f"| `{path}` | {' | '.join(_cell(str(column[path])) for column in columns)} |"


def _leaves(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        if isinstance(item, Mapping):
            yield from _leaves(cast("Mapping[str, Any]", item), f"{path}{key}.")
        else:
            yield f"{path}{key}", item


def _secrets() -> Iterator[str]:
    yield "| key | what it is | who makes it | of a release |"
    yield "|---|---|---|---|"
    for name, spec in SECRETS.items():
        maker = "`make secrets`" if spec.generate else "a person"
        yield f"| `{name}` | {_cell(spec.purpose)} | {maker} | {'yes' if spec.per_release else ''} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
