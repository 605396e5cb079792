"""Watching a recording in a browser: the video plays on while URLs are renewed, and nothing is lost.

The portal under test gives URLs 15 seconds to live, the least there is.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import axe_findings, axe_findings_in_both_themes
from tests.e2e.playing import Trail, play, state, wait_until_past
from tests.e2e.portal import Portal

SignIn = Callable[..., None]


@pytest.fixture
def trail(portal: Portal) -> Trail:
    return Trail(portal)


@pytest.fixture(autouse=True)
def _mannered(portal: Portal) -> Iterator[None]:
    """Remove the faults of a test."""
    yield
    portal.sandbox.control.clear_faults()


def test_playing_survives_an_expiry_and_a_seek_after_one(
    page: Page, portal: Portal, sign_in: SignIn, trail: Trail
):
    """F34: the video plays on, the URL is renewed, and seeking works after a URL has expired."""
    recording = trail.recording()
    sign_in(page, "compliance_officer")
    play(page, recording)
    first = state(page)
    assert re.search("X-Amz-Signature=", first["src"])
    page.keyboard.press(">")
    wait_until_past(page, 20)
    renewed = state(page)
    assert renewed["src"] != first["src"], "15 s have passed: it must be another URL"
    assert (renewed["paused"], renewed["rate"], renewed["error"]) == (False, 1.25, 0)

    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.wait_for_timeout(16_000)
    paused = state(page)
    assert paused["src"] == renewed["src"], "a paused player needs no URL"
    page.get_by_role("slider", name="Position").fill("80000")
    page.get_by_role("button", name="Play", exact=True).click()
    wait_until_past(page, 81)
    again = state(page)
    assert again["src"] != paused["src"]
    assert (again["rate"], again["error"]) == (1.25, 0)

    page.keyboard.press("Space")
    page.wait_for_function("() => document.querySelector('[data-tl=you-clock]').textContent !== '0:00'")
    page.goto("/objects/")
    events = trail.wait_for_end(recording)
    kinds = [kind for kind, _ in events]
    assert kinds[:2] == ["viewing.requested", "viewing.url_issued"]
    assert kinds.count("viewing.url_renewed") >= 2
    assert kinds[-1] == "viewing.finished"
    spans = events[-1][1]["spans"]
    assert spans[0][0] == 0
    # Not one span: a new source may be found a moment beside the place, so the spans need not touch.
    assert sum(end - start for start, end in spans if end < 60_000) >= 19_000
    assert "viewing.watch_excess" not in kinds
    assert spans[-1][1] >= 81_000
    assert not any(start < 60_000 < end for start, end in spans), "what was jumped over was not watched"
    told = [span for kind, detail in events if kind == "viewing.watched" for span in detail["spans"]]
    assert sum(end - start for start, end in told) == events[-1][1]["watched_ms"]
    reads = [read for read in portal.sandbox.control.access_log() if read.key == trail.key(recording)]
    assert {read.status for read in reads} <= {200, 206}
    assert {read.referer for read in reads} == {""}, "storage learns nothing of the portal"


def test_signing_out_in_another_tab_ends_it_and_says_so(
    page: Page, sign_in: SignIn, trail: Trail, console: Any
):
    """What was watched is reported before the session ends, and nothing of the recording stays on the page."""
    console.expect("401")
    recording = trail.recording(skip=1)
    sign_in(page, "compliance_officer", anew=True)
    play(page, recording)
    other = page.context.new_page()
    other.goto("/accounts/logout/")
    other.locator("main").get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/accounts/login/**")
    note = page.locator("portal-player .video-note")
    expect(note).to_contain_text("You are signed out")
    expect(note.get_by_role("link", name="Sign in")).to_be_visible()
    assert page.evaluate("document.querySelector('portal-player video').src") == ""
    assert "X-Amz-" not in page.content()
    kind, detail = trail.events(recording)[-1]
    assert kind == "viewing.finished"
    assert detail["watched_ms"] >= 300
    assert "reason" not in detail, "the player itself ended it"


def test_a_session_that_ends_unseen_ends_the_viewing(page: Page, sign_in: SignIn, trail: Trail, console: Any):
    """The refused report leads to a refused renewal, which is in the trail and on the page."""
    console.expect("401")
    recording = trail.recording(skip=6)
    sign_in(page, "compliance_officer", anew=True)
    play(page, recording)
    page.context.clear_cookies(name="session")
    note = page.locator("portal-player .video-note")
    expect(note).to_contain_text("You are signed out")
    assert page.evaluate("document.querySelector('portal-player video').src") == ""
    assert "viewing.denied" in trail.kinds(recording)


def test_an_access_that_ends_while_its_holder_watches_is_said(
    page: Page, sign_in: SignIn, trail: Trail, console: Any
):
    """The next report is refused, the page says why, and what was watched stays."""
    console.expect("403")
    recording = trail.recording(skip=7)
    limit = """UPDATE accounts_grant SET channels = %s::bigint[] WHERE ended_at IS NULL AND role = 'qa_manager'
               AND user_id = (SELECT id FROM accounts_user WHERE username = 'tom.brandt') RETURNING id"""
    sign_in(page, "qa_manager", anew=True)
    play(page, recording)
    wait_until_past(page, 3)
    try:
        assert trail.rows(limit, "{1}")
        note = page.locator("portal-player .video-note")
        expect(note).to_contain_text("Your access to this recording has ended", timeout=60_000)
    finally:
        trail.rows(limit, "{}")
    assert trail.kinds(recording)[-1] == "viewing.denied"
    watched = "SELECT watched <> '{}' FROM recordings_viewing WHERE recording_id = %s"
    assert trail.rows(watched, recording) == [(True,)]


def test_a_download_saves_the_file(page: Page, sign_in: SignIn, trail: Trail):
    recording = trail.recording(skip=8)
    sign_in(page, "compliance_officer")
    page.goto(f"/recordings/{recording}/")
    form = page.locator("#download")
    form.get_by_text("Download the file").click()
    form.get_by_text("Dispute", exact=True).click()
    assert not axe_findings_in_both_themes(page)
    form.get_by_role("button", name="Request the download").click()
    with page.expect_download() as saved:
        form.get_by_role("link", name="Save the file").click()
    assert re.fullmatch(r"recording-\d+-[0-9a-f]{8}\.mp4", saved.value.suggested_filename)
    assert saved.value.failure() is None
    assert not axe_findings_in_both_themes(page)


def test_a_file_that_is_gone_is_said_and_kept(
    page: Page, portal: Portal, sign_in: SignIn, trail: Trail, console: Any
):
    """F35: it marks the recording, in the trail and on the page, and no URL leaves."""
    console.expect("409")
    recording = trail.recording(skip=2)
    key = trail.key(recording)
    portal.sandbox.control.delete_file(key)
    sign_in(page, "compliance_officer")
    page.goto(f"/recordings/{recording}/")
    page.locator("#viewing-form").get_by_text("Quality", exact=True).click()
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator("#player .video-note:not(.waits)")).to_contain_text(
        "The file is no longer in storage."
    )
    expect(page.locator(".facts")).to_contain_text("File missing")
    assert trail.kinds(recording) == ["viewing.requested", "viewing.url_refused"]


def test_a_connection_that_dies_is_taken_up_where_it_was(
    page: Page, portal: Portal, sign_in: SignIn, trail: Trail, console: Any
):
    console.expect("ERR_|Failed to load")
    recording = trail.recording(skip=3)
    # The browser's first read is cut, not the look that the portal takes before it.
    cut = {"kind": "cut", "target": "s3", "bytes": 200_000, "agent": "Mozilla*"}
    portal.sandbox.control.script_faults([cut])
    sign_in(page, "compliance_officer")
    play(page, recording)
    wait_until_past(page, 18)
    assert state(page)["error"] == 0


@pytest.mark.parametrize(
    ("ending", "kind", "seconds"), [(".webm", "direct", 1), (".m4a", "direct", 1), (".mp4", "presigned", 60)]
)
def test_other_media_and_other_signers(
    page: Page, sign_in: SignIn, trail: Trail, ending: str, kind: str, seconds: int
):
    recording = trail.recording(ending, kind=kind, seconds=seconds)
    sign_in(page, "compliance_officer")
    play(page, recording)
    wait_until_past(page, 2)
    assert state(page)["error"] == 0


def test_a_role_that_does_not_watch_has_no_button(page: Page, sign_in: SignIn, trail: Trail, console: Any):
    console.expect("403")
    sign_in(page, "administrator")
    page.goto(f"/recordings/{trail.recording()}/")
    expect(page.locator("main")).to_contain_text("Your role does not allow this.")


def test_without_scripts_the_same_button_plays(
    browser: Any, portal: Portal, trail: Trail, browser_context_args: Any
):
    """The response is the whole page, and native controls play it."""
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_label("User name").fill("tom.brandt")
    page.get_by_label("Password").fill(portal.password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{portal.url}/")
    page.goto(f"/recordings/{trail.recording(skip=4)}/")
    page.locator("#viewing-form").get_by_text("Training", exact=True).click()
    page.get_by_role("button", name="Play", exact=True).click()
    source = page.locator("video").get_attribute("src") or ""
    assert "X-Amz-Signature=" in source
    expect(page.locator("h1")).to_be_visible()
    context.close()


def test_the_page_is_for_everybody(page: Page, sign_in: SignIn, trail: Trail):
    """axe finds nothing before, while and after playing, in both themes, on a phone and from right to left."""
    recording = trail.recording(skip=5)
    sign_in(page, "compliance_officer")
    page.goto(f"/recordings/{recording}/")
    assert axe_findings(page) == []
    play(page, recording)
    assert axe_findings_in_both_themes(page) == {}
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert axe_findings(page) == []
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0


def test_spans_of_the_script_against_a_set_of_moments(page: Page, sign_in: SignIn):
    """The player's arithmetic of spans, on random spans, in the browser."""
    sign_in(page, "qa_manager")
    page.goto("/")
    wrong = page.evaluate(
        """async () => {
          const {merged, without, total} = await import("/static/portal/js/player/spans.js");
          const range = ([a, b]) => Array.from({length: Math.max(0, b - a)}, (_, i) => a + i);
          const moments = (spans) => new Set(spans.flatMap(range));
          const pick = (n) => Math.floor(Math.random() * n);
          for (let round = 0; round < 2000; round++) {
            const some = () => Array.from({length: pick(6)}, () => { const a = pick(60); return [a, a + pick(20)]; });
            const [one, other] = [some(), some()];
            const [a, b] = [merged(one), merged(other)];
            const left = without(a, b);
            const expected = [...moments(one)].filter((ms) => !moments(other).has(ms)).sort((x, y) => x - y);
            const got = [...moments(left)].sort((x, y) => x - y);
            const neat = a.every(([from, to], i) => from < to && (i === 0 || a[i - 1][1] < from));
            const right = total(a) === moments(one).size && String(got) === String(expected);
            if (!neat || !right) return {one, other, a, left};
          }
          return null;
        }"""
    )
    assert wrong is None
