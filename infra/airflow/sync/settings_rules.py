"""What a settings file may say, checked all at once before anything is touched. Airflow is not needed here."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from settings_fields import Fields
from settings_file import BadSettings, Number, parse, unpack

# `sanitize_conn_id` and the columns' lengths of Airflow 3.3.2 (airflow/models, providers/fab/auth_manager/models)
CONNECTION_ID = re.compile(r"[\w#!()\-.:/\\]{1,250}")
CONNECTION_KEYS = ("id", "type", "host", "login", "password", "port", "schema", "extra", "uri", "description")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
LOGS_CONNECTION = "airflow_logs"  # in the environment of every pod (infra/contracts.py)
PASSWORD_MIN = 12


@dataclass(frozen=True)
class Settings:
    """Checked settings by name. Connections and pools hold Airflow's own field names, variables their text."""

    connections: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    variables: dict[str, str] = field(default_factory=dict[str, str])
    pools: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    users: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])


def check(raw: bytes) -> Settings:
    """The settings in `raw`; raises BadSettings with every problem in it."""
    return Checker().settings(parse(unpack(raw)))


class Checker(Fields):
    """The document as a whole and its four kinds of entries."""

    def settings(self, document: dict[str, Any]) -> Settings:
        self.keys(document, "", ("airflow",), need=("airflow",))
        airflow = self.mapping(document.get("airflow"), "airflow", "airflow" in document)
        self.keys(airflow, "airflow", ("connections", "variables", "pools", "users"))
        settings = Settings(
            connections=self.entries(airflow, "connections", "id", self.connection),
            variables=self.variables(airflow.get("variables")),
            pools=self.entries(airflow, "pools", "name", self.pool),
            users=self.entries(airflow, "users", "username", self.user),
        )
        if self.problems:
            raise BadSettings(self.problems)
        return settings

    # --- the four kinds --------------------------------------------------------------------------------------------

    def connection(self, entry: dict[str, Any], path: str) -> dict[str, Any]:
        self.keys(entry, path, CONNECTION_KEYS)
        found: dict[str, Any] = {
            "conn_type": self.text(entry, path, "type", longest=500),
            "description": self.text(entry, path, "description", longest=5000),
            "host": self.text(entry, path, "host", longest=500),
            "schema": self.text(entry, path, "schema", longest=500),
            "login": self.text(entry, path, "login"),
            "password": self.text(entry, path, "password"),
            "port": self.port(entry.get("port"), f"{path}.port"),
            "extra": self.extras(entry.get("extra"), f"{path}.extra"),
        }
        uri = self.text(entry, path, "uri")
        if uri:
            self.uri(uri, f"{path}.uri")
            mixed = [key for key in CONNECTION_KEYS[1:-2] if entry.get(key) not in (None, "", {})]
            if mixed:
                self.problem(path, f"has `uri` and {', '.join(mixed)}: give one or the other, Airflow takes no mixture")
            return {"uri": uri, "description": found["description"]}
        return found

    def pool(self, entry: dict[str, Any], path: str) -> dict[str, Any]:
        self.keys(entry, path, ("name", "slots", "description", "include_deferred"), need=("slots",))
        slots, deferred = entry.get("slots"), entry.get("include_deferred")
        if "slots" in entry and (not isinstance(slots, int) or isinstance(slots, bool) or not -1 <= slots < 2**31):
            self.problem(f"{path}.slots", "must be a whole number, -1 (no limit) or more")
        if deferred is not None and not isinstance(deferred, bool):
            self.problem(f"{path}.include_deferred", "must be true or false")
        # what is None here stays as it is in the database
        return {"slots": slots, "description": self.text(entry, path, "description"), "include_deferred": deferred}

    def user(self, entry: dict[str, Any], path: str) -> dict[str, Any]:
        known = ("username", "email", "first_name", "last_name", "role", "roles", "password")
        self.keys(entry, path, known, need=("email",))
        email = self.text(entry, path, "email", longest=512)
        if email and not EMAIL.fullmatch(email):
            self.problem(f"{path}.email", "must be an address such as oncall@example.org")
        password = self.text(entry, path, "password")
        if password and (len(password) < PASSWORD_MIN or password.casefold() == str(entry.get("username")).casefold()):
            self.problem(f"{path}.password", f"must have {PASSWORD_MIN} characters or more and not be the user's name")
        return {
            "email": email,
            "first_name": self.text(entry, path, "first_name", longest=256) or "",
            "last_name": self.text(entry, path, "last_name", longest=256) or "",
            "roles": self.roles(entry, path),
            "password": password,
        }

    def variables(self, value: Any) -> dict[str, str]:
        path = "airflow.variables"
        if isinstance(value, str):
            value = self.json(value, path) if value.strip() else {}
        found: dict[str, str] = {}
        for number, (key, item) in enumerate(cast("dict[Any, Any]", self.mapping(value, path, False)).items(), 1):
            name: Any = str(key) if type(key) is int else key
            if not self.name(name, f"{path}, key {number}", 250):
                continue
            # as `airflow variables import` does: text as it is, all else as indented JSON; a decimal keeps its text
            text: str | None
            if isinstance(item, str | Number):
                text = item.text if isinstance(item, Number) else item
            else:
                text = self.dumped(item, f"{path}.{name}", indent=2)
            if text is not None and self.storable(text, f"{path}.{name}"):
                found[name] = text
        return found

    # --- their parts -----------------------------------------------------------------------------------------------

    def entries(
        self, airflow: dict[str, Any], kind: str, key: str, read: Callable[[dict[str, Any], str], dict[str, Any]]
    ) -> dict[str, dict[str, Any]]:
        """The entries of one list by name; names and addresses are unique, those of users in any case of letters."""
        path, given = f"airflow.{kind}", airflow.get(kind)
        if given is not None and not isinstance(given, list):
            self.problem(path, "must be a list of entries, each beginning with a dash")
        found: dict[str, dict[str, Any]] = {}
        seen: set[tuple[str, str]] = set()
        for number, entry in enumerate(cast("list[Any]", given) if isinstance(given, list) else []):
            place = f"{path}[{number}]"
            if not isinstance(entry, dict):
                self.problem(place, f"must be a mapping with at least `{key}`")
                continue
            fields = cast("dict[str, Any]", entry)
            name = self.identity(fields.get(key), f"{place}.{key}", kind)
            values = read(fields, f"{place} ({name})" if name else place)
            for what, text in ((key, name), ("email", values.get("email"))):
                same = str(text).casefold() if kind == "users" else str(text)
                if text and (what, same) in seen:
                    self.problem(f"{place}.{what}", f"stands there a second time: every {what} is given once")
                seen.add((what, same))
            if name:
                found[name] = values
        return found

    def identity(self, value: Any, path: str, kind: str) -> str | None:
        longest = {"connections": 250, "pools": 256, "users": 512}[kind]
        name: Any = str(value) if type(value) is int else value
        if not self.name(name, path, longest):
            return None
        if kind == "connections" and not CONNECTION_ID.fullmatch(name):
            return self.problem(path, "may hold letters, digits and # ! ( ) - _ . : / \\ only")
        if kind == "connections" and name == LOGS_CONNECTION:
            return self.problem(path, f"{name} is a release's own connection to its logs and beats this one: rename it")
        return name

    def roles(self, entry: dict[str, Any], path: str) -> list[str]:
        if ("role" in entry) == ("roles" in entry):
            self.problem(path, "needs either `role` (one) or `roles` (a list)")
            return []
        given = entry.get("roles", [entry.get("role")])
        roles = cast("list[Any]", given) if isinstance(given, list) else []
        if not roles or not all(self.name(role, f"{path}.role", 64) for role in roles):
            self.problem(f"{path}.role", "must name a role such as Viewer, User, Op or Admin")
            return []
        return sorted(set(roles))
