"""Locate, presign, probe and read on the sandbox's storage, which verifies every signature."""

import http.client
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditportal.sandbox import Sandbox
from recordings.storage import Location, StorageOutcome, locate, probe
from recordings.storage.presign import SigningKey, presign_with
from tests.thorough import examples


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.control.reset()
    return running


def own_key(sandbox: Sandbox) -> SigningKey:
    return SigningKey(sandbox.access_key, sandbox.secret_key, sandbox.region)


def signed(sandbox: Sandbox, place: Location, **options: object) -> str:
    choices = {"ttl_seconds": 60, "viewing_id": "0199-viewing", **options}
    return presign_with(own_key(sandbox), place, **choices).url  # type: ignore[arg-type]


def stored(sandbox: Sandbox, key: str = "2026/1.mp4", content: bytes = b"moving pictures") -> Location:
    bucket = sandbox.bucket_urls[0]
    sandbox.control.put_file(bucket.rpartition("/")[2], key, content, "video/mp4")
    return replace(locate(f"{bucket}/x", sandbox.bucket_urls), key=key)


def fetch(url: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """Send a GET as a browser does, to the listening address whatever the Host."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=60)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers={"Host": parts.netloc, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()


@pytest.mark.parametrize("style", [0, 2])
def test_a_signed_file_is_read_in_path_and_in_virtual_host_style(sandbox: Sandbox, style: int) -> None:
    place = stored(sandbox)
    place = replace(locate(f"{sandbox.bucket_urls[style]}/x", sandbox.bucket_urls), key=place.key)
    status, body, headers = fetch(signed(sandbox, place, media_type="video/mp4"))
    assert (status, body, headers["content-type"]) == (200, b"moving pictures", "video/mp4")
    assert headers["cache-control"] == "no-store"


@settings(
    max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    key=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(
        lambda key: "\\" not in key and all(part not in ("", ".", "..") for part in key.split("/"))
    )
)
def test_keys_of_any_letters_are_read(running: Sandbox, key: str) -> None:
    place = stored(running, key, key.encode())
    assert fetch(signed(running, place))[:2] == (200, key.encode())


def test_the_grant_is_in_the_storages_access_log(sandbox: Sandbox) -> None:
    fetch(signed(sandbox, stored(sandbox)))
    assert "0199-viewing" in str(sandbox.control.access_log()[-1])


def test_a_pinned_version_is_played_although_the_file_was_replaced(sandbox: Sandbox) -> None:
    place = stored(sandbox)
    version = probe(signed(sandbox, place)).version_id
    stored(sandbox, place.key, b"something else")
    assert version
    assert fetch(signed(sandbox, replace(place, version_id=version)))[1] == b"moving pictures"
    assert fetch(signed(sandbox, place))[1] == b"something else"


def test_what_a_probe_finds(sandbox: Sandbox) -> None:
    place = stored(sandbox)
    found = probe(signed(sandbox, place))
    assert (found.outcome, found.status, found.size_bytes) == (StorageOutcome.FOUND, 206, 15)
    assert found.etag.startswith('"')
    assert found.last_modified is not None


def test_what_a_probe_does_not_find(sandbox: Sandbox) -> None:
    place = stored(sandbox)
    foreign = presign_with(
        SigningKey("SOMEBODY", "else", sandbox.region), place, ttl_seconds=60, viewing_id="v"
    )
    assert probe(signed(sandbox, replace(place, key="not/there.mp4"))).outcome == StorageOutcome.MISSING
    assert probe(place.url).outcome == StorageOutcome.DENIED
    assert probe(foreign.url).outcome == StorageOutcome.KEY_REFUSED
    with time_machine.travel(datetime.now(UTC) - timedelta(seconds=61)):
        url = signed(sandbox, place)
    assert probe(url).outcome == StorageOutcome.EXPIRED
    url = signed(sandbox, place)
    sandbox.control.advance_clock(61)
    assert probe(url).outcome == StorageOutcome.CLOCK_SKEWED
    empty = stored(sandbox, "empty.mp4", b"")
    sandbox.control.advance_clock(-61)
    assert probe(signed(sandbox, empty)).outcome == StorageOutcome.EMPTY


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("denied", StorageOutcome.DENIED),
        ("archived", StorageOutcome.ARCHIVED),
        ("missing", StorageOutcome.MISSING),
        ("unsatisfiable", StorageOutcome.EMPTY),
        ("moved", StorageOutcome.MOVED),
        ("slow_down", StorageOutcome.BUSY),
        ("internal_error", StorageOutcome.BUSY),
        ("reset", StorageOutcome.UNREACHABLE),
    ],
)
def test_what_the_storage_may_answer_instead(sandbox: Sandbox, fault: str, outcome: StorageOutcome) -> None:
    """F35."""
    place = stored(sandbox)
    sandbox.control.script_faults([{"kind": fault, "target": "s3"}])
    assert probe(signed(sandbox, place)).outcome == outcome


def test_a_tampered_url_is_refused(sandbox: Sandbox) -> None:
    """A second check: the sandbox verifies with botocore's own signer."""
    place = stored(sandbox)
    stored(sandbox, "2026/2.mp4")
    url = signed(sandbox, place)
    for broken in (
        url.replace("2026/1.mp4", "2026/2.mp4"),
        url.replace("X-Amz-Expires=60", "X-Amz-Expires=61"),
        url.replace("0199-viewing", "0199-another"),
        url.replace("no-store", "public"),
        url[:-1] + ("0" if url[-1] != "0" else "1"),
    ):
        assert broken != url
        assert fetch(broken)[0] == 403
