"""The verbs of a stack: `python -m ops VERB --help`, or the line of the same name in the Makefile.

Exit code 0; 2 for what a person can mend, with its text alone; 1 for a defect of ours; else Pulumi's own.
"""

import signal

if __name__ == "__main__":  # a second of loading, in which Ctrl-C is the end and no traceback; exit_code() takes over
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import sys

import typer

from infra.preview.errors import exit_code
from ops import (
    adopt,
    canary,
    docs,
    lifecycle,
    locks,
    outputs,
    plan_comment,
    plan_diff,
    publish,
    remove_release,
    restore,
    rotate_database,
    rotate_fernet,
    stack_secrets,
    ui,
    unlock_release,
    upload_dags,
)
from ops.errors import OpsError
from ops.judge import verdict
from ops.preflight import verb as preflight
from ops.prove import verb as prove

app = typer.Typer(help="Work on a stack.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("deploy")(lifecycle.deploy)
app.command("destroy")(lifecycle.destroy)
app.command("outputs")(outputs.outputs)
app.command("ui")(ui.ui)
app.command("secrets")(stack_secrets.secrets)
app.command("dump")(restore.dump)
app.command("restore")(restore.restore)
app.command("remove-release")(remove_release.remove_release)
app.command("rotate-database")(rotate_database.rotate_database)
app.command("rotate-fernet")(rotate_fernet.rotate_fernet)
app.command("upload-dags")(upload_dags.upload_dags)
app.command("adopt")(adopt.adopt)
app.command("unlock-release")(unlock_release.unlock_release)
app.command("lock")(locks.lock)
app.command("unlock")(locks.unlock)
app.command("where")(locks.where)
app.command("canary")(canary.canary)
app.command("how-to-go-back")(canary.how_to_go_back)
app.command("publish")(publish.publish)
app.command("plan-diff")(plan_diff.plan_diff)
app.command("plan-comment")(plan_comment.plan_comment)
app.command("docs")(docs.docs)
app.command("judge")(verdict.judge)
app.command("preflight")(preflight.preflight)
app.command("prove")(prove.prove)


def run() -> int:
    """Run the verb; the exit code."""
    return exit_code(app, OpsError)


if __name__ == "__main__":
    sys.exit(run())
