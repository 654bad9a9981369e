"""What the bot must not forget when it is restarted: the deployment that it follows."""

import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.delivery import Run


@dataclass(frozen=True)
class Followed:
    """A running deployment: what it is, who asked, and where its outcome is told."""

    what: str
    run: Run
    channel: str
    user: str


class State:
    """One file, replaced as a whole, so that a kill leaves the old or the new one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Followed | None:
        """The deployment that was followed when the bot last wrote."""
        try:
            found = json.loads(self._path.read_text())
            if not found:
                return None
            return Followed(found["what"], Run(**found["run"]), found["channel"], found["user"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            # A bot that cannot start helps nobody: the deployment itself goes on, and the service shows it.
            logging.getLogger(__name__).error("%s is not readable: nothing is followed", self._path)
            return None

    def write(self, followed: Followed | None) -> None:
        """Remember it, or that there is none."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        with new.open("w") as file:
            json.dump(asdict(followed) if followed else None, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
