"""What `/airflow …` does. Knows neither Slack nor HTTP: it takes words and gives words."""

import re
import threading
import time
from collections.abc import Callable

from bot.delivery import Delivery, Outcome, Run
from bot.github import GitHub
from bot.rest import RestError
from bot.state import Followed, State

HELP = """`/airflow deploy BRANCH` tries a branch on integration, once its checks are green
`/airflow where` says who has integration and what is under way
`/airflow lock REASON` keeps deployments off integration, `/airflow unlock` gives it back
`/airflow release TAG` makes a release tag of main, which goes to production after its approval"""
STACK = "integration"
Say = Callable[[str, str], None]  # channel, text


class Commands:
    """The verbs. `deploy` and `release` are followed in a thread until they end, one at a time."""

    def __init__(self, github: GitHub, delivery: Delivery, state: State, say: Say, poll: float = 20.0) -> None:
        self._github, self._delivery, self._state, self._say, self._poll = github, delivery, state, say, poll
        self._starting = threading.Lock()
        self._follower: threading.Thread | None = None

    def resume(self) -> None:
        """Go on following what was under way when the bot was stopped."""
        if followed := self._state.read():
            self._follow(followed)

    def run(self, text: str, user: str, channel: str) -> str:
        """The answer to the words behind `/airflow`."""
        verb, _, rest = text.strip().partition(" ")
        verbs = {
            "deploy": self._deploy, "where": self._where, "lock": self._lock, "unlock": self._unlock,
            "release": self._release,
        }  # fmt: skip
        if verb not in verbs:
            return HELP
        try:
            return verbs[verb](rest.strip(), user, channel)
        except RestError as error:
            return f"That did not work: {error}"

    def _deploy(self, branch: str, user: str, channel: str) -> str:
        if not re.fullmatch(r"[\w./-]+", branch):
            return "Which branch? `/airflow deploy BRANCH`"
        sha = self._github.head(branch)
        if red := self._github.red_checks(sha):
            return f"Not deployed: checks of {branch} are not green: {', '.join(red[:5])}"
        lock = self._github.lock(STACK)
        if lock and lock["branch"] != branch:
            return f"Not deployed: {_held(lock)}"
        return self._start(f"{branch} to {STACK}", lambda: self._delivery.try_branch(branch), user, channel)

    def _release(self, tag: str, user: str, channel: str) -> str:
        if not re.fullmatch(r"v\d+(\.\d+)*([.-][\w.]+)?", tag):
            return "Which tag? `/airflow release v1.2.3`"
        sha = self._github.head("main")
        if red := self._github.red_checks(sha):
            return f"Not released: checks of main are not green: {', '.join(red[:5])}"

        def begin() -> Run:
            self._github.tag(tag, sha)
            return self._patiently(tag)

        return self._start(f"release {tag} to production", begin, user, channel)

    def _where(self, _rest: str, _user: str, _channel: str) -> str:
        lock, followed = self._github.lock(STACK), self._state.read()
        held = _held(lock) if lock else f"{STACK} is free"
        return (
            f"{held}. Under way: {followed.what}, {followed.run.url}" if followed else f"{held}. Nothing is under way"
        )

    def _lock(self, reason: str, user: str, _channel: str) -> str:
        if not reason:
            return "Why? `/airflow lock REASON`"
        if lock := self._github.lock(STACK):
            return f"Not locked: {_held(lock)}"
        try:
            self._github.take_lock(STACK, f"slack-{user}", f"<@{user}>", reason)
        except RestError as error:
            if error.status == 422:
                return "Not locked: somebody was faster. `/airflow where`"
            raise
        return f"{STACK} is locked for <@{user}>: {reason}"

    def _unlock(self, _rest: str, user: str, _channel: str) -> str:
        lock = self._github.lock(STACK)
        if not lock:
            return f"{STACK} is free already"
        if self._state.read():
            return "Not unlocked: a deployment is under way. `/airflow where`"
        self._github.drop_lock(STACK)
        return f"{STACK} is free again (it was held for {lock['branch']} by {lock['by']}); said by <@{user}>"

    def _start(self, what: str, begin: Callable[[], Run], user: str, channel: str) -> str:
        with self._starting:
            if under_way := self._state.read():
                return f"Not started: {under_way.what} is under way, {under_way.run.url}"
            followed = Followed(what, begin(), channel, user)
            self._state.write(followed)
        self._follow(followed)
        return f"Started: {what}, {followed.run.url}"

    def _patiently(self, tag: str, tries: int = 10) -> Run:
        for _ in range(tries - 1):
            try:
                return self._delivery.follow_release(tag)
            except RestError:
                time.sleep(self._poll / 10)
        return self._delivery.follow_release(tag)

    def _follow(self, followed: Followed) -> None:
        self._follower = threading.Thread(target=self._until_ended, args=(followed,), daemon=True)
        self._follower.start()

    def _until_ended(self, followed: Followed) -> None:
        waiting = False
        while True:
            try:
                outcome = self._delivery.outcome(followed.run)
            except RestError:
                time.sleep(self._poll)  # the service is away: the deployment goes on without us
                continue
            if outcome.state == "waiting" and not waiting:
                waiting = True
                self._say(followed.channel, f"{followed.what} waits for an approval: {outcome.url}")
            if outcome.ended:
                self._state.write(None)
                self._say(followed.channel, _told(followed, outcome))
                return
            time.sleep(self._poll)


def _told(followed: Followed, outcome: Outcome) -> str:
    how = "went well" if outcome.state == "success" else "FAILED"
    return f"<@{followed.user}> {followed.what} {how}: {outcome.url}"


def _held(lock: dict[str, str]) -> str:
    reason = f": {lock['reason']}" if lock.get("reason") else ""
    return f"{STACK} is held for {lock['branch']} by {lock['by']} since {lock['since']}{reason}"
