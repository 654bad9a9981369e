"""The rule of a file with certificates that a setting names. It is read while the plan is made."""

from collections.abc import Iterator
from pathlib import Path

from infra.settings.problems import Problem


def certificate_file(key: str, given: str, cure: str) -> Iterator[Problem]:
    """What is wrong with the file `given`: whether a client can verify anything at all hangs on it."""
    rule = "a readable file with a CA certificate in PEM form"
    try:
        pem = Path(given).expanduser().read_text()
    except (OSError, ValueError, RuntimeError) as error:  # not there; not text, or a NUL in the path; no such ~user
        reason = getattr(error, "strerror", None) or "not text"
        yield Problem(key, f"{rule} ({reason})", f"put it there, or name the right file; looked in {Path.cwd()}", given)
        return
    if "-----BEGIN CERTIFICATE-----" not in pem:
        yield Problem(key, rule, cure, given)
    if "PRIVATE KEY-----" in pem:
        yield Problem(key, "certificates only: this file goes to every pod", "take the private key out of it", given)
