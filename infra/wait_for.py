"""How a container that runs once waits for what it connects to.

A new pod is refused for its first seconds wherever NetworkPolicies are enforced: each node's agent has to learn its
address first. What runs for ever is started again by the kubelet, in the same pod; what runs once would be over, and
the pod after it new again.
"""

from collections.abc import Sequence
from pathlib import Path

from infra.contracts import Text

SECONDS = 120
"""How long a way may take to open: agents need a second or two, a node under load more."""

Endpoint = tuple[Text, int]
"""Host and port."""


def command(endpoints: Sequence[Endpoint], then: Sequence[Text] = ()) -> list[Text]:
    """The words of a command that becomes `then` once every endpoint accepts connections; for images with bash."""
    if not endpoints:
        return list(then)
    script = Path(__file__).with_suffix(".sh").read_text()
    words = [word for host, port in endpoints for word in (host, str(port))]
    return ["bash", "-c", script, "wait-for", str(SECONDS), *words, *(["--", *then] if then else [])]
