"""CPU and memory as Kubernetes writes them: a mistake would otherwise show in the middle of an `up`."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from infra.settings.problems import refuse

_BYTES = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def millicores(cpu: str) -> int:
    """Thousandths of a CPU in a valid `Cpu`."""
    return int(cpu[:-1]) if cpu.endswith("m") else int(cpu) * 1000


def bytes_of(memory: str) -> int:
    """Bytes in a valid `Memory`."""
    digits = re.match(r"\d+", memory)
    return int(memory[: digits.end()]) * _BYTES[memory[digits.end() :]] if digits else 0


def _cpu(value: str) -> str:
    if not re.fullmatch(r"\d{1,6}m?|\d{1,6}\.\d{1,3}", value) or not re.search("[1-9]", value):
        raise refuse("CPUs as Kubernetes writes them, more than none", 'as quoted text, for example "500m" or "2"')
    return f"{int(Decimal(value) * 1000)}m" if "." in value else value


def _memory(value: str) -> str:
    # A figure without a unit would be bytes, which nobody means.
    if not re.fullmatch(r"\d{1,9}([kMGT]|[KMGT]i)", value) or bytes_of(value) < 2**20:
        raise refuse("memory as Kubernetes writes it, with its unit, 1Mi or more", "for example 512Mi or 2Gi")
    return value


def _as_text(value: Any) -> Any:
    """`cpu: 2` is what everybody writes in YAML."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Cpu = Annotated[str, BeforeValidator(_as_text), AfterValidator(_cpu)]
Memory = Annotated[str, AfterValidator(_memory)]
