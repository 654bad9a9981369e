"""What every settings model shares: its strictness, and the field types with rules of their own."""

import ipaddress
import re
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict
from pydantic.alias_generators import to_camel

from infra.settings.problems import refuse

RFC2606 = ("example.com", "example.org", "example.net", ".example", ".invalid", ".test", ".localhost")


class NotParsed(Exception):  # noqa: N818 (a state of the input, no defect)
    """A setting was read that is wrong or missing; its own problem is reported by its key.

    Not an AttributeError: that is a mistake in our code, and `hasattr` and the default of `getattr` would hide this.
    """


def has_parsed(model: "Model", field: str) -> bool:
    """Whether a field can be read."""
    return field in model.__dict__


class Model(BaseModel):
    """A frozen group of settings: camelCase keys in the stack file, no unknown key, no silent coercion of numbers."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=False,
        validate_by_alias=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    if not TYPE_CHECKING:  # a type checker would take every name for a field

        def __getattr__(self, name: str) -> Any:
            """Only a field of a model that was built of what parsed is missing."""
            if name in type(self).model_fields:
                raise NotParsed(f"{type(self).__name__}.{name}")
            return super().__getattr__(name)


class Tier(StrEnum):
    """What a stack is for; production's demands are rules, not advice."""

    local = "local"
    integration = "integration"
    production = "production"


class Size(StrEnum):
    """A row of the table in `infra/settings/sizes.py`."""

    small = "small"
    medium = "medium"
    large = "large"


State = Literal["on", "existing", "off"]


def _as_state(value: Any) -> Any:
    """`monitoring: existing` is short for `monitoring: {state: existing}`; some YAML readers make on/off a boolean."""
    if isinstance(value, bool):
        value = "on" if value else "off"
    return {"state": value} if isinstance(value, str) else value


def _as_state_word(value: Any) -> Any:
    return ("on" if value else "off") if isinstance(value, bool) else value


#: Put on a platform part's field so that a bare word stands for its state.
StateShorthand = BeforeValidator(_as_state)
StateWord = Annotated[State, BeforeValidator(_as_state_word)]
SwitchWord = Annotated[Literal["on", "off"], BeforeValidator(_as_state_word)]


def _network(value: str) -> str:
    try:
        ipaddress.IPv4Network(value)
    except ValueError as error:
        try:
            proper = str(ipaddress.IPv4Network(value, strict=False))
        except ValueError:
            proper = "10.20.0.0/16"
        raise refuse(f"an IPv4 network in CIDR form without host bits ({error})", f"for example {proper}") from None
    return value


def _fqdn(value: str) -> str:
    label = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    if len(value) > 253 or not re.fullmatch(rf"({label}\.)+[a-z]([a-z0-9-]{{0,61}}[a-z0-9])?", value):
        raise refuse(
            "a fully qualified lower-case host name without wildcard or trailing dot",
            "for example airflow.data.your-company.com",
        )
    return value


def _email(value: str) -> str:
    local, _, domain = value.rpartition("@")
    if not re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}", local) or ".." in local:
        raise refuse("an e-mail address", "for example data-team@your-company.com")
    try:
        _fqdn(domain.lower())
    except ValueError:
        raise refuse("an e-mail address", "for example data-team@your-company.com") from None
    if domain.lower().endswith(RFC2606):
        raise refuse("an e-mail address that exists: a certificate authority refuses example domains", "give your own")
    return value


def _slug(value: str) -> str:
    if not re.fullmatch(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?", value) or "--" in value:
        raise refuse(
            "1 to 30 lower-case letters, digits and single hyphens, a letter first, no hyphen last", "for example main"
        )
    return value


def matching(pattern: str, rule: str, cure: str) -> AfterValidator:
    """A text that the whole pattern matches; otherwise the rule and the cure are said, not the pattern."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise refuse(rule, cure)
        return value

    return AfterValidator(check)


def _host(value: str) -> str:
    try:
        return str(ipaddress.IPv4Address(value))
    except ValueError:
        pass
    try:
        return _fqdn(value)
    except ValueError:
        rule = "a lower-case host name with its domain or an IPv4 address, without scheme and port"
        raise refuse(rule, "for example db.your-company.com") from None


Cidr = Annotated[str, AfterValidator(_network)]
Host = Annotated[str, AfterValidator(_host)]
Fqdn = Annotated[str, AfterValidator(_fqdn)]
Email = Annotated[str, AfterValidator(_email)]
Slug = Annotated[str, AfterValidator(_slug)]
INT32 = 2**31 - 1
"""No number of Kubernetes or a cloud is larger."""

#: `true` and "3" are no numbers.
Integer = Annotated[int, Strict()]
Count = Annotated[Integer, Field(ge=0, le=INT32)]
Positive = Annotated[Integer, Field(ge=1, le=INT32)]
Port = Annotated[Integer, Field(ge=1, le=65535)]
Text = Annotated[str, Field(min_length=1)]
ObjectName = Annotated[
    str,
    matching(
        r"(?=.{1,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?",
        "a Kubernetes name: at most 63 lower-case letters, digits and hyphens",
        "for example monitoring",
    ),
]


class Price(Model):
    """A monthly price in US dollars, with where and when it was read: prices move."""

    usd: Annotated[float, Field(ge=0)]
    source: str
    date: date
