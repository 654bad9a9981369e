"""The bot's commands from Slack's dispatch to the services' REST calls, and back to the channel."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from slack_bolt import App, BoltRequest
from slack_sdk import WebClient

from bot import app as bot_app
from bot import follow, rest
from bot.delivery import APPEARS
from bot.follow import Follower
from bot.settings import BotSettings
from tests.unit.bot_services import CircleServer, GitHubServer, SlackServer, served

TOKENS = {"slack_bot_token": "xoxb-secret", "slack_app_token": "xapp-secret", "delivery_token": "ghp-secret"}
ROOM, ANN = "C1", "U1"


@dataclass
class World:
    """The bot between its three services; `naps` are the seconds that it slept, none of them real."""

    slack: SlackServer
    github: GitHubServer
    circle: CircleServer
    folder: Path
    naps: list[float] = field(default_factory=list[float])

    def start(self, delivery: str = "github") -> tuple[App, Follower]:
        client = WebClient("xoxb-secret", base_url=f"{self.slack.url}/api/")
        slack = App(client=client, process_before_response=True)
        given: dict[str, Any] = {
            **TOKENS, "circleci_token": "circle-secret", "repository": "acme/data", "channels": ROOM, "users": ANN,
            "delivery": delivery, "github_api": self.github.url, "circleci_api": self.circle.url,
            "state_file": str(self.folder / "state.json"),
        }  # fmt: skip
        return slack, bot_app.build(BotSettings.model_validate(given), slack, self.sleep, poll=1)

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)

    def say(self, text: str, app: App, user: str = ANN, channel: str = ROOM) -> str:
        """A slash command as socket mode hands it to the app; the answer that reached Slack."""
        body = {
            "command": "/airflow", "text": text, "user_id": user, "channel_id": channel, "team_id": "T1",
            "response_url": f"{self.slack.url}/response", "api_app_id": "A1", "trigger_id": "1.2", "token": "x",
        }  # fmt: skip
        done = app.dispatch(BoltRequest(mode="socket_mode", body=body))
        assert done.status == 200
        return str(self.slack.answered[-1]["text"])

    @property
    def state(self) -> Any:
        return json.loads((self.folder / "state.json").read_text())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        made = (SlackServer(), GitHubServer(), CircleServer())
        for service in made:
            stack.enter_context(served(service))
        yield World(*made, tmp_path)


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
