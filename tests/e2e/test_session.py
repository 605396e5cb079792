"""The end of a session in an open page: a warning, a button to stay, and a cover that keeps what was typed."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.conftest import PEOPLE, axe_findings_in_both_themes
from tests.e2e.playing import Trail, play
from tests.e2e.portal import Portal

SignIn = Callable[..., None]
STATE = "**/accounts/session/"


def told(page: Page, seconds: int, *, can_stay: bool = True) -> None:
    """Let the server answer that the session ends in so many seconds, until `page.unroute`."""
    person = page.locator("portal-session").get_attribute("data-person")
    answer = {"ends_in": seconds, "can_stay": can_stay, "person": int(person or 0), "token": "x"}
    page.route(STATE, lambda route: route.fulfill(json=answer))


def test_a_warning_comes_before_the_end_and_one_can_stay(page: Page, sign_in: SignIn):
    page.clock.install()
    sign_in(page, "compliance_officer")
    page.goto("/reports/")
    told(page, 110)
    page.clock.fast_forward("13:10")
    warning = page.get_by_role("alertdialog", name="Your session is about to end")
    expect(warning).to_contain_text("Your session ends in 1:5")
    assert axe_findings_in_both_themes(page) == {}
    page.unroute(STATE)
    warning.get_by_role("button", name="Stay signed in").click()
    expect(warning).to_be_hidden()


def test_the_greatest_length_cannot_be_stayed_beyond(page: Page, sign_in: SignIn):
    page.clock.install()
    sign_in(page, "compliance_officer")
    page.goto("/reports/")
    told(page, 110, can_stay=False)
    page.clock.fast_forward("13:10")
    warning = page.get_by_role("alertdialog", name="Your session is about to end")
    expect(warning).to_contain_text("maximum length")
    expect(warning.get_by_role("button", name="Stay signed in")).to_be_hidden()


def test_the_cover_hides_the_picture_and_keeps_the_form(
    page: Page, portal: Portal, sign_in: SignIn, console: Any
):
    """The same person signs in in another tab. The page is as it was left, and its form works."""
    console.expect("401|403")
    recording = Trail(portal).recording(skip=15)
    sign_in(page, "compliance_officer", anew=True)
    play(page, recording)
    page.get_by_role("button", name="Full screen").focus()
    page.context.clear_cookies()
    cover = page.get_by_role("dialog", name="Your session has ended")
    expect(cover).to_be_visible()
    assert page.evaluate("document.querySelector('portal-player video').src") == ""
    assert page.evaluate("document.querySelector('portal-player video').hidden")
    for _ in range(5):
        page.keyboard.press("Escape")
    page.wait_for_timeout(500)  # a cover that was closed would be gone by now
    expect(cover).to_be_visible()
    assert page.evaluate("document.querySelector('portal-session .cover').matches(':modal')")
    page.evaluate("document.getElementById('id_note').value = 'case 4711, half typed'")

    with page.context.expect_page() as opened:
        cover.get_by_role("link", name="Sign in").click()
    other = opened.value
    other.get_by_label("User name").fill(PEOPLE["compliance_officer"])
    other.get_by_label("Password").fill(portal.password)
    other.get_by_role("button", name="Sign in", exact=True).click()
    other.wait_for_url("**/accounts/signed-in/")
    expect(cover).to_be_hidden()
    assert page.locator("#id_note").input_value() == "case 4711, half typed"
    page.evaluate("document.getElementById('viewing-form').requestSubmit()")
    page.wait_for_function("() => document.querySelector('portal-player video')?.currentTime > 0.3")


def test_somebody_else_gets_nothing_of_the_covered_page(
    page: Page, portal: Portal, sign_in: SignIn, console: Any
):
    console.expect("401|403")
    sign_in(page, "compliance_officer", anew=True)
    page.goto("/")
    page.context.clear_cookies()
    page.evaluate("document.dispatchEvent(new CustomEvent('session-over'))")
    expect(page.get_by_role("dialog", name="Your session has ended")).to_be_visible()
    other = page.context.new_page()
    with page.expect_navigation():
        sign_in(other, "qa_manager", anew=True)
    expect(page.locator(".rail")).to_contain_text("Tom Brandt")
