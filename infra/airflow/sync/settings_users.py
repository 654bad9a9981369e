"""Users of the settings into Airflow's FAB tables: names, address and roles each time, a password for new ones only."""
# pyright: basic, reportMissingImports=false
# (Airflow is not in the development environment; this runs inside an Airflow image.)

import logging
import secrets
import warnings
from typing import Any

from settings_file import BadSettings
from settings_ledger import Owned, owned, remember
from settings_report import Report
from sqlalchemy import select
from sqlalchemy.orm import lazyload, selectinload

NOUN = "user"


def sync(
    session: Any, wanted: dict[str, dict[str, Any]], can_hand_over: bool, administrator: str | None, report: Report
) -> tuple[dict, list]:
    """Make the users match inside the caller's transaction. Names are compared in any case of letters, as FAB does.

    Returns the passwords that were generated, by user name, and the names of the users that are gone.
    """
    ledger = owned(session, NOUN)
    if not wanted and not ledger:
        return {}, []
    from airflow.providers.fab.auth_manager.models import Role, User  # slow to import, and few settings have users

    if wanted:
        require_fab()
    query = select(User).options(selectinload(User.roles).lazyload(Role.permissions))
    there = {user.username.casefold(): user for user in session.scalars(query)}
    given_names = {name.casefold() for name in wanted}
    before = {name.casefold(): owner for name, owner in ledger.items()}
    removed = remove(session, [name for name in ledger if name.casefold() not in given_names], ledger, there, report)
    roles = find_roles(session, wanted)
    refuse(wanted, there, can_hand_over, administrator)
    generated: dict[str, str] = {}
    entries: dict[str, Owned] = {}
    # who is there comes first: an address may pass from one of them to a new user
    for name, given in sorted(wanted.items(), key=lambda item: item[0].casefold() not in there):
        user = there.get(name.casefold())
        owner = before.get(name.casefold())
        known = user is not None and owner is not None and owner.row_id == user.id
        differs: list[str] = []
        if user:
            # a person's own user, whom the file names in other letters, keeps the name
            called = name if owner is not None and known and owner.made else user.username
            differs = update(user, called, given, [roles[role] for role in given["roles"]])
        else:
            password = given["password"] or generated.setdefault(name, secrets.token_urlsafe(24))
            user = create(session, name, given, [roles[role] for role in given["roles"]], password)
        new = user.id is None
        session.flush()
        report.entry(NOUN, name, "created" if new else "kept" if known else "adopted", differs)
        entries[name] = Owned(user.id, new or (known and owner is not None and owner.made))
    remember(session, NOUN, entries, ledger)
    return generated, removed


def require_fab() -> None:
    """Only the FAB auth manager keeps users in the database; raises BadSettings for another."""
    from airflow.configuration import conf

    manager = conf.get("core", "auth_manager")
    if not manager.endswith(".FabAuthManager"):
        name = manager.rsplit(".", 1)[-1]
        raise BadSettings([f"airflow.users: this Airflow's auth manager, {name}, keeps no users: leave them out"])


def find_roles(session: Any, wanted: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The roles by name. A fresh database has none before the first api-server: Airflow's own are made then."""
    from airflow.providers.fab.auth_manager.models import Role

    named = {role for user in wanted.values() for role in user["roles"]}
    query = select(Role).options(lazyload(Role.permissions))  # 200 a role, not wanted here
    roles = {role.name: role for role in session.scalars(query)}
    if named - roles.keys():
        make_roles()
        roles = {role.name: role for role in session.scalars(query)}
    problems = [
        f"airflow.users ({name}).role: there is no role {role} in this Airflow; there are {', '.join(sorted(roles))}"
        for name, user in wanted.items()
        for role in user["roles"]
        if role not in roles
    ]
    if problems:
        raise BadSettings(problems)
    return roles


def make_roles() -> None:
    """Airflow's default roles and those of `[fab] custom_roles`, as `airflow sync-perm` makes them; idempotent.

    Quietly: a line for each of 200 permissions and warnings of the web application, which is built on the way, would
    bury what the sync says.
    """
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
            from airflow.utils.providers_configuration_loader import providers_configuration_loaded

            @providers_configuration_loaded
            def make() -> None:
                with get_application_builder() as builder:
                    builder.sm.sync_roles()

            make()
    finally:
        logging.disable(logging.NOTSET)


def refuse(
    wanted: dict[str, dict[str, Any]], there: dict[str, Any], can_hand_over: bool, administrator: str | None
) -> None:
    """What the file alone does not tell: an address that another user has, a new user whose password nobody would know,
    and the stack's administrator without the rights that the stack relies on."""
    after = {name.casefold(): given["email"] for name, given in wanted.items()}
    addresses = {after.get(name, user.email).casefold(): name for name, user in there.items()}
    problems: list[str] = []
    for name, given in wanted.items():
        if addresses.get(given["email"].casefold(), name.casefold()) != name.casefold():
            problems.append(f"airflow.users ({name}).email: another user of this Airflow has this address")
        if administrator and name.casefold() == administrator.casefold() and "Admin" not in given["roles"]:
            problems.append(f"airflow.users ({name}).role: the stack's own administrator keeps the role Admin")
        if name.casefold() not in there and not given["password"] and not can_hand_over:
            problems.append(
                f"airflow.users ({name}).password: a new user needs one; or run with --passwords-file or "
                "--passwords-secret, where a generated one is put"
            )
    if problems:
        raise BadSettings(problems)


def create(session: Any, name: str, given: dict[str, Any], roles: list[Any], password: str) -> Any:
    from airflow.providers.fab.auth_manager.models import User
    from werkzeug.security import generate_password_hash

    user = User()
    user.username, user.email = name, given["email"]
    user.first_name, user.last_name = given["first_name"], given["last_name"]
    user.active = True
    user.password = generate_password_hash(password)
    session.add(user)
    user.roles = roles
    return user


def update(user: Any, name: str, given: dict[str, Any], roles: list[Any]) -> list[str]:
    """Set what differs and return its names. Password and `active` are the user's and the administrators' own."""
    fields = {"username": name, **{field: given[field] for field in ("email", "first_name", "last_name")}}
    differs = [field for field, value in fields.items() if getattr(user, field) != value]
    for field in differs:
        setattr(user, field, fields[field])
    if {role.name for role in user.roles} != {role.name for role in roles}:
        user.roles = roles
        differs.append("roles")
    return differs


def remove(
    session: Any, names: list[str], ledger: dict[str, Owned], there: dict[str, Any], report: Report
) -> list[str]:
    """Delete those of `names` that were made here; returns their names and takes them out of `there`."""
    removed: list[str] = []
    for name in names:
        user = there.get(name.casefold())
        mine = user is not None and ledger[name].made and ledger[name].row_id == user.id
        report.entry(NOUN, name, "deleted" if mine else "left" if user else "forgotten")
        if mine:
            removed.append(name)
            session.delete(there.pop(name.casefold()))
    session.flush()  # before new users: one of them may have the address of one that goes
    return removed
