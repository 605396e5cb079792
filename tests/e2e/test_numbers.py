"""The numbers of evaluations in a browser: distribution, a filter, the map, an export; axe and narrow screens."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import axe_findings_in_both_themes
from tests.e2e.playing import Trail
from tests.e2e.portal import Portal
from tests.e2e.test_scorecards import new_from

pytestmark = pytest.mark.e2e
SignIn = Callable[..., Any]
PAGES = ("", "agents/", "questions/", "scorers/")
# Of the newest recordings, with scores from 0 to 100: what was answered does not matter here.
EVALUATED = """
WITH call AS (
    SELECT r.id, row_number() OVER (ORDER BY r.shown_at DESC) AS n FROM recordings_recording r
    JOIN recordings_commboxobject o ON o.id = r.object_id
    WHERE r.shown_at > now() - interval '40 days' AND o.agent_id IS NOT NULL LIMIT 40
), made AS (
    INSERT INTO recordings_evaluation (id, recording_id, version_id, scorer_id, started_at, typed, revision, replaced,
                                       submitted_at, is_agreed_card)
    SELECT gen_random_uuid(), call.id, v.id, u.id, now(), '{}', 1, '{}', now(), false
    FROM call, (SELECT id FROM recordings_scorecardversion WHERE state = 'active' ORDER BY activated_at DESC LIMIT 1) v,
         (SELECT id FROM accounts_user WHERE username = 'tom.brandt') u
    RETURNING id
)
INSERT INTO recordings_evaluationscore (id, evaluation_id, number, scored_at, answers, answers_hash, result, watched,
                                        watched_percent, event_id)
SELECT gen_random_uuid(), id, 1, now(),
       '{"answers":{"alone":{"option":"yes"}},"format":"auditportal-answers/1"}', 'sha256:0',
       jsonb_build_object('score', to_char(40 + n * 1.5, 'FM990.00'), 'score_without_fails', '100.00',
                          'failed', '[]'::jsonb, 'na_share', '10.00', 'sections', '[]'::jsonb),
       '{}', 80, gen_random_uuid()
FROM (SELECT id, row_number() OVER () AS n FROM made) numbered RETURNING 1
"""


@pytest.mark.slow
def test_numbers_from_page_to_file(page: Page, portal: Portal, sign_in: SignIn) -> None:
    sign_in(page, "qa_manager")
    new_from(page, "Identity check by video")
    page.get_by_role("link", name="View and activate").click()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("Version 1 is active.")).to_be_visible()
    evaluated = len(Trail(portal).rows(EVALUATED))
    page.context.clear_cookies()
    sign_in(page, "compliance_officer")

    # The distribution, its table, and a filter.
    page.goto("/reviews/numbers/")
    figure = page.locator("figure.chart").first
    expect(figure).to_contain_text("evaluations with a score")
    found = re.search(r"(\d+) evaluations with a score", figure.inner_text())
    shown = int(found[1]) if found else 0
    assert shown >= evaluated  # other tests of this portal may have submitted some
    figure.get_by_text("Show as a table").click()
    expect(figure.get_by_role("row", name="60–64.99")).to_be_visible()
    page.get_by_text("Agent", exact=True).first.click()
    page.locator("select[name=agent]").select_option(index=1)
    page.get_by_role("button", name="Apply").and_(page.locator(":visible")).click()
    page.wait_for_url("**agent=**")
    expect(page.locator("a.pill[data-on]")).to_have_count(1)

    # The pages keep the filter; the map says its states in words.
    page.get_by_role("navigation", name="Pages of numbers").get_by_role("link", name="Agents").click()
    expect(page.get_by_role("region", name="Map with a column for each week")).to_be_visible()
    assert "agent=" in page.url

    # The export, up to the file.
    page.goto("/reviews/numbers/")
    page.get_by_role("link", name="Export").click()
    page.get_by_text("CSV", exact=True).click()
    page.get_by_role("button", name="Build the report").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download", exact=False).first.click(timeout=120_000)
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == shown + 1

    for path in PAGES:
        address = f"/reviews/numbers/{path}"
        page.set_viewport_size({"width": 1440, "height": 900})
        assert axe_findings_in_both_themes(page, address) == {}, address
        page.set_viewport_size({"width": 390, "height": 844})
        for direction in ("ltr", "rtl"):
            page.evaluate("direction => document.documentElement.dir = direction", direction)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, (path, direction)
