"""Texts that the chart's templates take for templates, written so that they come out as they are."""

from typing import Any

from infra.airflow.config import Options

_CONTINUED = "\n" + 8 * " "
"""airflow.cfg stands four columns in, inside of a ConfigMap; the next line of an option is indented once more."""


def literal(text: str) -> str:
    """For a value that the chart hands to `tpl`: Helm would run what stands between braces."""
    return text.replace("{{", '{{ "{{" }}')


def airflow_cfg(options: Options) -> dict[str, dict[str, Any]]:
    """The chart's `config` for these options. What only the cloud knows holds no brace."""
    return {
        section: {option: _line(value) if isinstance(value, str) else value for option, value in own.items()}
        for section, own in options.items()
    }


def _line(value: str) -> str:
    lines = [line for line in literal(value).splitlines() if line.strip()]
    return _CONTINUED.join(lines)
