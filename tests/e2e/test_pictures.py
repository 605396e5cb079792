"""The pictures of README and guides, made by the same browser as the tests: `make pictures` writes docs/pictures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from auditportal.embedded import Services
from tests.e2e.conftest import SCREENSHOTS, Filled
from tests.e2e.portal import Portal, running
from tests.e2e.test_journey import DIRECT, VIDEO, database, start, until
from tests.e2e.test_trail_pages import Sealing, log_database, signer
from tests.sealing import Signer, open_log_long_ago, settings_for

__all__ = ["database", "log_database", "signer"]
pytestmark = pytest.mark.screenshots
# Who looks at which page.
PAGES = {
    "overview": ("compliance_officer", "/"),
    "objects": ("compliance_officer", "/objects/?state=playable"),
    "trail": ("compliance_officer", "/audit/"),
    "assurance": ("qa_manager", "/assurance/"),
    "recordings": ("qa_manager", "/recordings/"),
    "checkpoints": ("external_auditor", "/audit/checkpoints/"),
    "operations": ("administrator", "/operations/"),
    "people": ("administrator", "/people/"),
}
# The recording's page in further languages, as their browsers ask for it: "he" makes recording-he.png.
LANGUAGES = ("he",)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: Any, filled: Filled, log_database: Services, signer: Signer) -> Iterator[Portal]:
    """A whole portal whose log is sealed and witnessed."""
    folder = tmp_path_factory.mktemp("pictures")
    own = {name: str(value) for name, value in settings_for(log_database, signer, folder).items()}
    with running(log_database, filled.sandbox, folder, filled.password, own) as portal:
        open_log_long_ago(log_database, signer)
        sealing = Sealing(portal, signer)
        sealing.start()
        yield portal
        sealing.stop()


def shoot(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(400)  # what fades in has come
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def playable(database: Any) -> str:
    recording, _, _ = database.execute(DIRECT).fetchone()
    return f"/recordings/{recording}/"


def test_a_picture_of_a_viewing(page: Page, sign_in: Any, database: Any) -> None:
    sign_in(page, "compliance_officer")
    page.goto(playable(database))
    start(page)
    until(page, f"{VIDEO}.currentTime > 12")
    shoot(page, "recording")


@pytest.mark.parametrize("name", PAGES)
def test_pictures_of_pages(page: Page, sign_in: Any, name: str) -> None:
    role, path = PAGES[name]
    sign_in(page, role)
    page.goto(path)
    shoot(page, name)


def test_pictures_of_evidence(
    page: Page, new_context: Any, sign_in: Any, database: Any, tmp_path: Path
) -> None:
    """The officer chooses a purpose and exports a bundle; the auditor verifies it and looks at one event."""
    sign_in(page, "compliance_officer")
    page.goto(playable(database))
    shoot(page, "purpose")
    bundle = export_bundle(page, tmp_path)
    shoot(page, "report")
    auditor: Page = new_context().new_page()
    sign_in(auditor, "external_auditor")
    auditor.goto("/audit/verify/")
    auditor.locator("input[type=file]").set_input_files(bundle)
    auditor.get_by_role("button", name="Verify", exact=True).click()
    expect(auditor.get_by_text("WITNESSED").last).to_be_visible()
    shoot(auditor, "verify")
    auditor.goto("/audit/")
    auditor.locator("tr[data-row] a[data-open]").first.click()
    shoot(auditor, "event")


def export_bundle(page: Page, folder: Path) -> Path:
    """Follow the link of a recording's page to its bundle, and download it."""
    page.get_by_role("link", name="Export a bundle").first.click()
    page.get_by_role("button", name="Build the report").click()
    expect(page.get_by_text("Ready", exact=True).first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download", exact=True).click()
    download.value.save_as(folder / "report.zip")
    return folder / "report.zip"


@pytest.mark.parametrize("language", LANGUAGES)
def test_pictures_in_other_languages(new_context: Any, sign_in: Any, database: Any, language: str) -> None:
    context: BrowserContext = new_context(locale=language)
    page = context.new_page()
    sign_in(page, "compliance_officer")
    page.goto(playable(database))
    shoot(page, f"recording-{language}")
