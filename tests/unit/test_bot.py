"""The bot's commands from Slack's dispatch to the services' REST calls, and back to the channel."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.bot_services import GitHubServer
from tests.unit.bot_world import ANN, ROOM, World, made


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with made(tmp_path) as one:
        yield one


def test_a_branch_is_deployed_followed_and_told(world: World) -> None:
    world.github.ends = [("queued", None), ("in_progress", None), ("completed", "success")]
    app, follower = world.start()
    assert world.say("deploy feature/x", app).startswith("Started: feature/x to integration, https://github.test/")
    assert follower.wait(5)
    assert world.slack.said == [
        "<@U1> feature/x to integration went well: https://github.test/acme/data/actions/runs/100"
    ]
    assert world.github.called("POST", "/dispatches") == [{"ref": "main", "inputs": {"branch": "feature/x"}}]
    assert world.state is None
    assert world.github.tokens == {"Bearer ghp-secret"}


def test_a_failed_deployment_is_told_as_one(world: World) -> None:
    world.github.ends = [("completed", "failure")]
    app, follower = world.start()
    world.say("deploy feature/x", app)
    assert follower.wait(5)
    assert "FAILED" in world.slack.said[0]


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ({"id": 3, "name": "plan", "status": "completed", "conclusion": "failure"}, "plan (failure)"),
        ({"id": 3, "name": "plan", "status": "in_progress", "conclusion": None}, "plan (in_progress)"),
    ],
)
def test_red_and_running_checks_refuse(world: World, check: dict[str, Any], said: str) -> None:
    world.github.checks += [
        {"id": 9 + n, "name": f"c{n}", "status": "completed", "conclusion": "success"} for n in range(120)
    ]
    world.github.checks.append(check)  # on the second page
    app, _ = world.start()
    assert said in world.say("deploy feature/x", app)
    assert said in world.say("release v1.0.0", app)
    assert world.github.called("POST", "/dispatches") == world.github.called("POST", "/git/refs") == []


def test_a_commit_without_checks_and_a_red_status_refuse(world: World) -> None:
    world.github.checks = []
    app, _ = world.start()
    assert "no check has run" in world.say("deploy feature/x", app)
    world.github.statuses = [{"context": "ci/circleci: check", "state": "pending"}]
    assert "ci/circleci: check (pending)" in world.say("deploy feature/x", app)


def test_a_deployment_that_failed_can_be_tried_again_but_not_released(world: World) -> None:
    world.github.checks[1]["conclusion"] = "failure"
    world.github.checks.append(
        {"id": 3, "name": "deploy feature/x to integration", "status": "completed", "conclusion": "failure"}
    )
    app, follower = world.start()
    assert "deploy main to integration (failure)" in world.say("release v1.0.0", app)
    assert "Started" in world.say("deploy main", app)
    assert follower.wait(5)
    world.github.checks.append(
        {"id": 4, "name": "deploy main to integration", "status": "completed", "conclusion": "success"}
    )
    assert "Started" in world.say("release v1.0.0", app)
    assert follower.wait(5)


def test_a_release_waits_for_its_approval_and_is_told_twice(world: World) -> None:
    world.github.ends = [("waiting", None), ("waiting", None), ("completed", "success")]
    app, follower = world.start()
    assert "Started: release v1.0.0 to production" in world.say("release v1.0.0", app)
    assert follower.wait(5)
    assert [" waits for an approval" in said for said in world.slack.said] == [True, False]
    assert world.github.refs["refs/tags/v1.0.0"] == "a" * 40


def test_a_tag_that_is_there_is_followed_at_its_commit_and_never_moved(world: World) -> None:
    app, follower = world.start()
    world.github.refs["refs/tags/v1.0.0"] = "a" * 40
    world.github.run("production.yml", "v1.0.0")
    assert "Started" in world.say("release v1.0.0", app)
    assert follower.wait(5)
    world.github.refs["refs/tags/v1.1.0"] = "d" * 40
    assert "v1.1.0 is there already, at dddddddddddd: a release's tag is never moved" in world.say(
        "release v1.1.0", app
    )


def test_one_deployment_at_a_time_across_a_restart(world: World) -> None:
    world.github.ends = [("in_progress", None)]
    app, first = world.start()
    world.say("deploy feature/x", app)
    assert "is under way" in world.say("deploy main", app)
    assert "Under way: feature/x to integration" in world.say("where", app)
    assert world.state["run"]["id"] == "100"

    again, second = world.start()  # the first was killed: its thread is left to itself
    second.resume()
    assert "is under way" in world.say("release v1.0.0", again)
    first.forget()
    assert "Followed no longer: feature/x to integration" in world.say("forget", again)
    assert second.wait(5)
    assert world.say("forget", again) == "Nothing is under way"


@pytest.mark.guarantee("two deployments at once")
def test_two_at_once_and_one_starts(world: World) -> None:
    app, follower = world.start()
    begun: list[str] = []

    def meanwhile(seconds: float) -> None:
        if not begun:
            begun.append(world.say("deploy main", app))
        world.github.run("integration.yml", "feature/x to integration")

    world.sleep = meanwhile  # type: ignore[method-assign]
    app, follower = world.start()
    world.github.once("POST", "/dispatches", 204, None)  # the run is listed late
    assert "Started" in world.say("deploy feature/x", app)
    assert begun == ["Not started: another deployment is being started this moment. `/airflow where`"]
    assert follower.wait(5)


def test_the_lock_is_taken_seen_and_given_back(world: World) -> None:
    app, _ = world.start()
    assert world.say("lock", app).startswith("Why")
    assert world.say("lock looking at the database", app) == "integration is locked for <@U1>: looking at the database"
    assert "Not deployed: integration is held for slack-U1 by <@U1>" in world.say("deploy feature/x", app)
    assert "Not locked: integration is held" in world.say("lock again", app)
    (message,) = world.github.commits.values()
    assert json.loads(message).keys() == {"stack", "branch", "by", "since", "reason"}  # what ops/lock.py reads
    assert "integration is free again" in world.say("unlock", app)
    assert world.say("unlock", app) == "integration is free already"
    assert world.say("where", app) == "integration is free. Nothing is under way"


def test_a_lock_that_is_not_ours_is_a_sentence(world: World) -> None:
    world.github.refs["refs/locks/integration"] = "e" * 40
    world.github.commits["e" * 40] = "made by hand"
    app, _ = world.start()
    for text in ("where", "deploy feature/x", "unlock"):
        assert "holds no lock of ours" in world.say(text, app)


def test_somebody_faster_gets_the_lock(world: World) -> None:
    app, _ = world.start()
    world.github.once("POST", "/git/refs", 422, {"message": "Reference already exists"})
    assert "somebody was faster" in world.say("lock x", app)


@pytest.mark.parametrize(
    ("user", "channel", "said"), [("U2", ROOM, "may not deploy"), (ANN, "C2", "Not here"), ("U2", "C2", "Not here")]
)
def test_strangers_and_other_channels_start_nothing(world: World, user: str, channel: str, said: str) -> None:
    app, _ = world.start()
    assert said in world.say("deploy feature/x", app, user, channel)
    assert world.slack.answered[-1]["response_type"] == "ephemeral"
    assert world.github.calls == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "help",
        "destroy production",
        "deploy",
        "deploy --force",
        "deploy a'b",
        "deploy a$(b)",
        "release 1.0",
        "release v1 --x",
        "release v1_ü",
    ],
)
def test_what_is_no_command_starts_nothing(world: World, text: str) -> None:
    app, _ = world.start()
    assert "`/airflow" in world.say(text, app)
    assert world.github.calls == []


def test_a_main_that_was_not_deployed_is_not_released(world: World) -> None:
    """It is skipped while a branch is tried, and it has not run yet just after a merge."""
    app, _ = world.start()
    world.github.checks[1]["conclusion"] = "skipped"
    said = world.say("release v1.0.0", app)
    assert said == "Not released: main's newest commit is not on integration: deploy main to integration (skipped)"
    del world.github.checks[1]
    assert "deploy main to integration (has not run)" in world.say("release v1.0.0", app)
    assert world.github.called("POST", "/git/refs") == []


def test_a_lock_holds_one_file_and_no_workflow(world: World) -> None:
    """A tree with `.github/workflows` is refused to a token that may not write workflows."""
    app, _ = world.start()
    world.say("lock load test", app)
    ((file,),) = [body["tree"] for body in world.github.called("POST", "/git/trees")]
    assert file["path"] == "lock.json"
    assert json.loads(file["content"])["reason"] == "load test"


def test_what_people_write_calls_nobody(world: World) -> None:
    app, _ = world.start()
    said = world.say("lock <!channel> & <@U7> look", app)
    assert said == "integration is locked for <@U1>: &lt;!channel&gt; &amp; <@U7> look"


@pytest.mark.parametrize("branch", ["dependabot/pip/@x/y-1.2", "fix/#12", "a+b=c"])
def test_a_branchs_name_may_be_what_people_take(world: World, branch: str) -> None:
    world.github.branches[branch] = "b" * 40
    app, follower = world.start()
    assert world.say(f"deploy {branch}", app).startswith("Started")
    assert follower.wait(5)


@pytest.fixture
def two(world: World) -> World:
    """DAGs in a repository of their own, acme/dags, with a branch that the program's has not."""
    world.dags = "acme/dags"
    world.github.dags = GitHubServer()
    world.github.dags.branches = {"main": "d" * 40, "new-dag": "e" * 40}
    world.github.dags.releases = "dags.yml"
    return world


