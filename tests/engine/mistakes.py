"""Mistakes that a change of the program could bring, each a replaced line, and where it has to be noticed.

`standing`: the engine's preview of a stack that the good program made. `first`: `up` on empty clouds, and again.
"""

from dataclasses import dataclass
from typing import Literal

POSTGRES = "infra/cloud/existing/postgres.py"
NAMESPACES = "infra/namespaces.py"
SERVER = 'f"{name}-server", metadata=fixed, spec=_stateful(labels, pod, database), opts=child'
ADMIN = 'core.v1.Secret(f"{name}-admin", metadata=metadata, string_data={"password": password}, opts=child)'
FIXED = ADMIN.replace("metadata=metadata", "metadata=fixed")
LABELLED = '{"namespace": space.namespace, "labels": {"p": pulumi.Output.unsecret(password)}}'
POLICY = """        networking.v1.NetworkPolicy(
            name,
            metadata=ObjectMetaArgs(namespace=self.namespace),"""
EXPORT = '"releases": {release.name: release.summary for release in releases},'


@dataclass(frozen=True)
class Mistake:
    """`old` stands in `file` once, and `new` in its place is the mistake; `seen` is said by what notices it."""

    name: str
    file: str
    old: str
    new: str
    noticed: Literal["standing", "first"]
    seen: str
    stack: tuple[str, str] = ("local", ".")


AWS = ("production", ".")
MISTAKES = (
    Mistake(
        "the database server has another parent",
        POSTGRES,
        SERVER,
        SERVER.replace("opts=child", "opts=pulumi.ResourceOptions(provider=cluster.provider, depends_on=[space])"),
        "standing",
        "holds data",
    ),
    Mistake(
        "the database server has another name", POSTGRES, SERVER, SERVER.replace("-server", "-db"), "standing", "data"
    ),
    Mistake(
        "the database server is replaced", POSTGRES, "service_name=SERVICE", 'service_name="db"', "standing", "data"
    ),
    Mistake("the database has another volume", POSTGRES, '(name="data")', '(name="pgdata")', "standing", "holds data"),
    Mistake(
        "the database namespace has another name",
        POSTGRES,
        '        namespace=names.resource("database"),\n        labels',
        '        namespace=names.resource("db"),\n        labels',
        "standing",
        "holds data",
    ),
    Mistake(
        "a password in plain text in a ConfigMap",
        POSTGRES,
        '"administrator.sh": script("administrator.sh")}',
        '"administrator.sh": script("administrator.sh"), "p": pulumi.Output.unsecret(password)}',
        "standing",
        "plain text",
    ),
    Mistake(
        "a password in plain text in a label",
        POSTGRES,
        ADMIN,
        ADMIN.replace("metadata=metadata", f"metadata={LABELLED}"),
        "standing",
        "plain text",
    ),
    Mistake(
        "a password among the exports",
        "infra/program.py",
        "return exports(foundation, releases)",
        'return {**exports(foundation, releases), "p": secrets.plain["databasePassword"]}',
        "first",
        "plain text",
    ),
    Mistake("an export is gone", "infra/program.py", EXPORT, "", "first", "exports"),
    Mistake("a URN twice", NAMESPACES, 'f"{name}-default-deny"', 'f"{name}-dns"', "first", "Duplicate resource URN"),
    Mistake(
        "no provider",
        POSTGRES,
        "spec=_service(labels), opts=child",
        "spec=_service(labels)",
        "first",
        "Default provider for 'kubernetes' disabled",
    ),
    Mistake(
        "a namespace is not waited for",
        NAMESPACES,
        "parent=self, depends_on=[made]",
        "parent=self",
        "first",
        "not found",
    ),
    Mistake(
        "a Secret does not wait for its namespace",
        POSTGRES,
        ADMIN,
        ADMIN.replace("opts=child", "opts=pulumi.ResourceOptions(parent=self, provider=cluster.provider)"),
        "first",
        "not found",
    ),
    Mistake(
        "into a namespace that nobody makes",
        NAMESPACES,
        POLICY,
        POLICY.replace("self.namespace", 'self.namespace + "s"'),
        "first",
        "not found",
    ),
    Mistake(
        "one name twice", POSTGRES, ADMIN, f"{FIXED}; {FIXED.replace('-admin', '-second')}", "first", "AlreadyExists"
    ),
    Mistake(
        "something new in each run",
        POSTGRES,
        'labels = names.labels("postgres")',
        'import time; labels = {**names.labels("postgres"), "at": str(time.time_ns())}',
        "first",
        "a second up",
    ),
    Mistake(
        "made where no preview sees it",
        POSTGRES,
        "        self.ca = certificate.ca\n",
        "        self.ca = certificate.ca\n"
        '        secret.id.apply(lambda _: core.v1.ConfigMap("late", metadata=metadata, opts=child))\n',
        "first",
        "no preview",
    ),
    Mistake(
        "the database lost its protection",
        "infra/cloud/aws/database.py",
        "protect=stack.keep or None",
        "protect=None",
        "standing",
        "protect",
        AWS,
    ),
    Mistake(
        "the keys lost their protection",
        "infra/cloud/aws/keys.py",
        "protect=stack.keep or None",
        "protect=None",
        "standing",
        "protect",
        AWS,
    ),
    Mistake(
        "the database is replaced",
        "infra/cloud/aws/database.py",
        "username=wanted.admin_user",
        'username="other_admin"',
        "standing",
        "protected",
        AWS,
    ),
)
