"""A calibration in a browser, from the invitation to the agreed card, by two people."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import conftest
from tests.e2e.conftest import axe_findings_in_both_themes
from tests.e2e.playing import Trail
from tests.e2e.portal import Portal

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
SignIn = Callable[..., Any]
YES_OR_NO = [{"key": "yes", "label": "Yes", "points": "1"}, {"key": "no", "label": "No", "points": "0"}]
FORM = {
    "format": "auditportal-form/1",
    "title": "Calibrated service",
    "mode": "points",
    "sections": [
        {
            "key": "opening",
            "title": "Opening",
            "questions": [
                {"key": "greeting", "text": "Greeted by name?", "type": "choice", "options": YES_OR_NO},
                {"key": "summary", "text": "Summed up?", "type": "choice", "options": YES_OR_NO},
            ],
        }
    ],
}
_PERSON = """
INSERT INTO accounts_user (username, full_name, password, email, is_active, date_joined)
SELECT 'rita.stein', 'Rita Stein', password, '', true, now() FROM accounts_user WHERE username = 'tom.brandt'
RETURNING id
"""


def answer(page: Page, greeting: str, summary: str) -> None:
    for key, option in (("greeting", greeting), ("summary", summary)):
        page.locator(f"[data-question={key}]").get_by_label(option, exact=True).check()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="First score")).to_be_visible()
    page.locator(".crumbs").get_by_role("link", name="Calibration").first.click()


def activate_scorecard(page: Page) -> None:
    page.goto("/reviews/scorecards/new/")
    page.get_by_text("A file", exact=True).click()
    file: Any = {"name": "form.json", "mimeType": "application/json", "buffer": json.dumps(FORM).encode()}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Create the draft").click()
    page.get_by_role("link", name="View and activate").click()
    page.get_by_role("button", name="Activate").click()


def test_two_people_score_blind_compare_and_agree(
    page: Page,
    browser: Browser,
    browser_context_args: dict[str, Any],
    portal: Portal,
    sign_in: SignIn,
    console: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    console.expect("htmx:(afterRequest|sendAbort)")  # saving ends where a form is submitted
    trail = Trail(portal)
    rita = trail.rows(_PERSON)[0][0]
    trail.rows(
        "INSERT INTO accounts_grant (user_id, role, granted_at) VALUES (%s, 'reviewer', now()) RETURNING id",
        rita,
    )
    monkeypatch.setitem(conftest.PEOPLE, "reviewer", "rita.stein")

    # The manager invites, and scores too.
    sign_in(page, "qa_manager")
    activate_scorecard(page)
    page.goto(f"/reviews/calibrations/new/?recording={trail.recording(skip=20)}")
    page.locator("label.choice", has_text="Calibrated service").click()
    for name in ("Tom Brandt", "Rita Stein"):
        page.locator("label.choice", has_text=name).click()
    page.get_by_role("button", name="Create", exact=True).click()
    page.wait_for_url("**/calibrations/*-*/")
    address = page.url
    page.get_by_role("button", name="Score", exact=True).click()
    expect(page.get_by_text("nobody else sees your answers")).to_be_visible()
    answer(page, "Yes", "Yes")
    expect(page.get_by_text("Until then each person sees only their own.")).to_be_visible()
    assert page.locator(".compared").count() == 0

    # The other participant finds it in the list. After the last submission both see the answers.
    context = browser.new_context(**browser_context_args)
    other = context.new_page()
    sign_in(other, "reviewer")
    other.goto("/reviews/calibrations/")
    expect(other.get_by_text("1 recording for you to score")).to_be_visible()
    other.get_by_role("link", name="Calibrated service").click()
    other.get_by_role("button", name="Score", exact=True).click()
    answer(other, "Yes", "No")
    disputed = other.locator("tr[data-question=summary]")
    expect(disputed).to_contain_text("Differs")
    disputed.get_by_text("Comment", exact=True).first.click()
    disputed.get_by_role("textbox").fill("She summed up before the call ended.")
    disputed.get_by_role("textbox").press("Enter")
    expect(other.get_by_text("She summed up before the call ended.")).to_be_visible()
    context.close()

    # The manager reads it, and records what was agreed.
    page.goto(address)
    expect(page.get_by_text("She summed up before the call ended.")).to_be_visible()
    page.get_by_role("button", name="Fill in the agreed card").click()
    expect(page.get_by_text("The agreed card of a calibration")).to_be_visible()
    answer(page, "Yes", "Yes")
    expect(page.locator("tr[data-question=summary] mark")).to_have_text("No")
    expect(page.locator(".compared")).to_contain_text("1 of 2 answers differ")
    page.goto("/reviews/calibrations/scorers/")
    line = page.locator("figure", has=page.get_by_role("heading", name="Rita Stein"))
    line.get_by_text("Show as a table").click()
    expect(line.locator("td").last).to_have_text("50")

    for path in (
        "/reviews/calibrations/",
        "/reviews/calibrations/new/",
        "/reviews/calibrations/scorers/",
        address,
    ):
        assert axe_findings_in_both_themes(page, path) == {}, path
        for direction in ("ltr", "rtl"):
            page.evaluate("direction => document.documentElement.dir = direction", direction)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, (path, direction)
