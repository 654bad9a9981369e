"""`python -m bot`: listens to Slack by a socket that it opens itself, until it is stopped."""

import logging
import signal
import sys
from types import FrameType

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.error import BoltError
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.app import build
from bot.settings import BadEnvironmentError, load


def main() -> int:
    """Run until stopped; 2 where the environment is wrong, 1 where Slack or the state file cannot be reached."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # else a line for every look at a run
    signal.signal(signal.SIGTERM, _leave)  # the first process of a container has no other way to hear it
    try:
        settings = load()
        client = WebClient(settings.slack_bot_token.get_secret_value(), base_url=settings.slack_api)
        slack = App(client=client)
        build(settings, slack).resume()
        SocketModeHandler(slack, settings.slack_app_token.get_secret_value()).start()  # pyright: ignore[reportUnknownMemberType]
    except BadEnvironmentError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (BoltError, SlackClientError) as error:
        sys.stderr.write(f"Slack refuses SLACK_BOT_TOKEN or SLACK_APP_TOKEN: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"cannot run: {error}\n")  # no way to Slack, or a state file that is not ours to read
        return 1
    return 0


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)  # what is followed stands in the state file


if __name__ == "__main__":
    sys.exit(main())
