"""Alert rules by Prometheus's own tool, receivers by Alertmanager's, and a runbook for each alert."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.platform.monitoring import alerting, rules
from infra.settings.platform import Alerts
from tests.program.platform_site import site

ROOT = Path(__file__).parents[2]
TESTS = Path(__file__).parent / "data/alerts_test.yaml"
ALERTS = {
    "slack": {"channel": "#airflow"},
    "email": {"to": ["data@acme.org"], "sender": "alerts@acme.org", "host": "smtp.acme.org", "user": "alerts"},
}
needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool: apt-get install prometheus")
needs_amtool = pytest.mark.skipif(
    not shutil.which("amtool"), reason="no amtool: apt-get install prometheus-alertmanager"
)


def alert_names() -> list[str]:
    return [rule["alert"] for rule in shipped_alerts()]


def shipped_alerts(runbooks: str = "docs/runbooks.md") -> list[dict[str, Any]]:
    return [rule for group in rules.shipped(runbooks) for rule in group["rules"] if "alert" in rule]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    releases = [{"name": "main"}, {"name": "other"}]
    spec = rules.spec(site({"monitoring": {"state": "on", "canaryDag": "canary"}}, releases=releases))
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(spec))
    shutil.copy(TESTS, tmp_path / "alerts_test.yaml")
    return tmp_path


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_prometheus_takes_the_rules(folder: Path) -> None:
    run(folder, "promtool", "check", "rules", "--lint-fatal", "rules.yaml")


@needs_promtool
def test_each_alert_fires_on_its_trouble_and_on_nothing_else(folder: Path) -> None:
    run(folder, "promtool", "test", "rules", "alerts_test.yaml")


def test_each_alert_has_a_test() -> None:
    text = TESTS.read_text()
    assert [name for name in alert_names() if not re.search(rf"\b{name}\b", text)] == []


def test_each_alert_has_a_runbook_and_each_runbook_an_alert() -> None:
    text = (ROOT / "docs/runbooks.md").read_text()
    assert re.findall(r"^### (\w+)$", text, re.MULTILINE) == alert_names()


def test_a_repositorys_address_stands_in_front_of_each_runbook() -> None:
    for rule in shipped_alerts("https://git.acme.org/airflow/docs/runbooks.md"):
        link = f"https://git.acme.org/airflow/docs/runbooks.md#{rule['alert'].lower()}"
        assert rule["annotations"]["runbook_url"] == link


def test_only_what_stops_airflow_wakes_people() -> None:
    severities = {rule["alert"]: rule["labels"]["severity"] for rule in shipped_alerts()}
    assert set(severities.values()) == {"warning", "critical"}
    assert {name for name, severity in severities.items() if severity == "critical"} == {
        "AirflowSchedulerHeartbeatLost",
        "AirflowDagProcessorSilent",
        "AirflowCanaryLate",
        "AirflowDatabaseUnreachable",
        "AirflowDatabaseConnectionsNearLimit",
        "CertificateExpiring",
    }


@needs_amtool
@pytest.mark.parametrize("alerts", [{}, ALERTS, {"slack": ALERTS["slack"]}, {"email": ALERTS["email"]}])
def test_alertmanager_takes_the_receivers(tmp_path: Path, alerts: dict[str, object]) -> None:
    config = alerting.config(Alerts.model_validate(alerts), "secret")
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
    run(tmp_path, "amtool", "check-config", "alertmanager.yml")


def test_a_warning_goes_to_slack_and_a_critical_alert_by_mail_too() -> None:
    config = alerting.config(Alerts.model_validate(ALERTS), "airflow-alerts")
    receivers = {one["name"]: one for one in config["receivers"]}
    assert receivers["warnings"].keys() == {"name", "slack_configs"}
    assert receivers["critical"]["slack_configs"][0]["channel"] == "#airflow"
    (mail,) = receivers["critical"]["email_configs"]
    assert mail["smarthost"] == "smtp.acme.org:587"
    assert mail["require_tls"] is True
    assert receivers["nobody"] == {"name": "nobody"}


@pytest.mark.guarantee("secrets are secret")
def test_the_receivers_name_files_and_hold_no_secret() -> None:
    text = yaml.safe_dump(alerting.config(Alerts.model_validate(ALERTS), "airflow-alerts"))
    assert set(re.findall(r"_file: (\S+)", text)) == {
        "/etc/alertmanager/secrets/airflow-alerts/slackUrl",
        "/etc/alertmanager/secrets/airflow-alerts/smtpPassword",
    }
    assert "auth_password:" not in text
    assert "api_url:" not in text
