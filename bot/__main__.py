"""`python -m bot`: listens to Slack by a socket that it opens itself, until it is stopped."""

import sys

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler

from bot.app import build
from bot.settings import BadEnvironmentError, load


def main() -> int:
    """Run until stopped; 2 where the environment is wrong."""
    try:
        settings = load()
    except BadEnvironmentError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    slack = App(token=settings.slack_bot_token.get_secret_value())
    build(settings, slack).resume()
    SocketModeHandler(slack, settings.slack_app_token.get_secret_value()).start()  # pyright: ignore[reportUnknownMemberType]
    return 0


if __name__ == "__main__":
    sys.exit(main())
