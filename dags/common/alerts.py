"""Tells of a failed task by Slack and by e-mail, each where its connection exists.

    @dag(default_args={"on_failure_callback": tell_of_failure})

Connections (settings/<environment>/secret.yaml): `slack_default` of type slackwebhook; `smtp_default` of type smtp,
with `from_email` in its extra, and the variable `alerts_to` with the addresses. Neither one's absence nor its failure
makes anything worse: the task has failed already, and its log says what could not be sent.
"""

import html
import logging

from airflow.exceptions import AirflowNotFoundException
from airflow.sdk import BaseHook, Variable

SLACK, SMTP = "slack_default", "smtp_default"
log = logging.getLogger(__name__)


def tell_of_failure(context: dict) -> None:
    """Airflow's `on_failure_callback`: called once the last try has failed."""
    task = context["task_instance"]
    what = f"{task.dag_id}: task {task.task_id} failed"
    text = f"{what}\nrun {task.run_id}, try {task.try_number}\n{context.get('exception') or ''}\n{task.log_url}"
    for connection, send in ((SLACK, _slack), (SMTP, _mail)):
        if not _exists(connection):
            log.info("no connection %s: nothing sent there", connection)
            continue
        try:
            send(text)
            log.info("told %s", connection)
        except Exception:
            log.exception("could not tell %s", connection)


def _exists(connection: str) -> bool:
    try:
        BaseHook.get_connection(connection)
    except AirflowNotFoundException:
        return False
    return True


def _slack(text: str) -> None:
    # imported where they are used: every DAG file would pay for them whenever it is read
    from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook

    SlackWebhookHook(slack_webhook_conn_id=SLACK).send(text=text)


def _mail(text: str) -> None:
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    to = Variable.get("alerts_to")
    with SmtpHook(smtp_conn_id=SMTP) as mail:
        mail.send_email_smtp(to=to, subject=text.splitlines()[0], html_content=f"<pre>{html.escape(text)}</pre>")
