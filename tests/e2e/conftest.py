"""A person at a browser: a running portal, a page that tolerates no console error, and axe."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect

from auditportal.sandbox import Sandbox
from tests import equipment
from tests.e2e.firefox import write_launcher
from tests.e2e.portal import Portal, fill, new_password, running
from tests.services import Databases
from tests.thorough import THOROUGH
from tests.waiting import PATIENCE_SECONDS

PEOPLE = {
    "compliance_officer": "noa.levi",
    "qa_manager": "tom.brandt",
    "external_auditor": "eva.lang",
    "administrator": "sam.ortiz",
}
# A bound so that what is broken fails; the machine may be busy.
expect.set_options(timeout=PATIENCE_SECONDS * 1000)

SIZES = ((1440, 900), (390, 844))
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
SCREENSHOTS = Path(__file__).resolve().parents[2] / "docs" / "pictures"


@dataclass(frozen=True)
class Filled:
    """A database with the demo's people and what the sandbox had to tell, for copying only."""

    database: str
    sandbox: Sandbox
    password: str


@pytest.fixture(scope="session")
def filled(
    databases: Databases, worker_id: str, tmp_path_factory: Any, django_db_blocker: Any
) -> Iterator[Filled]:
    """Filled once for all portals of a process."""
    made = f"portal_{worker_id}_filled"
    with django_db_blocker.unblock():
        databases.ensure_template()
    with Sandbox(seed=7, throttle_rate=0) as sandbox, databases.copied(made) as services:
        password = new_password()
        fill(services, sandbox, tmp_path_factory.mktemp("filling"), password)
        yield Filled(made, sandbox, password)


@pytest.fixture(scope="session")
def portal(databases: Databases, filled: Filled, worker_id: str, tmp_path_factory: Any) -> Iterator[Portal]:
    """One portal for all browser tests of a process that ask for nothing else: worker and beat run beside it."""
    folder = tmp_path_factory.mktemp("portal")
    with (
        databases.copied(f"portal_{worker_id}_e2e", filled.database) as services,
        running(services, filled.sandbox, folder, filled.password) as portal,
    ):
        yield portal


@pytest.fixture(scope="session")
def firefox(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Debian's Firefox, driven by WebDriver BiDi. It plays without asking, as after a click."""
    program = equipment.firefox()
    assert program is not None
    launcher = write_launcher(tmp_path_factory.mktemp("firefox") / "firefox", program)
    settings = {"media.autoplay.default": 0}
    browser = playwright.firefox.launch(
        channel="moz-firefox", executable_path=launcher, firefox_user_prefs=settings
    )
    yield browser
    browser.close()


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
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    yield context
    assert console.unexpected() == []


@pytest.fixture
def sign_in(portal: Portal) -> Callable[..., None]:
    """Be signed in as the demo person of a role; the page stays where it is.

    The first time it is done the way a person does it, afterwards with the cookies that gave. `anew` is for a test
    that ends its session.
    """

    def act(page: Page, role: str, *, anew: bool = False) -> None:
        if anew or role not in portal.cookies:
            sign_in_as(page, portal, PEOPLE[role])
        if anew:
            return
        portal.cookies.setdefault(role, page.context.cookies())
        page.context.add_cookies(portal.cookies[role])

    return act


def sign_in_as(page: Page, portal: Portal, name: str) -> None:
    """Sign in the way a person does it, with the demo's password."""
    page.goto("/accounts/login/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(portal.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{portal.url}/")


def confirm(page: Page, portal: Portal) -> None:
    """Enter the password where the last confirmation is too old."""
    asked = page.get_by_label("Your password or a code")
    if asked.count():
        asked.fill(portal.password)


def axe_findings(page: Page) -> list[str]:
    """What axe has to say of the page as it is, one line a finding.

    Of a long list it looks at the first dozen rows, which are made by one template; at every row by `make thorough`.
    """
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    left_out = [] if THOROUGH else [["tr[data-row]:nth-child(n + 13)"]]
    found = page.evaluate(
        "async (exclude) => (await axe.run({ exclude }, { resultTypes: ['violations'] })).violations",
        left_out,
    )
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def axe_findings_in_both_themes(page: Page, path: str | None = None) -> dict[str, list[str]]:
    """What axe has to say of a page (of the one that is open without `path`): light on a screen, dark on a telephone.

    Each theme and each width is looked at once; themes with nothing to say are left out.
    """
    if path:
        page.goto(path)
    found = {}
    for scheme, (width, height) in zip(SCHEMES, SIZES, strict=True):
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        found[scheme] = axe_findings(page)
    return {scheme: findings for scheme, findings in found.items() if findings}
