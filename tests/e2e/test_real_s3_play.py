"""Playing from an independent S3 server: Ceph RGW knows nothing of the portal and only checks signatures.

The portal holds the keys of one storage, so this one has Ceph's, and a database and a broker of its own.
"""

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from playwright.sync_api import BrowserContext, Page, Response, expect

from auditportal.sandbox import Sandbox
from auditportal.sandbox.world.media import LONG, SHORT
from recordings.storage import expiry_of
from tests.ceph import REGION, Ceph
from tests.e2e.conftest import Console
from tests.e2e.films import pulled_apart
from tests.e2e.portal import Portal, fill, new_password, running
from tests.integration.storage.stores import ask
from tests.services import Databases
from tests.waiting import PATIENCE_SECONDS

BUCKET = "acme-calls"
APART, BY_HOST, REMOVED = "2026/far apart + 1.mp4", "2026/by host.mp4", "2026/removed.mp4"
# So long that every file has had the time to arrive.
YESTERDAY = datetime.now(UTC) - timedelta(days=1)
VIDEO = "document.querySelector('portal-player video')"

SignIn = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def portal(
    databases: Databases, worker_id: str, ceph: Ceph, tmp_path_factory: Any, django_db_blocker: Any
) -> Iterator[Portal]:
    """A portal whose recordings are in Ceph."""
    buckets = (ceph.create_bucket(BUCKET), ceph.host_url(BUCKET))
    with django_db_blocker.unblock():
        databases.ensure_template()
    settings = {
        "RECORDING_BUCKETS": ",".join(buckets),
        "S3_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ceph.access_key,
        "AWS_SECRET_ACCESS_KEY": ceph.secret_key,
        "REDIS_URL": os.environ["REDIS_URL"].removesuffix("/0") + "/1",
    }
    folder, password = tmp_path_factory.mktemp("portal"), new_password()
    with (
        Sandbox(seed=7, throttle_rate=0.0) as sandbox,
        databases.copied(f"portal_{worker_id}_ceph") as services,
    ):
        _tell(sandbox, ceph, buckets)
        fill(services, sandbox, folder, password, settings)
        with running(services, sandbox, folder, password, settings, parts=["web"]) as portal:
            yield portal


def _tell(sandbox: Sandbox, ceph: Ceph, buckets: tuple[str, str]) -> None:
    """One more object with three recordings, for which CommBox reports direct URLs."""
    ceph.put(BUCKET, APART, pulled_apart(LONG.content))
    ceph.put(BUCKET, BY_HOST, SHORT.content)
    world = sandbox.control.world
    talk = next(talk for talk, _ in world.recordings())
    world.conversations = {talk.id: talk}
    for base, key, medium in zip(
        (*buckets, buckets[0]), (APART, BY_HOST, REMOVED), (LONG, SHORT, SHORT), strict=True
    ):
        url = f"{base}/{quote(key)}"
        sandbox.control.add_recording(
            talk.id, medium=medium.name, stored=False, presigned=False, recordingUrl=url, at=YESTERDAY
        )


@pytest.fixture
def watch(context: BrowserContext, portal: Portal, sign_in: SignIn) -> Callable[[str], Page]:
    """Press play on the recording of a key, in a tab of its own."""

    def act(key: str) -> Page:
        page = context.new_page()
        sign_in(page, "compliance_officer")
        page.goto(f"/recordings/{recording_of(key, portal)}/")
        page.locator("#viewing-form").get_by_text("Compliance", exact=True).click()
        page.get_by_role("button", name="Play", exact=True).click()
        return page

    return act


def recording_of(key: str, portal: Portal) -> str:
    found = "SELECT id::text FROM recordings_recording WHERE url LIKE %s"
    with psycopg.connect(portal.services.admin_url) as connection:
        return str(connection.execute(found, [f"%/{quote(key)}"]).fetchall()[0][0])


