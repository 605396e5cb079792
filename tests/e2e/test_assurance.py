"""Assurance in a browser: by keyboard from the map to a cell's recordings; a month stated; clean, small, mirrored."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import axe_findings_in_both_themes

PATHS = (
    "/assurance/",
    "/assurance/?by=agent",
    "/assurance/?kind=unplayable",
    "/assurance/recordings/",
    "/assurance/recordings/?all=on",
    "/assurance/recordings/?kind=duplicate&day=2001-01-01",
    "/assurance/sample/",
    "/assurance/statements/",
)


@pytest.fixture
def noa(page: Any, sign_in: Any) -> Any:
    sign_in(page, "compliance_officer")
    return page


@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing(noa: Any, path: str) -> None:
    assert axe_findings_in_both_themes(noa, path) == {}


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_no_page_is_wider_than_a_telephone(noa: Any, direction: str) -> None:
    noa.set_viewport_size({"width": 390, "height": 844})
    for path in PATHS:
        noa.goto(path)
        noa.evaluate("direction => document.documentElement.dir = direction", direction)
        assert noa.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_the_newest_day_is_in_sight_on_a_telephone(noa: Any) -> None:
    noa.set_viewport_size({"width": 390, "height": 844})
    noa.goto("/assurance/")
    last = noa.locator(".heat thead tr").last.locator("th").last.bounding_box()
    assert 0 < last["x"] < 390


def test_a_cell_leads_to_its_recordings(noa: Any) -> None:
    """By keyboard alone, and the list holds as many as the cell says."""
    noa.goto("/assurance/")
    cell = noa.locator(".heat td:not(.h0) a").first
    number = int(re.match(r"\d+", cell.inner_text())[0])  # type: ignore[index]
    cell.focus()
    noa.keyboard.press("Enter")
    noa.get_by_role("heading", name="Expected recordings").wait_for()
    expect(noa.locator("tr[data-row]")).to_have_count(number)


def test_the_page_says_that_commbox_does_not_tell_of_calls(noa: Any) -> None:
    noa.goto("/assurance/")
    expect(noa.get_by_text("CommBox does not report that a call took place")).to_be_visible()
    expect(noa.get_by_role("heading", name="Conversations with a recording")).to_be_visible()


def test_without_scripts_everything_is_there(noa: Any, portal: Any, browser: Any) -> None:
    context = browser.new_context(
        java_script_enabled=False, storage_state=noa.context.storage_state(), base_url=portal.url
    )
    plain = context.new_page()
    plain.goto("/assurance/")
    plain.locator(".heat td:not(.h0) a").first.click()
    plain.get_by_role("heading", name="Expected recordings").wait_for()
    expect(plain.locator("tr[data-row]")).not_to_have_count(0)
    context.close()


def test_a_month_is_stated_and_its_event_leads_to_the_proof(noa: Any) -> None:
    noa.goto("/assurance/statements/")
    noa.get_by_role("button", name="State now").click()
    noa.get_by_role("heading", name=re.compile("Completeness statement for .*, version 1")).wait_for()
    assert axe_findings_in_both_themes(noa) == {}
    assert noa.evaluate("document.documentElement.scrollWidth") <= 390
    with noa.expect_download() as download:
        noa.get_by_role("link", name="Statement (JSON)").click()
    assert download.value.suggested_filename.endswith("-v1.json")
    noa.get_by_role("link", name="The event and its proof").click()
    noa.get_by_text("recordings expected").first.wait_for()
