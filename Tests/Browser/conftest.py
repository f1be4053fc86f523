"""What both test files need: where the app is, and browsers to look at it with.

MARTLET_URL    the app's address, http://127.0.0.1:8080 if unset; it was started with ADMIN_USER=7
MARTLET_SHOTS  a folder for screenshots, none are taken if unset
"""
import os

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from page import Page


@pytest.fixture(scope="session")
def url():
    return os.environ.get("MARTLET_URL", "http://127.0.0.1:8080").rstrip("/")


def launch(profile):
    options = webdriver.ChromeOptions()
    options.binary_location = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--lang=en",
        "--window-size=1440,900",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(os.environ.get("CHROMEDRIVER", "/usr/bin/chromedriver")))


@pytest.fixture(scope="session")
def browsers(tmp_path_factory):
    """Two browsers with a profile each: two people, not two tabs."""
    drivers = [launch(tmp_path_factory.mktemp(name)) for name in ("ada", "bob")]
    yield drivers
    for driver in drivers:
        driver.quit()


@pytest.fixture
def people(browsers, url):
    """Both browsers on a fresh page, signed out; whatever a test does, their consoles must stay clean."""
    pages = [Page(driver, url) for driver in browsers]
    for page in pages:
        page.start_over()
    yield pages
    for page in pages:
        assert page.console_errors() == []


@pytest.fixture
def ada(people):
    return people[0]


@pytest.fixture
def bob(people):
    return people[1]
