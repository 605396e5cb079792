"""A person at a browser: a running portal, a page that tolerates no console error, and axe."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from auditportal.sandbox import Sandbox
from tests.e2e.portal import Portal, running
from tests.services import Databases

# Playwright's synchronous interface keeps an event loop in this thread; Django would refuse the database here.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

PEOPLE = {
    "compliance_officer": "noa.levi",
    "qa_manager": "tom.brandt",
    "external_auditor": "eva.lang",
    "administrator": "sam.ortiz",
}
SCREENSHOTS = Path(__file__).resolve().parents[2] / "docs" / "pictures"


@pytest.fixture(scope="session")
def portal(
    databases: Databases, worker_id: str, tmp_path_factory: Any, django_db_blocker: Any
) -> Iterator[Portal]:
    """One portal for all browser tests of a process: its own database, filled from its own sandbox."""
    name = f"portal_{worker_id}_e2e"
    with django_db_blocker.unblock():
        databases.ensure_template()
    databases.drop(name)
    databases.clone(name)
    folder = tmp_path_factory.mktemp("portal")
    with (
        Sandbox(seed=7, throttle_rate=0) as sandbox,
        running(databases.addresses(name), sandbox, folder) as portal,
    ):
        yield portal
    databases.drop(name)


class Console:
    """What the browser's console said. A test that provokes errors names them with `expect`."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.expected: list[re.Pattern[str]] = []

    def expect(self, pattern: str) -> None:
        self.expected.append(re.compile(pattern))

    def hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def unexpected(self) -> list[str]:
        return [text for text in self.errors if not any(known.search(text) for known in self.expected)]


@pytest.fixture
def console() -> Console:
    return Console()


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any], portal: Portal) -> dict[str, Any]:
    return {
        **browser_context_args,
        "base_url": portal.url,
        "viewport": {"width": 1440, "height": 900},
        "timezone_id": "UTC",
    }


@pytest.fixture
def context(context: BrowserContext, console: Console) -> Iterator[BrowserContext]:
    """Every page of the test is listened to; nothing may be left in its console that was not expected."""
    context.on("console", console.hear)
    context.on(
        "weberror",
        lambda error: console.errors.append(
            f"{error.error} {getattr(error.error, 'stack', '')} at {error.page.url}"
        ),
    )
    context.set_default_timeout(10_000)
    yield context
    assert console.unexpected() == []


@pytest.fixture
def sign_in(portal: Portal) -> Callable[[Page, str], None]:
    """Sign in as the demo person of a role, the way a person does."""

    def act(page: Page, role: str) -> None:
        page.goto("/accounts/login/")
        page.get_by_label("User name").fill(PEOPLE[role])
        page.get_by_label("Password").fill(portal.password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{portal.url}/")

    return act


def axe_findings(page: Page) -> list[str]:
    """What axe has to say of the page as it is, one line a finding."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]