def comes_true(page: Page, condition: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for a condition on the video."""
    text = f"() => (({{ src, paused, currentTime, readyState }}) => {condition})({VIDEO} ?? {{}})"
    page.wait_for_function(text, timeout=seconds * 1000)


def plays_past(page: Page, seconds: float) -> None:
    comes_true(page, f"paused === false && currentTime > {seconds}")


def source_of(page: Page) -> str:
    return str(page.evaluate(f"{VIDEO}.src"))


def wait_for_end_of(url: str, page: Page) -> None:
    end = expiry_of(url)
    assert end
    page.wait_for_timeout(max(0, (end - datetime.now(UTC)).total_seconds() + 0.5) * 1000)
    assert ask(url, Range="bytes=0-0").status == 403


@pytest.mark.slow
def test_watching_outlives_urls(
    watch: Callable[[str], Page], portal: Portal, ceph: Ceph, console: Console, context: BrowserContext
) -> None:
    """F34. Given a film in Ceph in two tabs, one playing, one standing, when both URLs end, then the one plays on,
    and a jump in the other finds its place by another URL."""
    served: list[Response] = []
    context.on("response", lambda one: served.append(one) if one.url.startswith(ceph.endpoint) else None)
    playing, standing = watch(APART), watch(APART)
    plays_past(standing, 0.2)
    standing.keyboard.press("Space")
    comes_true(standing, "paused")
    plays_past(playing, 0.2)
    first, other = source_of(playing), source_of(standing)
    assert first.startswith(f"{ceph.endpoint}/{BUCKET}/{quote(APART)}?")
    assert other != first

    wait_for_end_of(first, playing)
    plays_past(playing, playing.evaluate(f"{VIDEO}.currentTime") + 0.5)
    assert source_of(playing) != first

    wait_for_end_of(other, standing)
    assert source_of(standing) == other, "what stands needs no URL"
    console.expect("403")  # the browser may ask the URL it has before the player has it another
    standing.get_by_role("slider", name="Position").fill("200000")
    comes_true(standing, f"src !== '{other}' && currentTime === 200 && readyState >= 2")
    standing.wait_for_timeout(300)
    comes_true(standing, "paused && currentTime === 200")
    standing.keyboard.press("Space")
    plays_past(standing, 201)

    for page in (playing, standing):
        page.goto("/")
    assert {answer.status for answer in served} <= {206, 403}
    assert not any(answer.request.headers.get("referer") for answer in served)
    spans, jumped = seconds_watched(APART, portal)
    assert (spans[0][0], spans[0][1] >= 12, len(spans)) == (0, True, 1)
    assert (jumped[0][0], jumped[1][0], jumped[1][1] >= 201, len(jumped)) == (0, 200, True, 2)


def seconds_watched(key: str, portal: Portal) -> list[list[tuple[float, float]]]:
    """Return what each viewing watched, oldest first. The last report comes from a closed page, so wait for it."""
    query = """SELECT ended_at, watched FROM recordings_viewing WHERE recording_id = %s ORDER BY id"""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with psycopg.connect(portal.services.admin_url, autocommit=True) as connection:
        while True:
            rows = connection.execute(query, [recording_of(key, portal)]).fetchall()
            if all(ended for ended, _ in rows) or time.monotonic() > deadline:
                return [[(span.lower / 1000, span.upper / 1000) for span in watched] for _, watched in rows]
            time.sleep(0.1)


def test_a_bucket_that_is_a_host_plays(watch: Callable[[str], Page], ceph: Ceph) -> None:
    page = watch(BY_HOST)
    plays_past(page, 0.5)
    assert source_of(page).startswith(f"{ceph.host_url(BUCKET)}/{quote(BY_HOST)}?")


def test_a_file_that_is_gone_is_said(watch: Callable[[str], Page], portal: Portal, console: Console) -> None:
    """F35: with the portal's sentence, and stored."""
    console.expect("409")
    page = watch(REMOVED)
    expect(page.get_by_text("The file is no longer in storage.").first).to_be_visible()
    page.goto(f"/recordings/{recording_of(REMOVED, portal)}/")
    expect(page.locator(".facts")).to_contain_text("File missing")
