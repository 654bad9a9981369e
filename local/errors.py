"""The one exception for what stands in the way on a user's machine: a message, no traceback, exit code 2."""

from __future__ import annotations


class LocalError(Exception):
    """Something on this machine stands in the way; the text says what, and what to do."""
