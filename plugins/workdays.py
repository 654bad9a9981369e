"""A macro for templates: `{{ macros.workdays.previous(dag_run.run_after.date()) }}` is the last workday before a day.

Monday to Friday; a calendar of holidays belongs here too once you have one.
"""

from datetime import date, timedelta
from typing import ClassVar

from airflow.plugins_manager import AirflowPlugin

SATURDAY = 5


def previous(day: date) -> date:
    """The workday before `day`: for a Monday, the Friday."""
    before = day - timedelta(days=1)
    while before.weekday() >= SATURDAY:
        before -= timedelta(days=1)
    return before


class Workdays(AirflowPlugin):
    """Airflow finds this class and gives its macros the plugin's name."""

    name = "workdays"
    macros: ClassVar = [previous]
