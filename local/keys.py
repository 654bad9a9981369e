"""Passwords and keys that this machine makes for itself: once each, in files that only the caller can read."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Keys:
    """What `load` read or made; never printed."""

    admin_password: str
    fernet_key: str
    jwt_secret: str
    api_secret_key: str


def admin_password_file(folder: Path) -> Path:
    """The file with the password of the UI's user `admin`."""
    return folder / "admin-password"


def load(folder: Path) -> Keys:
    """Read the keys under `folder` (0700), and make those that are missing (0600)."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def text() -> str:
        return secrets.token_urlsafe(32)

    return Keys(
        admin_password=_once(admin_password_file(folder), lambda: secrets.token_urlsafe(16)),
        fernet_key=_once(folder / "fernet-key", lambda: base64.urlsafe_b64encode(os.urandom(32)).decode()),
        jwt_secret=_once(folder / "jwt-secret", lambda: secrets.token_urlsafe(64)),
        api_secret_key=_once(folder / "api-secret-key", text),
    )


def _once(file: Path, make: Callable[[], str]) -> str:
    if not file.exists():
        # written beside it first: a crash leaves no empty key behind
        draft = file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(make() + "\n")
        draft.rename(file)
    return file.read_text().strip()
