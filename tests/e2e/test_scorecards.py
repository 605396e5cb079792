"""The builder in a browser: by keyboard, by dragging, on a telephone, right to left."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import axe_findings_in_both_themes

pytestmark = pytest.mark.e2e


def new_from(page: Page, name: str) -> None:
    page.goto("/reviews/scorecards/new/")
    page.get_by_text(name, exact=True).click()
    page.get_by_role("button", name="Create the draft").click()
    page.wait_for_url("**/builder/")


def order(page: Page) -> list[str]:
    keys = page.locator("#builder-form input[name$='.key'][name*='.questions.']:not([name*='.options.'])")
    return keys.evaluate_all("inputs => inputs.map(input => input.value)")


@pytest.mark.slow
def test_a_scorecard_is_built_by_keyboard_and_by_dragging(page: Page, sign_in) -> None:  # type: ignore[no-untyped-def]
    sign_in(page, "qa_manager")
    new_from(page, "Service in a video call")
    before = order(page)

    # By keyboard: the focus stays on the button, so that it can be pressed again.
    page.locator("#down-greeting").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#up-picture")).to_have_attribute("value", "up:sections.0.questions.0")
    page.wait_for_function("document.activeElement.id === 'down-greeting'")
    assert order(page) == [before[1], before[0], *before[2:]]

    # By dragging: the first question before the fourth.
    handle = page.locator("[data-drag='sections.0.questions.0']")
    handle.hover()
    page.mouse.down()
    box = handle.bounding_box()
    page.mouse.move(
        box["x"] + 20, box["y"] + 20, steps=3
    )  # begins to drag, before the page scrolls to the target
    target = page.locator("[data-path='sections.1.questions.0'] > .row.apart")
    target.hover()
    target.hover()  # the second movement is the first that a browser tells the page about
    page.mouse.up()
    expect(page.locator("#up-picture")).to_have_attribute("value", "up:sections.1.questions.0")
    assert order(page)[:4] == ["greeting", "purpose", "picture", "listening"]

    # What an answer would do to the score, and what is wrong, beside what is typed.
    live = page.locator("#live")
    live.get_by_role("group", name=re.compile("greet the customer")).get_by_label("Yes", exact=False).check()
    expect(live).to_contain_text("100 so far")
    expect(live).to_contain_text("fatal: 100 → 0")
    page.locator("[id='sections.1.questions.3.ranges.1.from']").fill("40")
    expect(live).to_contain_text("The ranges overlap or leave a gap.")
    expect(page.locator("[id='sections.1.questions.3.ranges.1.from']")).to_be_focused()
    page.locator("[id='sections.1.questions.3.ranges.1.from']").fill("31")
    expect(live).to_contain_text("100 so far")

    page.get_by_role("link", name="View and activate").click()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("Version 1 is active.")).to_be_visible()


@pytest.mark.slow
def test_axe_finds_nothing_and_nothing_is_wider_than_a_telephone(page: Page, sign_in) -> None:  # type: ignore[no-untyped-def]
    sign_in(page, "qa_manager")
    new_from(page, "Identity check by video")
    builder = page.url
    for path in (
        "/reviews/scorecards/",
        "/reviews/scorecards/new/",
        builder.removesuffix("builder/"),
        builder,
    ):
        page.set_viewport_size({"width": 1440, "height": 900})
        assert axe_findings_in_both_themes(page, path) == {}, path
        page.set_viewport_size({"width": 390, "height": 844})
        for direction in ("ltr", "rtl"):
            page.evaluate("direction => document.documentElement.dir = direction", direction)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, (path, direction)
