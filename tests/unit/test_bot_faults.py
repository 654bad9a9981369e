"""What the bot does where a service breaks, vanishes, limits it or answers oddly, and where its disk does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import follow, rest
from bot.delivery import APPEARS
from tests.unit.bot_world import TOKENS, World, made


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with made(tmp_path) as one:
        yield one


def test_a_dispatch_that_broke_but_began_is_followed(world: World) -> None:
    app, follower = world.start()
    world.github.run("integration.yml", "feature/x to integration")  # an older one, which is not meant

    def begins(_: float) -> None:
        world.github.run("integration.yml", "main to integration")
        world.github.run("integration.yml", "feature/x to integration")

    world.sleep = begins  # type: ignore[method-assign]
    app, follower = world.start()
    world.github.once("POST", "/dispatches", 502, {"message": "Server Error"})
    assert "runs/102" in world.say("deploy feature/x", app)
    assert follower.wait(5)
    assert len(world.github.called("POST", "/dispatches")) == 1


def test_a_dispatch_that_never_shows_is_given_up(world: World) -> None:
    app, follower = world.start()
    world.github.once("POST", "/dispatches", 204, None)
    assert "GitHub lists no run of integration.yml" in world.say("deploy feature/x", app)
    assert world.naps == [1] * APPEARS
    assert follower.now is None


def test_circleci_is_driven_the_same_way(world: World) -> None:
    app, follower = world.start("circleci")
    world.circle.workflows = ["success", "success"]
    assert "https://app.circleci.com/pipelines/gh/acme/data/1" in world.say("deploy feature/x", app)
    assert follower.wait(5)
    assert world.circle.called("POST", "/pipeline") == [{"branch": "feature/x", "parameters": {"branch": "feature/x"}}]
    assert world.circle.tokens == {"circle-secret"}
    world.circle.pipeline("webhook", {"tag": "v1.0.0"})
    world.circle.workflows = ["on_hold"]
    assert "Started: release v1.0.0" in world.say("release v1.0.0", app)
    world.circle.workflows = ["success", "failed"]
    assert follower.wait(5)
    assert "FAILED" in world.slack.said[-1]


def test_circleci_that_breaks_after_it_began_or_cannot_read_its_config(world: World) -> None:
    app, follower = world.start("circleci")
    world.circle.once("POST", "/pipeline", 500, {"message": "oops"})
    assert world.say("deploy feature/x", app) == "That did not work: CircleCI: 500 oops"
    world.circle.workflows, world.circle.state = [], "errored"
    assert "Started" in world.say("deploy feature/x", app)
    assert follower.wait(5)
    assert "FAILED" in world.slack.said[0]
    assert "CircleCI lists no pipeline of v9.9.9" in world.say("release v9.9.9", app)


def test_a_rate_limit_is_waited_out_and_a_long_one_is_told(world: World) -> None:
    app, _ = world.start()
    world.github.once("GET", "/branches/nowhere", 429, {"message": "slow down"}, {"Retry-After": "7"})
    assert world.say("deploy nowhere", app) == "That did not work: there is no branch nowhere"
    assert world.naps == [7]
    limit = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999"}
    world.github.once("GET", "/ref/locks/integration", 403, {"message": "API rate limit exceeded"}, limit)
    assert world.say("where", app) == "That did not work: GitHub: 403 API rate limit exceeded"
    assert sum(world.naps) < rest.PATIENCE


def test_a_limit_that_names_no_time_is_waited_out_as_github_asks(world: World) -> None:
    app, _ = world.start()
    limit = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
    world.github.once("GET", "/ref/locks/integration", 403, limit)
    assert world.say("where", app) == "integration is free. Nothing is under way"
    assert world.naps == [60]


def test_a_look_that_nobody_answers_is_tried_again_and_then_told(world: World) -> None:
    app, _ = world.start()
    world.github.once("GET", "/ref/locks/integration", 0, None)
    assert world.say("where", app) == "integration is free. Nothing is under way"
    for _ in range(3):
        world.github.once("GET", "/ref/locks/integration", 0, None)
    assert world.say("where", app) == "That did not work: GitHub does not answer"


def test_statuses_are_read_to_the_last_page(world: World) -> None:
    world.github.statuses = [{"context": f"c{number}", "state": "success"} for number in range(100)]
    world.github.statuses.append({"context": "scan", "state": "failure"})
    app, _ = world.start()
    assert "scan (failure)" in world.say("deploy feature/x", app)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, {"message": "Bad credentials"}), "GitHub: 401 Bad credentials"),
        ((200, "<html>a proxy's page</html>"), "without JSON"),
        ((403, ["odd"]), "GitHub: 403 Forbidden"),
        ((200, {"odd": 1}), "The bot has a defect"),
    ],
)
def test_whatever_github_answers_is_a_sentence_without_a_token(
    world: World, answer: tuple[int, Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    app, _ = world.start()
    world.github.once("GET", "/ref/locks/integration", *answer)
    assert said in world.say("where", app)
    everything = caplog.text + str(world.slack.answered)
    assert not [token for token in (*TOKENS.values(), "circle-secret") if token in everything]


def test_a_service_that_is_away_is_told_once_and_followed_on(world: World) -> None:
    for _ in range(follow.BLIND + 2):
        world.github.once("GET", "/actions/runs/100", 401, {"message": "Bad credentials"})
    world.github.once("GET", "/actions/runs/100", 200, {"odd": 1})  # an answer that the follower does not understand
    app, follower = world.start()
    world.say("deploy feature/x", app)
    assert follower.wait(5)
    blind, ended = world.slack.said
    assert "Cannot see how feature/x to integration stands: GitHub: 401 Bad credentials" in blind
    assert "went well" in ended


def test_a_run_that_was_deleted_frees_the_bot(world: World) -> None:
    world.github.once("GET", "/actions/runs/100", 404, {"message": "Not Found"})
    app, follower = world.start()
    world.say("deploy feature/x", app)
    assert follower.wait(5)
    assert "is gone from the service" in world.slack.said[0]
    assert world.say("where", app).endswith("Nothing is under way")


def test_slack_that_takes_no_message_is_asked_again(world: World) -> None:
    for _ in range(3):
        world.slack.once("POST", "/chat.postMessage", 200, {"ok": False, "error": "channel_not_found"})
    world.slack.once("POST", "/chat.postMessage", 429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "0"})
    app, follower = world.start()
    world.say("deploy feature/x", app)
    assert follower.wait(5)
    assert len(world.slack.said) == 5
    assert world.state is None


def test_an_unreadable_state_does_not_keep_the_bot_from_starting(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    (world.folder / "state.json").write_text('{"what": "half a')
    _, follower = world.start()
    follower.resume()
    assert follower.now is None
    assert "nothing is followed" in caplog.text


def test_a_state_that_cannot_be_written_is_said(world: World) -> None:
    (world.folder / "state.new").mkdir()
    app, follower = world.start()
    assert "could not be written down" in world.say("deploy feature/x", app)
    assert follower.wait(5)
    assert "went well" in world.slack.said[0]
