"""Locate, presign, read and probe on an independent S3 server, and on the sandbox.

The same tests on both: they show that the sandbox answers as a real server does.
"""

import hashlib
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from recordings.storage import Location, ProbeResult, StorageOutcome, locate, presign, probe
from recordings.storage.presign import SigningKey, presign_with
from tests.ceph import REGION, Ceph
from tests.integration.storage.stores import FILM, VIEWING, Store, ask, asking
from tests.thorough import examples

# --- reading


@pytest.mark.parametrize("style", ["path_url", "host_url"])
def test_a_signed_file_is_read_whole(store: Store, film: Location, style: str) -> None:
    """Served with the type that we name and not cached, whatever the file says."""
    answer = ask(store.signed(store.place(film.key, base=getattr(store, style))))
    assert (answer.status, answer.body) == (200, FILM)
    named = ("content-length", "content-type", "cache-control", "accept-ranges", "etag")
    etag = f'"{hashlib.md5(FILM).hexdigest()}"'
    assert [answer.headers[name] for name in named] == ["1024", "video/webm", "no-store", "bytes", etag]


def test_signed_by_the_installation(store: Store, film: Location, settings: Any) -> None:
    settings.AWS_ACCESS_KEY_ID, settings.AWS_SECRET_ACCESS_KEY = store.own.access_key, store.own.secret_key
    settings.S3_REGION = store.own.region
    answer = ask(presign(film, ttl_seconds=15, viewing_id=VIEWING).url)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, FILM, "video/mp4")


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-1023", 0, 1024),
        ("bytes=1023-1023", 1023, 1024),
        ("bytes=100-355", 100, 356),
        ("bytes=1000-", 1000, 1024),
        ("bytes=1020-99999", 1020, 1024),
        ("bytes=-24", 1000, 1024),
        ("bytes=-99999", 0, 1024),
    ],
)
def test_a_range_is_read(store: Store, film: Location, asked: str, start: int, stop: int) -> None:
    answer = ask(store.signed(film), Range=asked)
    assert (answer.status, answer.body) == (206, FILM[start:stop])
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/1024"
    assert answer.headers["content-length"] == str(stop - start)


@pytest.mark.parametrize("asked", ["bytes=1024-", "bytes=1024-2000", "bytes=99999-"])
def test_a_range_behind_the_end_is_refused(store: Store, film: Location, asked: str) -> None:
    answer = ask(store.signed(film), Range=asked)
    assert (answer.status, answer.code) == (416, "InvalidRange")


def test_a_range_in_another_unit_is_no_range(store: Store, film: Location) -> None:
    answer = ask(store.signed(film), Range="seconds=0-1")
    assert (answer.status, answer.body) == (200, FILM)


def test_conditions_are_kept(store: Store, film: Location) -> None:
    url = store.signed(film)
    etag = ask(url).headers["etag"]
    assert ask(url, If_None_Match=etag).status == 304
    assert ask(url, If_None_Match='"another"').body == FILM
    assert ask(url, If_Match='"another"').status == 412
    assert ask(url, If_Match=etag, Range="bytes=0-3").body == FILM[:4]


@pytest.mark.parametrize("style", ["path_url", "host_url"])
@pytest.mark.parametrize(
    "key",
    [
        "two words.mp4",
        "plus+and plus.mp4",
        "100% sure.mp4",
        "a/b/c d/e.mp4",
        " /spaces / at ends .mp4 ",
        "שיחה עם מרים.mp4",
        "caf\u00e9.mp4",
        "cafe\u0301.mp4",
        "😀~_-..mp4",
        "/leading.mp4",
        "//two/leading.mp4",
        "a//b///c.mp4",
        "שיחה/%2F%2B%25 + 100%.mp4",
        "what? #1 & = ; , : @ $ ! ' \" ( ) * < > [ ] { } | ^ `.mp4",
    ],
)
def test_keys_of_every_kind_are_read(store: Store, key: str, style: str) -> None:
    store.put(key, key.encode())
    place = store.place(key, base=getattr(store, style))
    assert place.key == key
    assert ask(store.signed(place)).body == key.encode()


@hypothesis_settings(
    max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    key=st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=40).filter(
        lambda key: "\\" not in key and all(part not in (".", "..") for part in key.split("/"))
    )
)
def test_any_key_is_read(store: Store, key: str) -> None:
    store.put(key, key.encode())
    assert ask(store.signed(replace(store.place("x"), key=key))).body == key.encode()


