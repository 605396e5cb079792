"""The main job, as a compliance officer does it – and what it may leave behind nowhere.

Given a portal filled from CommBox, when an officer finds a conversation, watches its recording beyond the life of
one URL and exports the trail, then the viewing with its seconds is in the trail and the file's hash checks.
"""

import hashlib
import json
import re

import psycopg
import pytest
import redis
from playwright.sync_api import expect

from tests.e2e.conftest import axe_findings
from tests.e2e.portal import WEBHOOK_TOKEN
from tests.waiting import PATIENCE_SECONDS

URL_LIFE_SECONDS = 15  # the shortest that can be configured
VIDEO = "document.querySelector('portal-player video')"
DIRECT = """
    SELECT r.id::text, r.object_id::text, r.duration_seconds FROM recordings_recording r
    WHERE r.state = 'playable' AND r.url_kind = 'direct' AND r.recording_type = 'video'
      AND r.duration_seconds BETWEEN 60 AND 200 AND r.url LIKE '%.mp4'
    ORDER BY r.shown_at DESC LIMIT 1
"""


@pytest.fixture
def database(portal):
    with psycopg.connect(portal.services.admin_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def recording(database):
    row = database.execute(DIRECT).fetchone()
    assert row, "the sandbox has a playable recording with a direct URL"
    return {"id": row[0], "object_id": row[1], "seconds": row[2]}


def is_renewal(answer):
    return answer.url.endswith("/url/") and answer.status == 200


def until(page, condition, seconds=PATIENCE_SECONDS):
    """Wait in our own steps: Playwright's wait_for_function needs eval, which the page's policy forbids."""
    for _ in range(int(seconds * 10)):
        if page.evaluate(f"Boolean({condition})"):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"never came true: {condition}")


def plays_past(page, seconds):
    until(page, f"{VIDEO} && {VIDEO}.currentTime > {seconds} && !{VIDEO}.paused")


def wait_until_reported(page, database, recording):
    """The player has said which seconds were watched."""
    query = "SELECT FROM audit.event WHERE kind = 'viewing.watched' AND target_ref = %s"
    for _ in range(int(PATIENCE_SECONDS * 10)):
        if database.execute(query, [f"recording:{recording['id']}"]).fetchone() is not None:
            return
        page.wait_for_timeout(100)
    pytest.fail("the player did not report what was watched")


def find_and_open(page, recording):
    page.goto("/objects/")
    page.keyboard.press("/")
    page.keyboard.type(recording["object_id"])
    page.keyboard.press("Enter")
    page.locator("#results, main").get_by_role("link", name=recording["object_id"]).first.click()
    page.locator(f"a[href='/recordings/{recording['id']}/']").first.click()


def start(page, purpose="Compliance"):
    page.locator("#viewing-form label.choice", has_text=purpose).click()
    page.get_by_role("button", name="Play", exact=True).click()
    until(page, VIDEO)


@pytest.mark.slow
def test_search_watch_beyond_one_url_read_the_trail_and_take_it_home(
    page, portal, sign_in, recording, database, tmp_path
):
    renewals = []
    page.on("response", lambda answer: renewals.append(answer.json()["url"]) if is_renewal(answer) else None)
    portal.sandbox.control.switch(
        s3_bytes_per_second=300_000
    )  # else the browser holds the whole file at once
    sign_in(page, "compliance_officer")
    find_and_open(page, recording)
    start(page)
    plays_past(page, 2)
    first = page.evaluate(f"{VIDEO}.src")
    assert axe_findings(page) == []

    # beyond the life of the first URL: renewed in silence, the position kept
    page.wait_for_timeout((URL_LIFE_SECONDS + 2) * 1000)
    plays_past(page, URL_LIFE_SECONDS)

    # a seek after the first URL has ended
    goal = recording["seconds"] - 15
    page.evaluate(f"{VIDEO}.currentTime = {goal}")
    plays_past(page, goal + 1)
    assert renewals, "the first URL has ended: another was asked for"
    page.keyboard.press("Space")
    until(page, f"{VIDEO}.paused")
    wait_until_reported(page, database, recording)

    # Else a viewing is one row. Of this recording, because files of others are looked at meanwhile.
    page.goto(f"/audit/?rows=each&q={recording['id']}")
    expect(page.get_by_text(re.compile(r"watched 0:0\d"))).not_to_have_count(0)
    expect(page.get_by_text(re.compile(r"valid for 1\d seconds"))).not_to_have_count(0)

    page.goto("/audit/?rows=each")
    path, shown = export(page, tmp_path)
    content = path.read_bytes()
    assert hashlib.sha256(content).hexdigest() == shown
    events = [json.loads(line) for line in content.splitlines()]
    kinds = [json.loads(event["body"])["type"] for event in events]
    assert {"viewing.requested", "viewing.url_issued", "viewing.url_renewed", "viewing.watched"} <= set(kinds)
    first_of = {
        kind: min(e["n"] for e, of in zip(events, kinds, strict=True) if of == kind) for kind in kinds
    }
    assert first_of["viewing.requested"] < first_of["viewing.url_issued"]
    assert first_of["viewing.url_issued"] < min(first_of["viewing.watched"], first_of["viewing.url_renewed"])
    for event in events:
        assert hashlib.sha256(event["body"].encode()).hexdigest() == event["sha256"]

    leaves_nothing_behind(portal, signatures(first, *renewals))


