"""Whatever stands in a stack file: it is read, or refused by key, rule and cure; nothing ends in a traceback."""

import copy
import json
import random
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infra.preview import stackfile, yaml12
from infra.preview.errors import InputError
from infra.settings import SettingsError, examine, required_secrets
from infra.settings.secrets import take

ROOT = Path(__file__).parents[2]
FOLDERS = {"local": ROOT, "production": ROOT, "integration": ROOT / "examples" / "azure"}
SECRET = "s3cr3tValue"
WRONG: list[Any] = [
    *(None, True, False, 0, 1, -1, 3.5, 1e30, 10**30, "", "x", "on", "12", "a.b", 'q"\\', "ü漢", "\x00", "10.0.0.0/8"),
    *([], {}, [None], [[]], {"": None}, {"kind": "x"}, {"kind": []}, {"name": "a"}, ["a", 1, {"b": []}], "CHANGE-ME"),
    *("0.0.0.0/0", "500m", "2Gi", "*/0 * * * *", "{", "[", "\ud7ff", "x" * 5000, {"fernetKey": SECRET}),
]
FRAMES = ["{}", "[{}]", "{{a: {}}}", '"{}"', "!!int {}", "!!binary {}", "!!set {{{}}}", "&a [{}, *a]"]
KEYS = ("kind", "name", "state", "password", "fernetKey", "cpu", "replicas", "spot", "network", "database", "x" * 300)


def paths(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place below `data`."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(data, dict):
        items = list(cast("dict[str | int, Any]", data).items())
    elif isinstance(data, list):
        items = list(enumerate(cast("list[Any]", data)))
    return [path, *(place for key, item in items for place in paths(item, (*path, key)))]


def mutated(data: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """`data` with one to four places put wrong: replaced, removed, or with a key too many."""
    data = copy.deepcopy(data)
    for _ in range(rng.randint(1, 4)):
        place = rng.choice([place for place in paths(data) if place])
        parent: Any = data
        for part in place[:-1]:
            parent = parent[part]
        match rng.randrange(4):
            case 0:
                del parent[place[-1]]
            case 1 if isinstance(parent[place[-1]], dict):
                parent[place[-1]][rng.choice(KEYS)] = copy.deepcopy(rng.choice(WRONG))
            case _:
                parent[place[-1]] = copy.deepcopy(rng.choice(WRONG))
    return data


def told(config: dict[str, str]) -> None:
    """Whatever is wrong with this config is told by key, rule and cure, secrets left out."""
    parsed, problems = examine(config)
    required_secrets(parsed)
    problems += take(parsed, config, frozenset(key for key in config if key.endswith("Key")))[1]
    assert all(problem.key and problem.rule and problem.cure for problem in problems)
    text = str(SettingsError(problems))
    text.encode()
    assert SECRET not in text
    assert "Input should" not in text


@pytest.mark.parametrize("stack", FOLDERS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False))
def test_any_change_of_a_shipped_stack_is_read_or_refused(stack: str, rng: random.Random) -> None:
    file = stackfile.read(ROOT, FOLDERS[stack], stack)
    entries, _ = stackfile.owner_values(file.entries)
    changed = mutated({key: entry.data for key, entry in entries.items()}, rng)
    told({key: stackfile.Entry(data).text if data is not None else "" for key, data in changed.items()})


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.text(),
    st.sampled_from(["{}", "[{}]", "{{a: {}}}", '"{}"', "!!int {}", "!!binary {}", "!!set {{{}}}", "&a [{}, *a]"]),
)
@example("2024-13-45", "{}")
@example("9" * 5000, "{}")
@example("\\ud800", '"{}"')
@example("[" * 3000, "{}")
def test_any_text_is_yaml_that_json_can_say_or_refused(text: str, frame: str) -> None:
    try:
        value = yaml12.load(frame.format(text), "here")
    except InputError:
        return
    json.dumps(value, ensure_ascii=False).encode()
