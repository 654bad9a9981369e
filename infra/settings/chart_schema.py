"""The chart's values, judged in the plan as Helm would judge them at the end of an `up`, and where Helm is silent.

The schema is the chart's own (values.schema.json), without its prose and stricter: an object takes the keys that it
names, and a key that the chart calls deprecated is refused with what stands in its place.
"""

import importlib
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, cast

from infra import versions
from infra.settings.problems import Problem, nearest
from infra.settings.words import ONE_OF_TYPE

FILE = "chart-schema.json"
SOURCE = (
    "values.schema.json of the official Apache Airflow Helm chart (Apache License 2.0) without descriptions, closed, "
    "and `instead` for what is deprecated; `make chart-pins` writes it"
)
_PROSE = ("description", "default", "examples", "$comment", "$schema", "title", "format")
#: What the chart writes into an object as it stands: whatever Kubernetes knows.
_PASSED_ON = ("config", "livenessProbe", "readinessProbe", "startupProbe", "postgresql")

Schema = dict[str, Any]


def strict(schema: Mapping[str, Any]) -> Schema:
    """The chart's schema as the settings keep it."""
    made = _node(schema, "")
    celery = made["properties"]["workers"]["properties"]["celery"]["properties"]
    inherited = {key: value for key, value in celery.items() if key not in ("sets", "enableDefault")}
    # The chart lays each set on `workers.celery`, and leaves open what may stand there.
    celery["sets"]["items"] = {
        "type": "object",
        "properties": {"name": {"type": "string"}, **inherited},
        "required": ["name"],
        "additionalProperties": False,
    }
    return {**made, "definitions": _used(made["definitions"], made["properties"])}