def test_a_branch_is_one_of_the_dags_where_they_have_a_repository_of_their_own(two: World) -> None:
    app, follower = two.start()
    assert two.say("deploy new-dag", app).startswith(
        "Started: dags new-dag to integration, https://github.test/acme/data"
    )
    assert follower.wait(5)
    assert two.say("deploy program feature/x", app).startswith("Started: feature/x to integration")
    assert follower.wait(5)
    told = [body["inputs"] for body in two.github.called("POST", "/dispatches")]
    assert told == [{"dags": "new-dag"}, {"branch": "feature/x"}]
    assert "there is no branch feature/x" in two.say("deploy feature/x", app)
    assert "`/airflow deploy program BRANCH`" in two.say("", app)


def test_a_release_is_one_of_the_dags_and_their_own_run_is_followed(two: World) -> None:
    app, follower = two.start()
    assert two.github.dags
    assert two.say("release v1.2.0", app).startswith("Started: release dags v1.2.0 to production")
    assert follower.wait(5)
    assert two.github.dags.refs == {"refs/tags/v1.2.0": "d" * 40}
    assert [path for _, path, _ in two.github.calls if path.startswith("/repos/acme/dags/actions/runs/")]
    assert two.say("release program v7.0.0", app).startswith("Started: release v7.0.0 to production")
    assert follower.wait(5)
    assert two.github.refs == {"refs/tags/v7.0.0": "a" * 40}


