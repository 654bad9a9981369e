"""Every shipped stack on the engine: a preview that says what ours says, `up`, again, `refresh`, `destroy`."""

from collections import Counter

import pytest

from tests.engine import parity
from tests.engine.life import Life


class TestLife:
    """One stack's."""

    def test_the_first_up_makes_all_of_the_plan(self, life: Life) -> None:
        planned = {resource.urn for resource in life.plan if resource.custom and ":providers:" not in resource.type}
        assert {thing.urn for thing in life.stood} == planned

    @pytest.mark.guarantee("the plan is the engine's own preview")
    def test_our_plan_is_the_engines_preview(self, life: Life) -> None:
        assert list(parity.differences(life.plan, life.preview)) == []

    def test_nothing_is_made_twice_or_refused(self, life: Life) -> None:
        made = Counter(event.urn for event in life.before_the_end if event.did == "create")
        assert {urn: count for urn, count in made.items() if count > 1} == {}
        assert [event for event in life.before_the_end if event.did == "refused"] == []

    @pytest.mark.guarantee("a second `up` has nothing to do")
    def test_a_second_up_changes_nothing(self, life: Life) -> None:
        assert life.again.code == 0, life.again.text

    @pytest.mark.guarantee("a second `up` has nothing to do")
    def test_a_refresh_finds_nothing(self, life: Life) -> None:
        assert life.refresh.code == 0, life.refresh.text

    def test_only_the_first_up_did_anything(self, life: Life) -> None:
        assert {event.did for event in life.before_the_end} == {"create"}

    def test_no_secret_in_state_or_output(self, life: Life) -> None:
        assert life.leaks == []

    def test_the_exports_are_those_of_the_plan(self, life: Life) -> None:
        assert sorted(life.outputs) == sorted(life.plan.outputs)
        assert all(value not in (None, "") for value in life.outputs["releases"].values())

    def test_a_protected_stack_refuses_to_end(self, life: Life) -> None:
        protected = {resource.urn for resource in life.plan if resource.options.protect}
        assert {one["urn"] for one in life.state if one.get("protect")} == protected
        assert (life.refused_end is not None) == bool(protected)
        if life.refused_end is not None:
            assert life.refused_end.code != 0
            assert life.touched_by_refused_end == []

    def test_destroy_leaves_nothing(self, life: Life) -> None:
        assert life.destroy.code == 0, life.destroy.text[-3000:]
        assert [one["urn"] for one in life.left if one["type"] != "pulumi:pulumi:Stack"] == []
        assert [thing.urn for thing in life.left_standing] == []

    def test_what_refers_goes_before_what_it_refers_to(self, life: Life) -> None:
        late = {event.urn: event.referring for event in life.destroyed if event.did == "delete" and event.referring}
        assert late == {}