def _node(node: Any, name: str) -> Any:
    if isinstance(node, list):
        return [_node(item, name) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    given = cast("Schema", node)
    made = {key: _node(value, name) for key, value in given.items() if key not in _PROSE and key[:2] != "x-"}
    for group in ("properties", "definitions"):
        if group in given:
            made[group] = {key: _node(value, key) for key, value in given[group].items()}
    if made.get("properties") and made.get("additionalProperties", True) is True and name not in _PASSED_ON:
        made["additionalProperties"] = False
    instead = _instead(str(given.get("description", "")))
    if "$ref" in made:  # beside it, draft 7 reads nothing
        made = {"allOf": [{"$ref": made["$ref"]}]} if instead else {"$ref": made["$ref"]}
    return {**made, "instead": instead} if instead else made


def _instead(description: str) -> str | None:
    """`workers.celery.args`, out of "(deprecated, use `workers.celery.args` instead)"."""
    if not (found := re.search(r"\(deprecated[ ,-]+(?:use |renamed to )?(.+?)\)", description, re.IGNORECASE)):
        return None
    return found[1].replace("`", "").removesuffix(" instead").replace("and/or", "or").replace("or/and", "or")


def _used(definitions: Mapping[str, Any], by: Any) -> Schema:
    """The definitions that are referred to, those behind them included."""
    wanted: set[str] = set()
    waiting = [by]
    while waiting:
        for name in set(re.findall(r'"#/definitions/([^"]+)"', json.dumps(waiting.pop()))) - wanted:
            wanted.add(name)
            waiting.append(definitions[name])
    return {name: definitions[name] for name in sorted(wanted)}


@cache
def kept() -> Schema:
    """The pinned chart's."""
    data = json.loads(resources.files("infra.settings").joinpath("data", FILE).read_text())
    if data["version"] != versions.AIRFLOW_CHART:
        rule = f"is of version {data['version']}, the pin is {versions.AIRFLOW_CHART}"
        raise RuntimeError(f"infra/settings/data/{FILE} {rule}: `make chart-pins` writes it anew")
    return data["schema"]


@cache
def of_archive(path: str) -> Schema:
    """The schema inside an archive of the chart; the kept one where it has none."""
    try:
        with tarfile.open(Path(path).expanduser(), "r:*") as archive:
            file = archive.extractfile("airflow/values.schema.json")
            return strict(json.load(file)) if file else kept()
    except (OSError, tarfile.TarError, KeyError, ValueError):  # told at airflowChart (chart_archive.py)
        return kept()


def judge(key: str, values: Mapping[str, Any], archive: str | None = None) -> Iterator[Problem]:
    """What Helm refuses, and what it would pass over in silence."""
    if not values:
        return
    yield from _nulls(key, values)
    schema = of_archive(archive) if archive else kept()
    errors = sorted(
        validator_for(schema).iter_errors(_without_nulls(values)), key=lambda error: list(map(str, error.path))
    )
    deprecated = [tuple(error.absolute_path) for error in errors if error.validator == "instead"]
    for error in errors:
        path = tuple(error.absolute_path)
        if not any(path[: len(one)] == one and (path != one or error.validator != "instead") for one in deprecated):
            yield from _told(key, path, error)


def validator_for(schema: Schema) -> Any:
    """A validator that knows `instead`, too."""
    # Half a second that only a stack with `values:` pays.
    validators: Any = importlib.import_module("jsonschema.validators")

    def instead(_validator: Any, name: str, _instance: Any, _schema: Any) -> Iterator[Exception]:
        yield validators.exceptions.ValidationError(name)

    return validators.extend(validators.Draft7Validator, {"instead": instead})(schema)


def _told(key: str, path: tuple[str | int, ...], error: Any) -> Iterator[Problem]:
    where, chart = _join(key, path), f"chart {versions.AIRFLOW_CHART}"
    # An environment's value may be what nobody should see.
    hidden = (path and path[-1] == "value") or not isinstance(error.instance, str | int | float)
    given = None if hidden else error.instance
    if error.validator == "additionalProperties" and error.validator_value is False:
        known = error.schema.get("properties", {})
        for name in cast("Schema", error.instance).keys() - known.keys():
            near = nearest(str(name), known)
            cure = f"did you mean {near}?" if near else f"known here: {_some(known)}"
            rule = f"a key of {chart}" if path else f"a top-level key of {chart}"
            yield Problem(_join(where, (name,)), rule, cure)
    elif error.validator == "instead":
        yield Problem(
            where, f"no key that {chart} calls deprecated: beside ours it does nothing", f"use {error.message}"
        )
    elif error.validator == "type":
        rule, cure = _type(error.validator_value)
        yield Problem(where, rule, cure, given)
    elif error.validator == "required":
        misspelt = cast("Schema", error.instance).keys() - error.schema.get("properties", {}).keys()
        missing = [name for name in error.validator_value if name not in error.instance and not nearest(name, misspelt)]
        if missing:
            yield Problem(where, f"with {' and '.join(missing)}", "add what is missing")
    elif error.validator == "enum":
        yield Problem(where, f"one of {', '.join(map(str, error.validator_value))}", "choose one of them", given)
    elif error.validator in ("anyOf", "oneOf"):
        yield Problem(where, _alternatives(error), "see the chart's values.yaml", given)
    else:
        yield Problem(where, f"{error.validator} {error.validator_value}", "see the chart's values.yaml", given)


def _type(wanted: str | list[str]) -> tuple[str, str]:
    kinds = [wanted] if isinstance(wanted, str) else [kind for kind in wanted if kind != "null"]
    told = [ONE_OF_TYPE[kind] for kind in kinds]
    return " or ".join(rule for rule, _ in told), told[0][1]


def _alternatives(error: Any) -> str:
    """What each alternative asks for."""
    asked: list[str] = []
    for one in error.context:
        if one.validator == "required":
            asked.append(f"with {' and '.join(one.validator_value)}")
        elif one.validator == "type":
            asked.append(_type(one.validator_value)[0])
        else:
            asked.append(f"{one.validator} {one.validator_value}")
    return ", or ".join(dict.fromkeys(asked))


def _nulls(key: str, values: Any) -> Iterator[Problem]:
    if isinstance(values, Mapping):
        for name, value in cast("Mapping[str, Any]", values).items():
            where = _join(key, (name,))
            if value is None:
                rule = "a value: null does not reach Helm, and would take out what the program sets"
                yield Problem(where, rule, "leave the key out, or give what is to stand there")
            yield from _nulls(where, value)
    elif isinstance(values, list):
        for index, item in enumerate(cast("list[Any]", values)):
            yield from _nulls(_join(key, (index,)), item)


def _without_nulls(values: Any) -> Any:
    if isinstance(values, Mapping):
        given = cast("Mapping[str, Any]", values)
        return {name: _without_nulls(value) for name, value in given.items() if value is not None}
    return [_without_nulls(item) for item in cast("list[Any]", values)] if isinstance(values, list) else values


def _join(key: str, path: tuple[str | int, ...]) -> str:
    return key + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def _some(known: Mapping[str, Any], most: int = 8) -> str:
    names = sorted(known)
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
