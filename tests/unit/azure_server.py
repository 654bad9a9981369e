"""A small server that answers as Azure Resource Manager does, and logins for it."""

import json
import time
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

from azure.core.exceptions import ClientAuthenticationError

TOKEN = "token-of-the-test"


class Handler(BaseHTTPRequestHandler):
    """Answers from `server.answers`; a number is an error with that status; what is missing is a 404."""

    def do_GET(self) -> None:
        assert self.headers["Authorization"] == f"Bearer {TOKEN}"
        assert "api-version=" in self.path
        length = int(self.headers.get("Content-Length") or 0)
        self.server.asked.append((self.command, unquote(urlsplit(self.path).path), self.rfile.read(length)))
        found = self.server.answers.get(unquote(urlsplit(self.path).path), 404)
        status = found if isinstance(found, int) else 200
        codes = {404: "ResourceNotFound", 403: "AuthorizationFailed"}
        body = found if status == 200 else {"error": {"code": codes.get(status, "Error"), "message": "no"}}
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Silence."""


class Credential:
    def get_token(self, *_: str, **__: Any) -> Any:
        return SimpleNamespace(token=TOKEN, expires_on=int(time.time()) + 3600)


class NoCredential:
    def get_token(self, *_: str, **__: Any) -> Any:
        raise ClientAuthenticationError("DefaultAzureCredential failed to retrieve a token\nmore lines")
