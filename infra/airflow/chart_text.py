"""Texts that the chart's templates take for templates, written so that they come out as they are."""

from infra.airflow.config import Options

_CONTINUED = "\n" + 8 * " "
"""airflow.cfg stands four columns in, inside of a ConfigMap; the next line of an option is indented once more."""


def literal(text: str) -> str:
    """For a value that the chart hands to `tpl`: Helm would run what stands between braces."""
    return text.replace("{{", '{{ "{{" }}')


def airflow_cfg(options: Options) -> Options:
    """The chart's `config` for these options."""
    return {section: {option: _lines(value) for option, value in own.items()} for section, own in options.items()}


def _lines(value: str) -> str:
    lines = [line for line in literal(value).splitlines() if line.strip()]
    return _CONTINUED.join(lines)
