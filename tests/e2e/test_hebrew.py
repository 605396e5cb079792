"""The main job in Hebrew: pages run from right to left, but time, ids and the player from left to right."""

from collections.abc import Iterator

import pytest
from django.utils import translation
from django.utils.translation import gettext, pgettext
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import SIZES, Console, axe_findings_in_both_themes
from tests.e2e.playing import Trail, wait_until_past
from tests.e2e.portal import Portal

LEFT = "(selector) => document.querySelector(selector).getBoundingClientRect().left"
DIRECTION = "(selector) => getComputedStyle(document.querySelector(selector)).direction"


@pytest.fixture
def hebrew(browser: Browser, page: Page, portal: Portal, sign_in, console: Console) -> Iterator[Page]:
    """A page of a compliance officer whose browser asks for Hebrew."""
    sign_in(page, "compliance_officer")
    context = browser.new_context(base_url=portal.url, locale="he-IL", timezone_id="UTC")
    context.set_default_timeout(120_000)
    context.add_cookies(portal.cookies["compliance_officer"])
    context.on("console", console.hear)
    with translation.override("he"):
        yield context.new_page()
    context.close()


@pytest.mark.slow
def test_a_recording_is_searched_and_played(hebrew: Page, portal: Portal) -> None:
    recording = Trail(portal).recording(kind="direct")
    page = hebrew
    page.goto("/recordings/")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.get_by_role("heading", level=1)).to_have_text(gettext("Recordings"))
    page.get_by_role("searchbox").fill(recording)
    page.locator(f'a[data-open][href*="{recording}"]').click()

    expect(page.get_by_role("heading", name=gettext("Playing starts a viewing"))).to_be_visible()
    page.locator("#viewing-form .choice").first.click()
    page.get_by_role("button", name=pgettext("verb", "Play"), exact=True).click()
    wait_until_past(page, 0.3)
    pause = page.get_by_role("button", name=gettext("Pause"), exact=True)
    expect(pause).to_be_visible()
    for selector in (".tl-track", ".controls", ".wm", "time:not([data-age])", ".facts .mono bdi"):
        assert page.evaluate(DIRECTION, selector) == "ltr", selector
    for selector in ("main", ".tl-words", "time[data-age]"):
        assert page.evaluate(DIRECTION, selector) == "rtl", selector
    # A step back lies left of a step on, as on the timeline.
    back, on = (page.evaluate(LEFT, f"[data-do={step}]") for step in ("back", "on"))
    assert back < on
    pause.click()
    assert axe_findings_in_both_themes(page) == {}


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/", "/objects/", "/recordings/?state=vanished_at_source"])
def test_lists_fit_and_figures_line_up(hebrew: Page, path: str) -> None:
    page = hebrew
    for width, height in (*SIZES, (320, 568)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe_findings_in_both_themes(page) == {}
