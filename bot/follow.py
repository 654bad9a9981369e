"""Follows the one deployment that is under way, across restarts, and tells how it ended."""

import logging
import threading
import time
from collections.abc import Callable

from bot.delivery import Outcome, Outcomes
from bot.rest import RestError, Sleep
from bot.state import Followed, State

Say = Callable[[str, str], bool]
"""(channel, text) → whether Slack took it."""

BLIND = 15
"""Looks that fail in a row until the channel hears of it."""
TELLINGS = 10
"""Tries to tell the outcome until the log has to do."""
_LOG = logging.getLogger(__name__)


class Follower:
    """A thread that looks every `poll` seconds until the run ends, is gone, or is forgotten."""

    def __init__(self, delivery: Outcomes, state: State, say: Say, poll: float, sleep: Sleep = time.sleep) -> None:
        self._delivery, self._state, self._say, self._poll, self._sleep = delivery, state, say, poll, sleep
        self._thread: threading.Thread | None = None
        self._now: Followed | None = None

    @property
    def now(self) -> Followed | None:
        """What is under way."""
        return self._now

    def resume(self) -> None:
        """Go on with what was under way when the bot was stopped."""
        if followed := self._state.read():
            self._begin(followed)

    def follow(self, followed: Followed) -> str:
        """Follow it from now on; a sentence where a restart will have forgotten it."""
        warning = self._keep(followed)
        self._begin(followed)
        return warning

    def forget(self) -> Followed | None:
        """Follow it no more; the deployment itself goes on."""
        forgotten, self._now = self._now, None
        self._keep(None)
        return forgotten

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until nothing is followed; False where that took longer."""
        if self._thread:
            self._thread.join(seconds)
        return not (self._thread and self._thread.is_alive())

    def _begin(self, followed: Followed) -> None:
        self._now = followed
        self._thread = threading.Thread(target=self._until_ended, args=(followed,), daemon=True)
        self._thread.start()

    def _keep(self, followed: Followed | None) -> str:
        try:
            self._state.write(followed)
        except OSError as error:
            _LOG.error("the state could not be written: %s", error)
            return " (It could not be written down: a restart of the bot would forget it.)"
        return ""

    def _until_ended(self, followed: Followed) -> None:
        waits = False
        failures = 0
        while self._now is followed:
            outcome, why = self._look(followed)
            failures = 0 if outcome else failures + 1
            if failures == BLIND:
                self._say(followed.channel, f"Cannot see how {followed.what} stands: {why}. Still looking.")
            if outcome and outcome.state == "waiting" and not waits:
                waits = self._say(followed.channel, f"{followed.what} waits for an approval: {outcome.url}")
            if outcome and outcome.ended:
                self._end(followed, _told(followed, outcome))
            elif outcome is None and why == _GONE:
                self._end(followed, f"<@{followed.user}> {followed.what} is gone from the service: {followed.run.url}")
            else:
                self._sleep(self._poll)

    def _look(self, followed: Followed) -> tuple[Outcome | None, str]:
        try:
            return self._delivery.outcome(followed.run), ""
        except RestError as error:
            return None, _GONE if error.status == 404 else str(error)
        except Exception:  # a service that answers in a new shape must not end the thread: nobody would be told
            _LOG.exception("looking at %s", followed.run.url)
            return None, "the service's answer is not understood, see the bot's log"

    def _end(self, followed: Followed, text: str) -> None:
        """Told first and forgotten then: a restart in between tells twice, which is better than never."""
        for _ in range(TELLINGS):
            if self._say(followed.channel, text):
                break
            self._sleep(self._poll)
        else:
            _LOG.error("nobody could be told: %s", text)
        if self._now is followed:
            self.forget()


_GONE = "gone"


def _told(followed: Followed, outcome: Outcome) -> str:
    how = "went well" if outcome.state == "success" else "FAILED"
    return f"<@{followed.user}> {followed.what} {how}: {outcome.url}"
