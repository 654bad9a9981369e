"""The UI in a real browser: login, the list of DAGs, one DAG's page. Its picture is the README's.

`LOCAL_SCREENSHOT=docs/images/local-dags.png pytest tests/real/test_local_ui.py` renews that.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

from tests.real.local_checkout import Checkout
from tests.real.waiting import PATIENCE

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.xdist_group("local"),
    pytest.mark.browser,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no chromium and chromedriver on PATH"),
]
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --window-size=1280,1130"
)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[WebDriver]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS.split(), f"--user-data-dir={tmp_path}"):
        options.add_argument(flag)
    # named, so that selenium looks for none and downloads none
    driver = webdriver.Chrome(options=options, service=Service(executable_path=DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def shows(browser: WebDriver, *texts: str) -> bool:
    """Wait until the page shows every one of the texts."""

    def there(page: WebDriver) -> bool:
        body = page.find_element(By.TAG_NAME, "body").text
        return all(text in body for text in texts)

    return WebDriverWait(browser, PATIENCE, ignored_exceptions=[Exception]).until(there)


def sign_in(browser: WebDriver, local: Checkout, password: str) -> None:
    browser.get(f"http://localhost:{local.port}/")
    WebDriverWait(browser, PATIENCE).until(lambda page: page.find_elements(By.NAME, "username"))
    browser.find_element(By.NAME, "username").send_keys("admin")
    browser.find_element(By.NAME, "password").send_keys(password)
    browser.find_element(By.CSS_SELECTOR, "input[type=submit]").click()


def test_the_ui_shows_the_example_dags_after_a_login(local: Checkout, browser: WebDriver, tmp_path: Path) -> None:
    sign_in(browser, local, "not-the-password")
    assert shows(browser, "Invalid login")
    sign_in(browser, local, local.password)
    WebDriverWait(browser, PATIENCE).until(lambda page: "/auth/login" not in page.current_url)
    browser.get(f"http://localhost:{local.port}/dags")
    assert shows(browser, "canary", "deferred_wait", "notebook_report", "settings_reader", "taskflow_pipeline")
    picture = Path(os.environ.get("LOCAL_SCREENSHOT", tmp_path / "dags.png"))
    assert browser.save_screenshot(str(picture))
    assert 10_000 < picture.stat().st_size < 200_000
    browser.get(f"http://localhost:{local.port}/dags/taskflow_pipeline")
    assert shows(browser, "taskflow_pipeline", "extract", "load")
