"""docs/guarantees.md and the tests name each other."""

import pytest

from tests.unit.guarantees import PAGE, Guarantee, of_the_page, of_the_tests

GUARANTEES = of_the_page(PAGE.read_text())
TESTS = of_the_tests()


def apart(guarantees: dict[str, Guarantee], tests: dict[str, set[str]]) -> list[str]:
    """Where page and tests do not agree, a line each."""
    shown = {(name, test) for name, one in guarantees.items() for test in one.tests}
    named = {(name, test) for test, names in tests.items() for name in names}
    return [
        *(f"{name}: no test shows it" for name, one in guarantees.items() if not one.tests),
        *(f"{name}: {test} is no test" for name, test in shown if test not in tests),
        *(f"{name}: {test} does not name it" for name, test in shown - named if test in tests),
        *(f"{test} names {name}, which the page does not show by it" for name, test in named - shown),
    ]


def test_the_page_and_the_tests_agree() -> None:
    assert len(GUARANTEES) > 80
    assert sorted(apart(GUARANTEES, TESTS)) == []


def test_each_guarantee_has_its_reason() -> None:
    assert [name for name, one in GUARANTEES.items() if "*Why:*" not in one.text] == []


@pytest.mark.parametrize(
    ("page", "tests", "said"),
    [
        ("- **a**: x `tests/t.py::test_a`", {"tests/t.py::test_b": {"a"}}, "a: tests/t.py::test_a is no test"),
        ("- **a**: x `tests/t.py::test_a`", {"tests/t.py::test_a": set[str]()}, "a: tests/t.py::test_a does not name"),
        ("- **a**: x", {"tests/t.py::test_a": set[str]()}, "a: no test shows it"),
        ("nothing", {"tests/t.py::test_a": {"a"}}, "tests/t.py::test_a names a, which"),
        ("Each: `tests/t.py::test_a`\n- **a**: x\n- **b**: x", {"tests/t.py::test_a": {"a"}}, "b: tests/t.py::test_a"),
    ],
)
def test_a_page_and_tests_that_went_apart_are_noticed(page: str, tests: dict[str, set[str]], said: str) -> None:
    assert any(line.startswith(said) for line in apart(of_the_page(page), tests))