def test_a_pinned_version_is_read_although_the_file_was_replaced_and_removed(store: Store) -> None:
    first, second = store.put("twice.mp4", b"first"), store.put("twice.mp4", b"second")
    assert first != second
    newest, pinned = store.place("twice.mp4"), store.place("twice.mp4", version_id=first)
    assert ask(store.signed(newest)).body == b"second"
    answer = ask(store.signed(pinned))
    assert (answer.body, answer.headers["x-amz-version-id"]) == (b"first", first)
    store.delete("twice.mp4")
    assert ask(store.signed(newest)).status == 404
    assert ask(store.signed(pinned)).body == b"first"


# --- not reading


@pytest.mark.parametrize(("ago", "status"), [(0, 200), (45, 200), (61, 403), (3600, 403), (90_000, 403)])
def test_a_url_lives_as_long_as_it_says(store: Store, film: Location, ago: int, status: int) -> None:
    answer = ask(store.signed(film, ago=ago))
    assert (answer.status, answer.code) == (status, "AccessDenied" if status == 403 else "")


def test_a_url_ends_while_the_player_reads(store: Store) -> None:
    """A read that starts in time continues to its end; a later one is refused."""
    long_film = FILM * 24 * 1024
    store.put("long.mp4", long_film)
    issued = store.issue(store.place("long.mp4"), ago=12, ttl=15)
    with asking(issued.url, Range="bytes=0-") as answer:
        beginning = answer.read(1024)
        time.sleep((issued.expires_at - datetime.now(UTC)).total_seconds() + 0.2)
        assert ask(issued.url, Range="bytes=0-0").status == 403
        assert ask(store.signed(store.place("long.mp4")), Range="bytes=0-0").status == 206
        assert beginning + answer.read() == long_film


# --- what a probe makes of it


@pytest.mark.parametrize("style", ["path_url", "host_url"])
def test_a_probe_finds_a_file(store: Store, style: str) -> None:
    version = store.put("found.mp4", FILM)
    found = probe(store.signed(store.place("found.mp4", base=getattr(store, style))))
    expected = ProbeResult(
        StorageOutcome.FOUND, 206, 1024, f'"{hashlib.md5(FILM).hexdigest()}"', None, version
    )
    assert replace(found, last_modified=None) == expected
    assert found.last_modified
    assert abs((datetime.now(UTC) - found.last_modified).total_seconds()) < 10


def test_a_probe_says_what_is_wrong(store: Store, film: Location) -> None:
    """F35."""
    store.put("empty.mp4", b"")
    store.put("removed.mp4", FILM)
    store.delete("removed.mp4")
    own = store.own
    wrong_secret = replace(own, secret_key="x" * 40)
    urls = {
        store.signed(store.place("empty.mp4")): (StorageOutcome.EMPTY, 416),
        store.signed(store.place("removed.mp4")): (StorageOutcome.MISSING, 404),
        store.signed(store.place("never.mp4")): (StorageOutcome.MISSING, 404),
        store.signed(store.place(film.key, version_id="never")): (StorageOutcome.MISSING, 404),
        store.signed(store.elsewhere(film.key)): (StorageOutcome.NO_BUCKET, 404),
        store.signed(film, ago=61): (StorageOutcome.EXPIRED, 403),
        store.signed(film, key=store.stranger): (StorageOutcome.DENIED, 403),
        store.signed(film, key=wrong_secret): (StorageOutcome.KEY_REFUSED, 403),
        store.signed(film, key=SigningKey("NOBODYSKEY0000000001", "none", own.region)): (
            StorageOutcome.KEY_REFUSED,
            403,
        ),
        film.url: (StorageOutcome.DENIED, 403),
    }
    assert [probe(url) for url in urls] == [ProbeResult(*expected) for expected in urls.values()]


def test_a_bucket_without_versions_names_none(ceph: Ceph, plain: Location) -> None:
    found = probe(_signed_for(ceph, plain))
    assert (found.outcome, found.size_bytes, found.version_id) == (StorageOutcome.FOUND, 1024, "")
    assert ask(_signed_for(ceph, replace(plain, version_id="null"))).body == FILM


def test_a_store_that_says_nothing_is_unreachable(ceph: Ceph, plain: Location) -> None:
    with ceph.silent():
        assert probe(_signed_for(ceph, plain), total_seconds=0.5) == ProbeResult(StorageOutcome.UNREACHABLE)
    assert probe(_signed_for(ceph, plain)).outcome == StorageOutcome.FOUND


@pytest.fixture(scope="module")
def plain(ceph: Ceph) -> Location:
    """A file in a bucket without versions, which only the real server has."""
    bucket = ceph.create_bucket("acme-plain")
    ceph.put("acme-plain", "1.mp4", FILM)
    return locate(f"{bucket}/1.mp4", [bucket])


def _signed_for(ceph: Ceph, place: Location) -> str:
    key = SigningKey(ceph.access_key, ceph.secret_key, REGION)
    return presign_with(key, place, ttl_seconds=60, viewing_id=VIEWING).url
