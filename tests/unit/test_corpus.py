"""The corpus of stacks is in order: a rule that refuses a case shows here, not at the next move of code."""

import pytest

from infra.preview import planning, stackfile, what_if
from infra.settings import examine
from tests.corpus.__main__ import Case, cases


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_settings_of_a_case_are_in_order(case: Case) -> None:
    request = case.request()
    file = stackfile.read(planning.ROOT, request.stacks, request.stack)
    entries, _ = stackfile.owner_values(what_if.apply(file.entries, file.project, request.config))
    _, problems = examine({key: entry.text for key, entry in entries.items() if not entry.secure})
    assert not problems


def test_each_case_has_a_name_of_its_own() -> None:
    assert len({case.name for case in cases()}) == len(cases())
