"""A small server that answers as Azure Resource Manager does, and logins for it."""

import base64
import json
import time
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

from azure.core.exceptions import ClientAuthenticationError

PRINCIPAL = "5b1e7c1a-0000-4000-8000-000000000001"
#: A JWT as Entra makes them, but for the signature.
TOKEN = ".".join(
    base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, {"oid": PRINCIPAL}, {})
)


class Handler(BaseHTTPRequestHandler):
    """Answers from `server.answers`; a number is an error with that status; what is missing is a 404."""

    def do_GET(self) -> None:
        assert self.headers["Authorization"] == f"Bearer {TOKEN}"
        assert ("api-version=" in self.path) is not self.path.startswith("/v1.0/")  # Graph's is in the path
        length = int(self.headers.get("Content-Length") or 0)
        self.server.asked.append((self.command, unquote(urlsplit(self.path).path), self.rfile.read(length)))
        found = self.server.answers.get(unquote(urlsplit(self.path).path), 404)
        status = found if isinstance(found, int) else 200
        codes = {404: "ResourceNotFound", 403: "AuthorizationFailed", 429: "TooManyRequests"}
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
