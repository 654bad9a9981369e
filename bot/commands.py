"""What `/airflow …` does. Knows neither Slack nor HTTP: it takes words and gives words."""

import re
import threading
from collections.abc import Callable

from bot.delivery import Delivery, Run
from bot.follow import Follower
from bot.github import GitHub
from bot.lock import Locks
from bot.rest import RestError
from bot.state import Followed

HELP = """`/airflow deploy BRANCH` tries a branch on integration, once its checks are green
`/airflow where` says who has integration and what is under way
`/airflow lock REASON` keeps deployments off integration, `/airflow unlock` gives it back
`/airflow release TAG` makes a release tag of main, which goes to production after its approval
`/airflow forget` follows what is under way no longer; it goes on by itself"""
HELP_OF_TWO = f"""{HELP}
Branches and tags are those of the DAGs; `/airflow deploy program BRANCH` and `/airflow release program TAG` mean the \
program's"""
STACK = "integration"
PROGRAM = "program"
LONGEST_REASON = 300  # characters


class Commands:
    """The verbs. What `deploy` and `release` start is followed until it ends, one at a time."""

    def __init__(
        self, github: GitHub, locks: Locks, delivery: Delivery, follower: Follower, dags: GitHub | None = None
    ) -> None:
        """`dags` is the repository of the DAGs, where they have one of their own."""
        self._github, self._locks, self._delivery, self._follower = github, locks, delivery, follower
        self._dags = dags
        self._starting = threading.Lock()

    def run(self, text: str, user: str, channel: str) -> str:
        """The answer to the words behind `/airflow`."""
        verb, _, rest = text.strip().partition(" ")
        verbs = {
            "deploy": self._deploy, "where": self._where, "lock": self._lock, "unlock": self._unlock,
            "release": self._release, "forget": self._forget,
        }  # fmt: skip
        if verb not in verbs:
            return HELP_OF_TWO if self._dags else HELP
        try:
            return verbs[verb](rest.strip(), user, channel)
        except RestError as error:
            return f"That did not work: {error}"

    def _meant(self, rest: str) -> tuple[GitHub, str, str]:
        """The repository, the branch or tag in it, and what people call that."""
        first, _, second = rest.partition(" ")
        if first == PROGRAM and second:
            return self._github, second.strip(), second.strip()
        return (self._dags, rest, f"dags {rest}") if self._dags else (self._github, rest, rest)

    def _deploy(self, rest: str, user: str, channel: str) -> str:
        repository, branch, called = self._meant(rest)
        if not re.fullmatch(r"[A-Za-z0-9_][\w./@#+=,-]*", branch, re.ASCII):
            return "Which branch? `/airflow deploy BRANCH`"
        of_dags = repository is self._dags
        holder = f"dags:{branch}" if of_dags and branch != "main" else branch

        def begin() -> Run | str:
            if red := repository.red_checks(repository.head(branch)):
                return f"Not deployed: checks of {called} are not green: {', '.join(red[:5])}"
            lock = self._locks.held(STACK)
            if lock and lock.branch != holder:
                return f"Not deployed: {lock}"
            return self._delivery.try_dags(branch) if of_dags else self._delivery.try_branch(branch)

        return self._start(f"{called} to {STACK}", begin, user, channel)

    def _release(self, rest: str, user: str, channel: str) -> str:
        repository, tag, called = self._meant(rest)
        if not re.fullmatch(r"v\d+(\.\d+)*(-[0-9A-Za-z][0-9A-Za-z.-]*)?", tag, re.ASCII):
            return "Which tag? `/airflow release v1.2.3`"
        # A tag of the DAGs starts their own repository's workflow, which starts production's and waits for it.
        follows = repository if repository is self._dags else self._delivery

        def begin() -> Run | str:
            sha = repository.head("main")
            if red := repository.red_checks(sha):
                return f"Not released: checks of main are not green: {', '.join(red[:5])}"
            if why := repository.not_integrated(sha):
                return f"Not released: main's newest commit is not on integration: {why}"
            repository.tag(tag, sha)
            return follows.follow_release(tag)

        return self._start(f"release {called} to production", begin, user, channel)

    def _where(self, _rest: str, _user: str, _channel: str) -> str:
        held, followed = self._locks.held(STACK) or f"{STACK} is free", self._follower.now
        return f"{held}. Under way: {_told(followed)}" if followed else f"{held}. Nothing is under way"

    def _lock(self, reason: str, user: str, _channel: str) -> str:
        if not reason or len(reason) > LONGEST_REASON:
            return f"Why, in {LONGEST_REASON} characters? `/airflow lock REASON`"
        if lock := self._locks.held(STACK):
            return f"Not locked: {lock}"
        if not self._locks.take(STACK, f"slack-{user}", f"<@{user}>", reason):
            return "Not locked: somebody was faster. `/airflow where`"
        return f"{STACK} is locked for <@{user}>: {reason}"

    def _unlock(self, _rest: str, user: str, _channel: str) -> str:
        lock = self._locks.held(STACK)
        if not lock:
            return f"{STACK} is free already"
        if followed := self._follower.now:
            return f"Not unlocked: {_told(followed)} is under way"
        self._locks.drop(STACK)
        return (
            f"{STACK} is free again (it was held for {lock.branch} by {lock.by}); said by <@{user}>. "
            "`/airflow deploy main` brings main back"
        )

    def _forget(self, _rest: str, user: str, _channel: str) -> str:
        followed = self._follower.forget()
        return f"Followed no longer: {_told(followed)}; said by <@{user}>" if followed else "Nothing is under way"

    def _start(self, what: str, begin: Callable[[], Run | str], user: str, channel: str) -> str:
        """Begin and follow, unless something is under way. `begin` gives the run, or why there is none."""
        if not self._starting.acquire(blocking=False):
            return "Not started: another deployment is being started this moment. `/airflow where`"
        try:
            if under_way := self._follower.now:
                return f"Not started: {_told(under_way)} is under way"
            begun = begin()
            if isinstance(begun, str):
                return begun
            warning = self._follower.follow(Followed(what, begun, channel, user))
            return f"Started: {what}, {begun.url}{warning}"
        finally:
            self._starting.release()


def _told(followed: Followed) -> str:
    return f"{followed.what}, {followed.run.url}"
