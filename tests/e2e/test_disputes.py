"""A dispute in a browser: released, disputed by the agent, scored blind and decided, signed."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Page, expect

from recordings.reviews.answered import Answered
from recordings.reviews.preview import asked_in
from recordings.scorecards.answers import read_answers
from recordings.scorecards.form import read_form
from recordings.scorecards.score import score
from tests.e2e.conftest import axe_findings_in_both_themes, sign_in_as
from tests.e2e.playing import Trail, wait_until_past
from tests.e2e.portal import Portal
from tests.e2e.test_scorecards import new_from

pytestmark = pytest.mark.e2e
SCORER, DECIDER, AGENT = "call.scorer", "call.decider", "call.agent"


def submitted(portal: Portal) -> str:
    """Store accounts and an evaluation by one of them in which the first question fails the form; return its id."""
    trail, evaluation = Trail(portal), str(uuid4())
    version, document = trail.rows(
        "SELECT id, document FROM recordings_scorecardversion WHERE state = 'active' AND title->>'en' = %s",
        "Identity check by video",
    )[0]
    form, answers = read_form(bytes(document)), dict[str, Any]()
    for _section, question in form.questions():
        if question.key not in asked_in(form, read_answers(Answered(answers).file, form)):
            continue
        if question.type == "choice":
            answers[question.key] = {"option": question.options[1 if question.key == "alone" else 0].key}
        elif question.type == "number":
            answers[question.key] = {"number": "3"}
        if question.critical:
            answers[question.key]["at_ms"] = "2000"
    file = Answered(answers).file
    result = score(form, read_answers(file, form)).as_json()
    assert result["score"] == "0.00"
    with psycopg.connect(portal.services.admin_url, autocommit=True) as admin:
        for name, role in ((SCORER, "reviewer"), (DECIDER, "qa_manager"), (AGENT, "agent")):
            admin.execute(
                "WITH made AS (INSERT INTO accounts_user (password, username, full_name, email, is_active,"
                " date_joined) SELECT password, %s, '', '', true, now() FROM accounts_user"
                " WHERE username = 'tom.brandt' RETURNING id)"
                " INSERT INTO accounts_grant (user_id, role, granted_at) SELECT id, %s, now() FROM made",
                [name, role],
            )
        recording, agent = admin.execute(
            "SELECT r.id, o.agent_id FROM recordings_recording r JOIN recordings_commboxobject o"
            " ON o.id = r.object_id WHERE o.agent_id IS NOT NULL AND r.id = ANY(%s::uuid[]) LIMIT 1",
            [[trail.recording(skip=place) for place in range(20, 30)]],
        ).fetchone() or ("", 0)
        admin.execute(
            "INSERT INTO accounts_agentlink (user_id, agent_id, linked_at, reason, end_reason)"
            " SELECT id, %s, now(), 'known', '' FROM accounts_user WHERE username = %s",
            [agent, AGENT],
        )
        admin.execute(
            "INSERT INTO recordings_evaluation (id, recording_id, version_id, scorer_id, started_at, typed,"
            " revision, replaced, submitted_at) SELECT %s, %s, %s, id, now(), '{}', 0, '{}', now()"
            " FROM accounts_user WHERE username = %s",
            [evaluation, recording, version, SCORER],
        )
        admin.execute(
            "INSERT INTO recordings_evaluationscore (id, evaluation_id, number, scored_at, answers, answers_hash,"
            " result, watched, watched_percent, event_id)"
            " VALUES (%s, %s, 1, now(), %s, '-', %s, '{[0,20000)}', 12, %s)",
            [uuid4(), evaluation, file, json.dumps(result), uuid4()],
        )
    return evaluation


@pytest.mark.slow
def test_a_dispute_from_release_to_signature(page: Page, portal: Portal, sign_in: Callable[..., Any]) -> None:
    sign_in(page, "qa_manager")
    new_from(page, "Identity check by video")
    page.get_by_role("link", name="View and activate").click()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("Active", exact=True).first).to_be_visible()
    result = f"/reviews/results/{submitted(portal)}/"

    # A QA manager who did not score it releases it. That little was watched is marked.
    page.goto(result)
    expect(page.get_by_text("The scorer had watched 12 % of the recording.")).to_be_visible()
    page.get_by_role("button", name="Release to the agent").click()
    expect(page.get_by_text("Waiting for signature")).to_be_visible()

    # The agent reads it without a player, and disputes an answer.
    page.context.clear_cookies()
    sign_in_as(page, portal, AGENT)
    page.get_by_role("link", name="My reviews", exact=True).click()
    page.locator("[data-row] a").first.click()
    page.get_by_label("Question", exact=True).select_option("alone")
    page.get_by_label("Why is the answer wrong?").fill("Nobody else was in the room")
    page.get_by_role("button", name="Dispute", exact=True).click()
    expect(page.get_by_text("Nobody else was in the room")).to_be_visible()
    assert axe_findings_in_both_themes(page, result) == {}
    page.set_viewport_size({"width": 390, "height": 844})
    for direction in ("ltr", "rtl"):
        page.evaluate("direction => document.documentElement.dir = direction", direction)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, direction
    page.set_viewport_size({"width": 1440, "height": 900})

    # Somebody else scores it blind beside the player, and then sees both answers.
    page.context.clear_cookies()
    sign_in_as(page, portal, DECIDER)
    page.goto(result)
    expect(page.get_by_text("1 answer is disputed")).to_be_visible()
    page.get_by_role("link", name="Score blind and decide").click()
    assert "Nobody else" not in page.content()
    page.wait_for_load_state()  # without the scripts, Play opens the page of the player alone
    page.get_by_role("button", name="Play", exact=True).click()
    wait_until_past(page, 2)
    question = page.locator("[data-question=alone]")
    question.get_by_label("Yes").check()
    question.get_by_role("button", name="Point at this second").click()
    expect(question.locator("[data-moment]")).to_be_visible()
    page.get_by_role("button", name="Keep my answers").click()
    expect(page.get_by_text("The scorer's answer", exact=True)).to_be_visible()
    expect(page.get_by_text("Nobody else was in the room")).to_be_visible()
    page.get_by_label("Change it to your answer").check()
    page.get_by_label("Reason", exact=True).fill("The room is empty")
    page.get_by_role("button", name="Decide", exact=True).click()
    expect(page.get_by_role("heading", name="Score 2")).to_be_visible()
    expect(page.locator(".big").first).to_have_text("100")
    page.goto("/reviews/results/?state=waiting")
    expect(page.locator("[data-row]").first).to_contain_text("100")

    # The agent signs the new score.
    page.context.clear_cookies()
    sign_in_as(page, portal, AGENT)
    page.goto(result)
    page.get_by_role("button", name="I have read it").click()
    expect(page.get_by_text("Score 2 signed")).to_be_visible()
