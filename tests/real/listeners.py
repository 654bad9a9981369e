"""Small servers on loopback that keep what they are sent: a webhook and a mail server."""

import contextlib
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler


@dataclass
class Heard:
    port: int
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.parts)


class Webhook(BaseHTTPRequestHandler):
    """Answers every POST as Slack's incoming webhooks do."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.heard.parts.append(body)  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        pass


class Mail(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as one plain message needs."""

    def handle(self) -> None:
        self.say("220 here")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ")[0].upper()
            if verb == "DATA":
                self.say("354 go on")
                while (text := self.rfile.readline().decode()) != ".\r\n":
                    self.server.heard.parts.append(text.rstrip())  # type: ignore[attr-defined]
            self.say("221 bye" if verb == "QUIT" else "250 ok")
            if verb == "QUIT":
                return

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextlib.contextmanager
def heard(handler: type[socketserver.BaseRequestHandler]) -> Iterator[Heard]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.heard = Heard(server.server_address[1])  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.heard  # type: ignore[attr-defined]
        finally:
            server.shutdown()
            thread.join()