def export(page, folder):
    page.get_by_role("link", name="Export").or_(page.get_by_role("button", name="Export")).first.click()
    page.get_by_text("JSON Lines", exact=False).first.click()
    page.get_by_role("button", name="Build the report").click()
    expect(page.get_by_text("Ready", exact=True).first).to_be_visible()
    shown = page.locator("code.hash").inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download", exact=True).click()
    path = folder / "report.jsonl"
    download.value.save_as(path)
    return path, shown


def signatures(*urls):
    return tuple(re.search(r"X-Amz-Signature=([0-9a-f]{64})", url)[1] for url in urls)


def leaves_nothing_behind(portal, issued):
    """No signature, key or token is stored in rows, Redis, logs or files."""
    secrets = (*portal.canaries, *issued, "X-Amz-Signature=")
    places = {
        "rows": everything_in(portal.services.admin_url),
        "redis": everything_in_redis(portal.services.redis_url),
        "logs": portal.logs().encode(),
        "reports": b"".join(
            path.read_bytes() for path in (portal.folder / "reports").rglob("*") if path.is_file()
        ),
    }
    assert all(places[name] for name in ("rows", "logs", "reports"))
    found = [
        (name, secret[:12]) for name, text in places.items() for secret in secrets if secret.encode() in text
    ]
    assert found == []


def everything_in(url):
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('public', 'audit')"
        ).fetchall()
        rows = (connection.execute(f"SELECT t::text FROM {table} t").fetchall() for (table,) in tables)
        bodies = connection.execute("SELECT convert_from(body, 'UTF8') FROM audit.event").fetchall()
        return "\n".join(text for group in (*rows, bodies) for (text,) in group).encode()


def everything_in_redis(url):
    client = redis.Redis.from_url(url)
    return b"\n".join(key + b" " + (client.dump(key) or b"") for key in client.scan_iter())


def test_nothing_plays_when_the_trail_cannot_be_written(page, portal, sign_in, recording, database, console):
    """F29: 503, a sentence, and no URL anywhere in the response."""
    console.expect("503")
    sign_in(page, "compliance_officer")
    page.goto(f"/recordings/{recording['id']}/")
    page.locator("#viewing-form label.choice", has_text="Quality").click()
    writer = "FUNCTION audit.record_event(bytea, text[], text[], bytea[])"
    database.execute(f"REVOKE EXECUTE ON {writer} FROM auditportal_app")
    try:
        with page.expect_response("**/viewings/") as answer:
            page.get_by_role("button", name="Play", exact=True).click()
        assert answer.value.status == 503
        assert "X-Amz-" not in answer.value.text()
        expect(page.get_by_text("audit trail cannot be written").first).to_be_visible()
        assert "X-Amz-" not in page.content()
    finally:
        database.execute(f"GRANT EXECUTE ON {writer} TO auditportal_app")


@pytest.mark.slow
def test_a_call_that_ends_appears_without_a_reload(page, portal, sign_in, recording):
    """A call ends, its file is stored, only then its activity is there; the open page shows it by itself."""
    portal.sandbox.control.switch(webhook_url=f"{portal.url}/webhooks/commbox/{WEBHOOK_TOKEN}")
    sign_in(page, "compliance_officer")
    page.goto(f"/objects/{recording['object_id']}/")
    links = page.locator("main a[href^='/recordings/']:not([href='/recordings/'])")
    before = len(set(links.evaluate_all("all => all.map(link => link.href)")))
    portal.sandbox.control.make_call(object_id=int(recording["object_id"]), stored_after=1)
    for _ in range(int(PATIENCE_SECONDS * 10)):
        page.wait_for_timeout(100)
        if len(set(links.evaluate_all("all => all.map(link => link.href)"))) == before + 1:
            return
    pytest.fail("the recording of the call did not appear on the open page")
