"""The quarterly list, as administrators do it: open, remove what is unused, close by the other one, save."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Filled
from tests.e2e.portal import Portal, running
from tests.services import Databases

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def portal(
    databases: Databases, filled: Filled, worker_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Portal]:
    """A portal of its own, because grants end here."""
    folder = tmp_path_factory.mktemp("recertification")
    with (
        databases.copied(f"portal_{worker_id}_recertification", filled.database) as services,
        running(services, filled.sandbox, folder, filled.password, parts=("web",)) as portal,
    ):
        yield portal


def test_a_recertification_from_opening_to_the_file(page: Page, portal: Portal, sign_in, tmp_path) -> None:
    sign_in(page, "administrator")
    page.goto("/people/")
    page.get_by_role("link", name="Recertification", exact=True).click()
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Recertification")

    expect(page.get_by_text("Somebody else decides about your own grants.")).to_have_count(1)
    qa = page.get_by_role("row").filter(has_text="QA manager")
    qa.get_by_role("checkbox").check()
    page.get_by_label("Reason").fill("no longer reviews calls")
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("1 grant was decided.")).to_be_visible()
    expect(qa).to_contain_text("Remove")

    # By keyboard: every other box, then Keep.
    for box in page.get_by_role("checkbox").all():
        box.focus()
        page.keyboard.press("Space")
    page.get_by_label("Reason").fill("still needed")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_text(re.compile("grants were decided"))).to_be_visible()

    page.get_by_role("link", name="Close").click()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_text("The recertification is closed.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    saved = tmp_path / "recertification.csv"
    download.value.save_as(saved)
    assert "no longer reviews calls" in saved.read_text()
