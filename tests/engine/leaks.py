"""Whether a secret's value stands in plain text in the state, or in what the CLI said."""

import base64
import json
import urllib.parse
from collections.abc import Iterator

from tests.engine.engine import Stack

SHORTEST = 8
"""Characters: what is shorter stands by chance in any text."""


def leaks(stack: Stack) -> list[str]:
    """`KEY in PLACE` for each secret that was found, in whatever spelling."""
    folder = stack.checkout.folder / "state"
    state = "".join(file.read_text(errors="replace") for file in sorted(folder.rglob("*")) if file.is_file())
    # the values themselves are asked for below, and not kept
    said = "".join(one.text for one in stack.checkout.said)
    places = {"state": state, "output": said}
    return sorted(
        f"{key} in {place}"
        for key, value in values(stack).items()
        for place, text in places.items()
        if any(spelling in text for spelling in _spellings(value))
    )


def values(stack: Stack) -> dict[str, str]:
    """The stack's secrets in the clear."""
    command = ("pulumi", "config", "--show-secrets", "--json", "--stack", stack.name)
    said = stack.checkout.run(*command)
    stack.checkout.said.remove(said)
    return {key: one["value"] for key, one in json.loads(said.text).items() if one.get("secret")}


def _spellings(value: str) -> Iterator[str]:
    parts = {value, *(line.strip() for line in value.splitlines() if not line.startswith("-----"))}
    for part in parts:
        encoded = base64.b64encode(part.encode()).decode().rstrip("=")
        for text in (part, encoded, urllib.parse.quote(part, safe=""), json.dumps(part)[1:-1]):
            if len(text) >= SHORTEST:
                yield text
