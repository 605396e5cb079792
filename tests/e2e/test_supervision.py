"""Supervision in a browser: from a recording to a decision beside the video, on a telephone, right to left."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import axe_findings_in_both_themes
from tests.e2e.playing import Trail, wait_until_past
from tests.e2e.portal import Portal

pytestmark = pytest.mark.e2e
SignIn = Callable[..., Any]


@pytest.mark.slow
def test_a_recording_is_supervised_from_the_queue(
    page: Page, portal: Portal, sign_in: SignIn, console: Any
) -> None:
    console.expect("422")
    sign_in(page, "compliance_officer")
    page.goto(f"/recordings/{Trail(portal).recording(skip=17)}/")
    page.get_by_role("button", name="Supervise").click()
    expect(page.get_by_text("The recording is in the queue of supervision.")).to_be_visible()

    # From the queue by keyboard: j moves to the first row, Enter opens it.
    page.goto("/reviews/supervision/")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reviews/supervision/*/")
    item = page.url

    # A decision without a reason and a moment is refused where they are missing, and nothing is lost.
    page.get_by_label("Note").last.fill("The return was promised")
    page.get_by_text("Violation", exact=True).click()
    page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_text("Choose a reason.")).to_be_visible()
    expect(page.get_by_text("Point at the moment of the recording.")).to_be_visible()
    expect(page.get_by_label("Note").last).to_have_value("The return was promised")

    page.wait_for_load_state()  # without the scripts, Play opens the page of the player alone
    page.get_by_role("button", name="Play", exact=True).click()
    wait_until_past(page, 2)
    page.get_by_role("button", name="Point at this second").click()
    expect(page.locator("[data-moment]")).to_be_visible()
    page.get_by_label("Reason").select_option("misleading")
    page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_text("The decision was recorded.")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Misleading statement")

    # Closed, it leaves the queue.
    page.get_by_text("Closed", exact=True).click()
    page.get_by_label("Reason").select_option("resolved")
    page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_role("button", name="Record the decision")).to_have_count(0)
    page.goto("/reviews/supervision/")
    expect(page.get_by_text("Nothing to decide")).to_be_visible()

    for path in (
        item,
        "/reviews/supervision/?state=done",
        "/reviews/supervision/checks/",
        "/reviews/supervision/evidence/",
    ):
        page.set_viewport_size({"width": 1440, "height": 900})
        assert axe_findings_in_both_themes(page, path) == {}, path
        page.set_viewport_size({"width": 390, "height": 844})
        for direction in ("ltr", "rtl"):
            page.evaluate("direction => document.documentElement.dir = direction", direction)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, (path, direction)
