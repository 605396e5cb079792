"""An evaluation in a browser: beside the video that plays, by keyboard, on a telephone, right to left."""

import re
from collections.abc import Callable
from time import sleep
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import axe_findings_in_both_themes
from tests.e2e.playing import Trail, wait_until_past
from tests.e2e.portal import Portal
from tests.e2e.test_scorecards import new_from

pytestmark = pytest.mark.e2e
SignIn = Callable[..., Any]


def begin(page: Page, portal: Portal) -> None:
    """Activate the identity check, and begin to evaluate a recording with it."""
    new_from(page, "Identity check by video")
    page.get_by_role("link", name="View and activate").click()
    page.get_by_role("button", name="Activate").click()
    page.goto(f"/recordings/{Trail(portal).recording(skip=16)}/")
    page.get_by_role("link", name="Evaluate").click()
    page.get_by_text("Identity check by video", exact=True).first.click()
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/evaluations/**")


def late(route: Route) -> None:
    """Answer a second late, so that the page can be used before."""
    sleep(1)
    route.continue_()


@pytest.mark.slow
def test_answers_point_at_seconds_that_were_watched(
    page: Page, portal: Portal, sign_in: SignIn, console: Any
) -> None:
    console.expect("422")
    sign_in(page, "qa_manager")
    begin(page, portal)
    assert page.locator("#evaluation-form input:checked").count() == 0

    # Without a video that plays there is nothing to point at.
    questions = page.locator("[data-question]")
    alone = page.locator("[data-question=alone]")
    alone.get_by_role("button", name="Point at this second").click()
    expect(page.locator("#toasts")).to_contain_text("Play the recording first.")

    # By keyboard: answer, and point at the second that plays.
    page.get_by_role("button", name="Play", exact=True).click()
    wait_until_past(page, 2)
    alone.get_by_label("Yes").focus()
    page.keyboard.press("Space")
    alone.get_by_role("button", name="Point at this second").focus()
    page.keyboard.press("Enter")
    expect(alone.locator("[data-moment]")).to_be_visible()
    expect(page.locator("#live")).to_contain_text("100")

    # A question appears when it is asked.
    expect(page.locator("[data-question=both-sides]")).to_be_hidden()
    page.locator("[data-question=kind]").get_by_label("Identity card").check()
    expect(page.locator("[data-question=both-sides]")).to_be_visible()

    # What is missing is said at its place, and nothing is lost, also when Play is pressed before htmx has loaded.
    page.route(re.compile(r"/htmx[^/]*\.js"), late)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Not submitted:")).to_be_visible()
    expect(page.locator("[data-question=alone]").get_by_label("Yes")).to_be_checked()
    page.get_by_role("button", name="Play", exact=True).click()
    wait_until_past(page, 2)
    page.unroute_all()
    expect(page.locator("[data-question=alone]").get_by_label("Yes")).to_be_checked()
    for place in range(questions.count()):
        question = questions.nth(place)
        if not question.is_visible():
            continue
        if question.locator("input[type=radio]").count():
            question.locator("input[type=radio]").first.check()
        elif question.locator("input[inputmode=decimal]").count():
            question.locator("input[inputmode=decimal]").fill("3")
        if not question.locator("[data-moment]").is_visible():
            question.get_by_role("button", name="Point at this second").click()
            expect(question.locator("[data-moment]")).to_be_visible()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="First score")).to_be_visible()
    expect(page.locator(".big")).to_have_text("100")


@pytest.mark.slow
def test_axe_finds_nothing_and_nothing_is_wider_than_a_telephone(
    page: Page, portal: Portal, sign_in: SignIn
) -> None:
    sign_in(page, "qa_manager")
    begin(page, portal)
    evaluation = page.url
    for path in ("/reviews/evaluations/", evaluation):
        page.set_viewport_size({"width": 1440, "height": 900})
        assert axe_findings_in_both_themes(page, path) == {}, path
        page.set_viewport_size({"width": 390, "height": 844})
        for direction in ("ltr", "rtl"):
            page.evaluate("direction => document.documentElement.dir = direction", direction)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, (path, direction)
