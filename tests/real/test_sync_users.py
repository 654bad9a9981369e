"""Users by the sync, against a real Airflow with its FAB auth manager; what its REST API says of all that was given."""

import base64
import json
import stat
from pathlib import Path

from tests.real.airflow_here import AirflowHere
from tests.real.fake_kubernetes import kubernetes, unreachable
from tests.real.test_sync_runs import VERBATIM

API = """
from airflow.api_fastapi.app import create_app
from fastapi.testclient import TestClient
client = TestClient(create_app())
login = client.post("/auth/token", json={"username": username, "password": password})
head = {"Authorization": "Bearer " + login.json().get("access_token", "")}
answer = {path: client.get("/api/v2" + path, headers=head).json() for path in paths} if login.is_success else None
"""
USERS = """
airflow:
  users:
    - {username: oncall, email: oncall@example.org, first_name: On, last_name: Call, role: Op}
    - {username: boss, email: boss@example.org, roles: [Viewer, Admin], password: given-by-the-file}
"""
BY_HAND = """
insert into ab_user (id, username, first_name, last_name, email, active)
values (1000, 'Person', 'A', 'Person', 'by.hand@example.org', true)"""


def roles(airflow: AirflowHere) -> str:
    return airflow.sql("""
select username, email, first_name, string_agg(r.name, ',' order by r.name) from ab_user u
left join ab_user_role on user_id = u.id left join ab_role r on r.id = role_id group by u.id order by 1""")


def fits(airflow: AirflowHere, username: str, password: str) -> bool:
    """What a login asks; the login itself is in the test of the REST API."""
    held = airflow.sql(f"select password from ab_user where username = '{username}'")
    code = "from werkzeug.security import check_password_hash\nanswer = check_password_hash(held, password)"
    return airflow.python(code, held=held, password=password)


def passwords(airflow: AirflowHere) -> dict[str, str]:
    return json.loads(airflow.passwords_file.read_text())


def test_the_rest_api_gives_back_what_was_given(airflow: AirflowHere) -> None:
    assert airflow.sync(VERBATIM.replace("role: Op", "role: Admin")).code == 0
    assert stat.S_IMODE(airflow.passwords_file.stat().st_mode) == 0o600
    paths = ["/connections", "/variables", "/pools/warehouse"]
    found = airflow.python(API, username="oncall", password=passwords(airflow)["oncall"], paths=paths)
    fields = ("connection_id", "conn_type", "host", "login", "port", "schema")
    assert [[entry[field] for field in fields] for entry in found["/connections"]["connections"]] == [
        ["my_s3", "s3", None, None, None, None],
        ["warehouse", "postgres", "db", "u", 5432, "dw"],
        ["other", "postgres", "db", "u", None, "dw"],
    ]
    assert json.loads(found["/connections"]["connections"][0]["extra"]) == {"role_arn": "…"}
    assert [[entry["key"], entry["value"]] for entry in found["/variables"]["variables"]] == [["key", "value"]]
    assert (found["/pools/warehouse"]["slots"], found["/pools/warehouse"]["description"]) == (8, "loads")


def test_a_database_that_no_api_server_has_seen_gets_its_roles_first(airflow_without_roles: AirflowHere) -> None:
    airflow = airflow_without_roles
    assert airflow.sql("select count(*) from ab_role") == "0"
    done = airflow.sync(USERS)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == ["created user oncall", "created user boss", "users: 2 created", "2 changes"]
    assert roles(airflow) == "boss|boss@example.org||Admin,Viewer\noncall|oncall@example.org|On|Op"


def test_roles_are_set_each_time_and_passwords_only_for_new_users(airflow: AirflowHere) -> None:
    first = airflow.sync(USERS)
    generated = passwords(airflow)
    assert list(generated) == ["oncall"]  # the other one's is in the settings
    assert generated["oncall"] not in first.out + first.err
    hashes = airflow.sql("select username, password from ab_user order by 1")
    assert "given-by-the-file" not in hashes
    airflow.sql(
        "update ab_user_role set role_id = (select id from ab_role where name = 'Admin')"
        " where user_id = (select id from ab_user where username = 'oncall')"
    )
    airflow.sql("update ab_user set active = false, first_name = 'Off' where username = 'oncall'")
    done = airflow.sync(USERS.replace("given-by-the-file", "another-by-the-file"))
    assert done.out.splitlines()[0] == "changed user oncall (set first_name, roles)"
    assert roles(airflow) == "boss|boss@example.org||Admin,Viewer\noncall|oncall@example.org|On|Op"
    assert airflow.sql("select username, password from ab_user order by 1") == hashes
    assert airflow.sql("select active from ab_user where username = 'oncall'") == "f"  # an administrator's to say
    assert passwords(airflow) == generated
    assert fits(airflow, "boss", "given-by-the-file")
    assert not fits(airflow, "boss", "another-by-the-file")


def test_a_renamed_user_may_keep_the_address_and_a_persons_own_user_stays(airflow: AirflowHere) -> None:
    airflow.sql(BY_HAND)
    airflow.sync(USERS)
    done = airflow.sync(
        "airflow: {users: ["
        "{username: duty, email: oncall@example.org, role: Op},"
        "{username: person, email: by.hand@example.org, role: Viewer}]}"
    )
    assert done.out.splitlines()[:4] == [
        "deleted user oncall",
        "deleted user boss",
        "adopted user person (set first_name, last_name, roles; was there before; now as the file says, and never "
        "deleted by the sync)",
        "created user duty",
    ]
    assert list(passwords(airflow)) == ["duty"]
    airflow.sync("airflow: {}")
    assert roles(airflow) == "Person|by.hand@example.org||Viewer"
    assert passwords(airflow) == {}


