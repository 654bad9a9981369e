"""Simulated random values and TLS keys: new for each creation, secret where the real ones are."""

from collections.abc import Mapping
from typing import Any

from tests.engine.providers import wire
from tests.engine.providers.cloud import Cloud, Made, digits

_PRIVATE = ("privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh")


class _Keys(Cloud):
    def checked(self, urn: str, news: wire.Values, olds: wire.Values, seed: str) -> wire.Values:
        return news

    def identity(self, urn: str, inputs: Mapping[str, Any]) -> str | None:
        return None

    def deletes_first(self, token: str, old: wire.Values, new: wire.Values) -> bool:
        return False


class Random(_Keys):
    package = "random"

    def make(self, urn: str, inputs: Mapping[str, Any], shown: wire.Values, number: int) -> Made:
        hex_ = digits(urn, number, 32)
        return Made(hex_, {**shown, "result": hex_, "hex": hex_, "dec": str(int(hex_, 16)), "b64Url": hex_})


class Tls(_Keys):
    package = "tls"

    def make(self, urn: str, inputs: Mapping[str, Any], shown: wire.Values, number: int) -> Made:
        hex_ = digits(urn, number, 40)
        computed = {
            "certPem": _pem("CERTIFICATE", hex_),
            "certRequestPem": _pem("CERTIFICATE REQUEST", hex_),
            "publicKeyPem": _pem("PUBLIC KEY", hex_),
            "readyForRenewal": False,
        }
        private = {key: _secret(_pem("PRIVATE KEY", f"{hex_}{key}")) for key in _PRIVATE}
        is_key = wire.token(urn).endswith(":PrivateKey")
        return Made(hex_, {**computed, **(private if is_key else {}), **shown})


def _pem(what: str, text: str) -> str:
    return f"-----BEGIN {what}-----\n{text}\n-----END {what}-----\n"


def _secret(value: str) -> dict[str, str]:
    return {wire.SIGNATURE: wire.SECRET, "value": value}
