"""Coaching and training in a browser: a session is acknowledged; an exemplar is assigned, watched and completed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.e2e.conftest import axe_findings_in_both_themes, sign_in_as
from tests.e2e.playing import Trail, wait_until_past
from tests.e2e.portal import Portal
from tests.waiting import wait_for

pytestmark = pytest.mark.e2e
SignIn = Callable[..., Any]
NAME = "avery.trainee"


def linked_agent(trail: Trail, recording: str) -> None:
    """Make the agent of a recording somebody who can sign in, with the password of the demo."""
    trail.rows(
        """WITH made AS (
            INSERT INTO accounts_user (password, username, full_name, email, is_active, date_joined)
            SELECT password, %s, 'Avery Trainee', '', true, now() FROM accounts_user WHERE username = 'tom.brandt'
            RETURNING id
        ), granted AS (
            INSERT INTO accounts_grant (user_id, role, granted_at) SELECT id, 'agent', now() FROM made
        ) INSERT INTO accounts_agentlink (user_id, agent_id, linked_at, reason, end_reason)
        SELECT made.id, o.agent_id, now(), 'is the agent', '' FROM made, recordings_recording r
        JOIN recordings_commboxobject o ON o.id = r.object_id WHERE r.id = %s RETURNING id""",
        NAME,
        recording,
    )


def in_a_week() -> str:
    return (timezone.now() + timedelta(days=7)).date().isoformat()


@pytest.mark.slow
def test_from_a_moment_to_an_acknowledgement_and_from_an_exemplar_to_a_passed_quiz(
    page: Page, portal: Portal, sign_in: SignIn, console: Any
) -> None:
    console.expect("403")  # the recording's own page, which the agent cannot open
    trail = Trail(portal)
    own, example = trail.recording(skip=17), trail.recording(skip=18)
    linked_agent(trail, own)

    # The coach collects a moment of the agent's own call.
    sign_in(page, "qa_manager")
    page.goto(f"/recordings/{own}/")
    page.get_by_role("link", name="Coach", exact=True).click()
    expect(page.get_by_role("heading", name="New coaching session for Avery Trainee")).to_be_visible()
    page.get_by_role("textbox", name="Goals").fill("Let the customer finish")
    page.get_by_label("Due").fill(in_a_week())
    moment = page.get_by_role("group", name="Moment 1")
    expect(moment.get_by_label("Recording")).to_have_value(own)
    moment.get_by_label("Moment").fill("0:05-0:12")
    moment.get_by_label("Note").fill("Interrupted twice")
    page.get_by_role("button", name="Open the session").click()
    expect(page.get_by_text("Waits for the person")).to_be_visible()
    session = page.url

    # The coach adds another recording to the library, and assigns it.
    page.goto(f"/recordings/{example}/")
    page.get_by_role("link", name="Add to the library").click()
    page.get_by_role("textbox", name="Title").fill("A good opening")
    page.get_by_role("textbox", name="Range").fill("0:00-0:04")
    page.get_by_label("Where the basis is documented").fill("Consent 4711")
    page.get_by_label("Expires after").fill(in_a_week())
    page.get_by_label("Share to watch, in per cent").fill("50")
    quiz = page.get_by_role("group", name="Question 1")
    quiz.get_by_label("Question").fill("What comes first?")
    quiz.get_by_label("Answers").fill("*The greeting\nThe price")
    page.get_by_role("button", name="Add to the library").click()
    expect(page.get_by_role("heading", name="A good opening")).to_be_visible()
    page.locator("form[action$='assign/']").get_by_label("Person").select_option(label="Avery Trainee")
    page.get_by_label("Due").fill(in_a_week())
    page.get_by_role("button", name="Assign", exact=True).click()
    expect(page.get_by_text("To watch", exact=True)).to_be_visible()
    exemplar = page.url
    for path in (session, exemplar, "/reviews/coaching/", "/reviews/library/"):
        assert axe_findings_in_both_themes(page, path) == {}, path

    # The agent acknowledges.
    page.context.clear_cookies()
    sign_in_as(page, portal, NAME)
    page.goto("/my-calls/")
    page.get_by_role("link", name="My coaching").first.click()
    page.locator("section", has_text="Coaching sessions").locator("a[data-open]").last.click()
    expect(page.get_by_text("Interrupted twice")).to_be_visible()
    page.get_by_role("textbox", name="Comment").fill("I will")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("I will")).to_be_visible()

    # The agent watches the exemplar, whose page they cannot open otherwise, and passes the quiz.
    assert page.goto(f"/recordings/{example}/").status == 403  # type: ignore[union-attr]
    page.goto("/my-coaching/")
    page.get_by_role("link", name="A good opening").click()
    viewing = page.url
    assert axe_findings_in_both_themes(page, viewing) == {}
    page.set_viewport_size({"width": 390, "height": 844})
    for direction in ("ltr", "rtl"):
        page.evaluate("direction => document.documentElement.dir = direction", direction)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, direction
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(viewing)
    page.get_by_role("button", name="Play", exact=True).click()
    wait_until_past(page, 3)
    page.get_by_role("button", name="Pause", exact=True).click()
    watched = "SELECT upper(watched) FROM recordings_viewing WHERE recording_id = %s AND purpose = 'training'"
    wait_for(lambda: (trail.rows(watched, example)[0][0] or 0) >= 2000)
    page.get_by_label("The greeting").check()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Passed", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Play", exact=True)).to_have_count(0)
    # The viewing that was open ended as every other: with the player's last report, not with a refusal.
    assert trail.wait_for_end(example)[-1][0] == "viewing.finished"
    assert "viewing.denied" not in trail.kinds(example)
