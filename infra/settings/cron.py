"""A CronJob's schedule: Kubernetes would refuse a bad one in the middle of an `up`."""

import re
from typing import Annotated

from pydantic import AfterValidator

from infra.settings.problems import refuse

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
#: Least, most, and the names that stand for the numbers from the least on.
_FIELDS = ((0, 59, ()), (0, 23, ()), (1, 31, ()), (1, 12, _MONTHS), (0, 6, _DAYS))


def is_cron(text: str) -> bool:
    """Whether Kubernetes takes it: minute, hour, day, month and weekday, each `*`, numbers, ranges, lists, steps.

    Macros such as `@daily` are left out; so is a time zone in the text, which Kubernetes refuses.
    """
    fields = text.split()
    return len(fields) == len(_FIELDS) and all(map(_is_field, fields, _FIELDS))


def _is_field(field: str, bounds: tuple[int, int, tuple[str, ...]]) -> bool:
    least, most, names = bounds
    for number, name in enumerate(names, least):
        field = re.sub(rf"\b{name}\b", str(number), field, flags=re.IGNORECASE)
    for part in field.split(","):
        match = re.fullmatch(r"(?:\*|([0-9]{1,4})(?:-([0-9]{1,4}))?)(?:/([0-9]{1,4}))?", part)
        if not match:
            return False
        first, last, step = (int(number) if number else None for number in match.groups())
        if step == 0 or (first is not None and not least <= first <= (most if last is None else last)):
            return False
        if last is not None and last > most:
            return False
    return True


def _cron(value: str) -> str:
    if not is_cron(value):
        raise refuse("a cron schedule of five fields, in UTC", 'as quoted text, for example "0 2 * * *", daily at two')
    return value


Cron = Annotated[str, AfterValidator(_cron)]