def test_what_only_the_database_can_tell_is_refused_too(airflow: AirflowHere) -> None:
    airflow.sync(USERS)
    airflow.sql(BY_HAND)
    before = airflow.contents()
    wrong = """
airflow:
  variables: {new: value}
  users:
    - {username: oncall, email: oncall@example.org, role: Opp}
    - {username: boss, email: boss@example.org, role: Admin}
"""
    done = airflow.sync(wrong)
    rule = (
        "airflow.users (oncall).role: there is no role Opp in this Airflow; there are Admin, Op, Public, User, Viewer"
    )
    assert (done.code, done.err.splitlines()) == (2, [f"error: {rule}", "nothing was changed"])
    done = airflow.sync(USERS.replace("oncall@example.org", "BY.HAND@example.org"))
    rule = "airflow.users (oncall).email: another user of this Airflow has this address"
    assert done.err.splitlines()[0] == f"error: {rule}"
    nowhere = airflow.sync(USERS + "    - {username: more, email: more@example.org, role: Viewer}\n", "--")
    assert nowhere.err.splitlines()[0] == (
        "error: airflow.users (more).password: a new user needs one; or run with --passwords-file or "
        "--passwords-secret, where a generated one is put"
    )
    assert airflow.contents() == before


def test_an_address_may_pass_to_another_user(airflow: AirflowHere) -> None:
    airflow.sync(USERS)
    third = "    - {username: third, email: oncall@example.org, role: Viewer}\n"
    done = airflow.sync(
        USERS.replace("oncall@example.org", "new@example.org").replace("  users:\n", f"  users:\n{third}")
    )
    assert done.out.splitlines()[:2] == ["changed user oncall (set email)", "created user third"]


def test_another_auth_manager_keeps_no_users(airflow: AirflowHere) -> None:
    simple = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
    done = airflow.sync(USERS, env={"AIRFLOW__CORE__AUTH_MANAGER": simple})
    assert (done.code, done.err.splitlines()[0]) == (
        2,
        "error: airflow.users: this Airflow's auth manager, SimpleAuthManager, keeps no users: leave them out",
    )


def test_generated_passwords_go_into_a_kubernetes_secret(airflow: AirflowHere, tmp_path: Path) -> None:
    place = ("--passwords-secret", "airflow/main-users")
    with kubernetes(tmp_path) as (server, env):
        server.status = 403
        refused = airflow.sync(USERS, *place, env=env)
        assert refused.code == 1
        assert "needs get, create and update on it" in refused.err
        assert airflow.sql("select count(*) from ab_user") == "0"
        nobody = {"KUBECONFIG": str(unreachable(tmp_path / "kubeconfig"))}
        gone = airflow.sync(USERS, *place, env=nobody)
        assert gone.err.startswith(
            "error: the Secret main-users for generated passwords: Kubernetes cannot be reached ("
        )
        assert (gone.code, airflow.sql("select count(*) from ab_user")) == (1, "0")
        server.status = 0
        server.conflicts = 1
        done = airflow.sync(USERS, *place, env=env)
        assert (done.code, done.last()) == (0, "2 changes"), done.err
        path = "/api/v1/namespaces/airflow/secrets/main-users"
        held = json.loads(base64.b64decode(server.secrets[path]["data"]["passwords.json"]))
        assert list(held) == ["oncall"]
        assert held["oncall"] not in done.out + done.err
        assert fits(airflow, "oncall", held["oncall"])
        server.calls.clear()
        assert airflow.sync(USERS, *place, env=env).last() == "0 changes"
        assert server.calls == []
        more = USERS + "    - {username: more, email: more@example.org, role: Viewer}\n"
        assert airflow.sync(more, *place, env=env).last() == "1 changes"
        again = json.loads(base64.b64decode(server.secrets[path]["data"]["passwords.json"]))
        assert again["oncall"] == held["oncall"]
        assert sorted(again) == ["more", "oncall"]


def test_another_case_of_letters_renames_a_user(airflow: AirflowHere) -> None:
    airflow.sync(USERS)
    before = airflow.sql("select id, password from ab_user where username = 'oncall'")
    generated = passwords(airflow)["oncall"]
    done = airflow.sync(USERS.replace("username: oncall", "username: OnCall"))
    assert (done.code, done.out.splitlines()[0]) == (0, "changed user OnCall (set username)")
    assert airflow.sql("select id, password from ab_user where username = 'OnCall'") == before
    assert fits(airflow, "OnCall", generated)
    assert airflow.sync(USERS.replace("username: oncall", "username: OnCall")).out.splitlines()[-1] == "0 changes"
    airflow.sync("airflow: {}")
    assert "OnCall" not in roles(airflow)


def test_the_stacks_own_administrator_keeps_the_role_admin(airflow: AirflowHere) -> None:
    airflow.sync(USERS)
    before = airflow.contents()
    demoted = USERS.replace("[Viewer, Admin]", "[Viewer]").replace("username: boss", "username: Boss")
    done = airflow.sync(demoted, "--passwords-file", str(airflow.passwords_file), "--administrator", "boss")
    rule = "airflow.users (Boss).role: the stack's own administrator keeps the role Admin"
    assert (done.code, done.err.splitlines()) == (2, [f"error: {rule}", "nothing was changed"])
    assert airflow.contents() == before
    file = ("--passwords-file", str(airflow.passwords_file))
    assert airflow.sync(USERS, *file, "--administrator", "boss").code == 0
