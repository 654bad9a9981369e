"""Which secrets stand behind a resource's properties: each secret is traced like a resource that outputs come from."""

import contextlib
from collections.abc import Generator, Iterable

import pulumi

from infra.preview import sdk
from infra.settings import Secrets

_PREFIX = "urn:secret::"


@contextlib.contextmanager
def traced() -> Generator[None]:
    """While a program is recorded, a secret's output says which it is; the program itself knows nothing of it."""
    plain = Secrets.output

    def output(self: Secrets, key: str) -> pulumi.Output[str]:
        return sdk.coming_from(plain(self, key), f"{_PREFIX}{key}")

    Secrets.output = output
    try:
        yield
    finally:
        Secrets.output = plain


def resources(urns: Iterable[str]) -> tuple[str, ...]:
    """The URNs that are resources', sorted."""
    return tuple(sorted(urn for urn in urns if not urn.startswith(_PREFIX)))


def secrets(urns: Iterable[str]) -> tuple[str, ...]:
    """The keys, without namespace, of the secrets among the URNs, sorted."""
    return tuple(sorted(urn.removeprefix(_PREFIX) for urn in urns if urn.startswith(_PREFIX)))