def test_red_checks_of_the_dags_and_a_lock_of_another_refuse(two: World) -> None:
    app, follower = two.start()
    assert two.github.dags
    good = two.github.dags.checks
    two.github.dags.checks = [{"id": 1, "name": "check", "status": "completed", "conclusion": "failure"}]
    assert "checks of dags new-dag are not green: check (failure)" in two.say("deploy new-dag", app)
    two.github.dags.checks = good[:1]
    assert "not on integration" in two.say("release v1.2.0", app)
    two.say("lock a demo", app)
    assert two.say("deploy new-dag", app).startswith("Not deployed: integration is held")
    two.say("unlock", app)
    two.github.refs["refs/locks/integration"] = "f" * 40
    lock = {"stack": "integration", "branch": "dags:new-dag", "by": "ann", "since": "2026-11-21T12:00:00+00:00"}
    two.github.commits["f" * 40] = json.dumps(lock)
    assert two.say("deploy new-dag", app).startswith("Started"), "its own"
    assert follower.wait(5)


def test_circleci_is_told_of_the_dags_by_a_parameter(two: World) -> None:
    app, follower = two.start("circleci")
    assert two.say("deploy new-dag", app).startswith("Started: dags new-dag to integration, https://app.circleci.com/")
    assert follower.wait(5)
    assert two.circle.called("POST", "/pipeline") == [{"branch": "main", "parameters": {"dags": "new-dag"}}]
    assert two.say("release v1.2.0", app).startswith("Started: release dags v1.2.0 to production, https://github.test/")
    assert follower.wait(5)
