"""Storage's answers before a URL is issued: problems of the file, of the portal, or temporary ones."""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest
import time_machine
from django.utils import timezone

from auditportal.sandbox.s3.sigv4 import Credential
from auditportal.sandbox.world.seed import DIRECT_BUCKET
from recordings.media_urls import troubles
from recordings.models import AuditEvent, FileBadge, FileSighting, Recording, RecordingState, Viewing
from recordings.operations.banners import banners
from recordings.storage import StorageOutcome, credentials
from recordings.timed import forget_all
from tests.integration.playback.helpers import (
    bodies,
    fetch,
    kinds,
    known_for_a_day,
    post,
    query,
    recorded,
    start,
    url_in,
)


def let_pass() -> None:
    """Wait until the player may check and renew again."""
    Viewing.objects.update(checked_at=None, url_issued_at=timezone.now() - timedelta(minutes=1))


def key_of(recording) -> str:
    return recording.url.split(f"/{DIRECT_BUCKET}/")[1]


# --- the file


def test_a_file_on_its_way_is_said_to_be_and_plays_when_it_has_arrived(noa, upstream):
    recording = recorded(upstream, stored=False)
    response = start(noa, recording)
    text = response.content.decode()
    assert response.status_code == 503
    assert "not in storage yet" in text
    assert "Try again" in text
    assert Recording.objects.get().state == RecordingState.PLAYABLE
    upstream.put_file(DIRECT_BUCKET, key_of(recording), b"x" * 100, "video/mp4")
    assert fetch(url_in(start(noa, recording)), "bytes=0-0")[0] == 206


@pytest.mark.parametrize(
    ("fault", "words", "state"),
    [
        ("missing", "no longer in storage", RecordingState.FILE_MISSING),
        ("unsatisfiable", "is empty", RecordingState.FILE_MISSING),
        (
            "denied",
            "refused access to the file, or the file no longer exists",
            RecordingState.STORAGE_REFUSED,
        ),
        ("archived", "owner of the storage archived the file", RecordingState.STORAGE_REFUSED),
    ],
)
def test_a_file_that_is_not_given_out_gets_no_url(noa, direct, upstream, fault, words, state):
    recording = known_for_a_day(direct)
    upstream.script_faults([{"kind": fault, "target": "s3"}])
    response = start(noa, recording)
    text = response.content.decode()
    assert (response.status_code, kinds()) == (409, ["viewing.requested", "viewing.url_refused"])
    assert words in text
    assert "X-Amz-" not in text
    assert Recording.objects.get().state == state
    start(noa, recording)
    assert Recording.objects.get().state == RecordingState.PLAYABLE


@pytest.mark.parametrize("fault", ["slow_down", "internal_error", "reset"])
def test_a_storage_that_cannot_say_stops_nobody(noa, direct, upstream, fault):
    """The browser may reach storage when the portal cannot; otherwise the player retries."""
    upstream.script_faults([{"kind": fault, "target": "s3"}])
    assert fetch(url_in(start(noa, direct)), "bytes=0-0")[0] == 206
    row = Recording.objects.get()
    assert (row.state, row.file_due_at is not None) == (RecordingState.PLAYABLE, True)


# --- the portal's own clock, key and region


@pytest.mark.parametrize(
    ("ahead", "title"),
    [
        (100, "This server's clock is 100 seconds behind storage's."),
        (1_000, "This server's clock is 1,000 seconds behind storage's."),
        (-1_200, "This server's clock is 1,200 seconds ahead of storage's."),
    ],
)
def test_a_wrong_clock_is_told_to_those_who_can_set_it(noa, direct, upstream, ahead, title):
    upstream.advance_clock(ahead)
    response = start(noa, direct)
    assert response.status_code == 409
    assert "because of a clock difference" in response.content.decode()
    assert bodies("viewing.url_refused")[0]["action_detail"]["reason"] == "clock_skewed"
    row = Recording.objects.get()
    assert (row.state, row.state_reason) == (RecordingState.PLAYABLE, "")
    seconds = round(troubles.current().clock_ahead)
    assert abs(seconds - ahead) <= 30  # as slow as the machine is
    (banner,) = [one for one in banners(operations=True) if "clock" in one["title"]]
    assert banner["title"] == title.replace(f"{abs(ahead):,}", f"{abs(seconds):,}")
    assert banners(operations=False) == []
    upstream.advance_clock(-ahead)
    start(noa, direct)
    assert troubles.current() is None


def test_a_clock_that_drifts_is_said_before_links_fail(noa, direct, upstream):
    upstream.advance_clock(40)
    assert start(noa, direct).status_code == 200
    assert troubles.current().outcome is StorageOutcome.CLOCK_SKEWED


@pytest.mark.parametrize("wrong", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
def test_a_key_that_is_refused_is_no_fault_of_the_file(noa, direct, settings, wrong):
    setattr(settings, wrong, "SOMETHINGELSE")
    response = start(noa, direct)
    assert "does not accept the key" in response.content.decode()
    assert Recording.objects.get().state == RecordingState.PLAYABLE
    (banner,) = [one for one in banners(operations=True) if "key" in one["title"]]
    assert settings.RECORDING_BUCKETS[0] in banner["text"]


def test_a_bucket_in_another_region_is_asked_for_it_once(noa, direct, upstream):
    upstream.move_bucket(DIRECT_BUCKET, "il-central-1")
    upstream.clear_logs()
    url = url_in(start(noa, direct))
    assert "%2Fil-central-1%2Fs3%2F" in url
    assert fetch(url, "bytes=0-0")[0] == 206
    refused = [read.error_code for read in upstream.access_log() if read.status >= 400]
    url_in(start(noa, direct))
    assert [read.error_code for read in upstream.access_log() if read.status >= 400] == refused
    assert refused == ["AuthorizationQueryParametersError"]
    assert troubles.current() is None


def test_the_list_says_which_region_a_bucket_is_in(noa, direct, upstream, settings):
    upstream.move_bucket(DIRECT_BUCKET, "eu-central-1")
    settings.RECORDING_BUCKETS = tuple(
        f"{entry}?region=eu-central-1" if DIRECT_BUCKET in entry else entry
        for entry in settings.RECORDING_BUCKETS
    )
    upstream.clear_logs()
    assert "%2Feu-central-1%2Fs3%2F" in url_in(start(noa, direct))
    assert all(read.status < 300 for read in upstream.access_log())


# --- temporary keys


def test_a_temporary_key_is_used_with_its_token(noa, direct, upstream, settings):
    upstream.trust(
        Credential("ASIATEMPORARYKEY0001", "short lived", frozenset({DIRECT_BUCKET}), "a/token+of=")
    )
    settings.AWS_ACCESS_KEY_ID, settings.AWS_SECRET_ACCESS_KEY = "ASIATEMPORARYKEY0001", "short lived"
    settings.AWS_SESSION_TOKEN = "a/token+of="
    url = url_in(start(noa, direct))
    assert query(url)["X-Amz-Security-Token"] == "a/token+of="
    assert fetch(url, "bytes=0-0")[0] == 206
    written = "".join(bytes(body).decode() for body in AuditEvent.objects.values_list("body", flat=True))
    assert "a/token+of" not in written


@pytest.mark.parametrize(("left", "most"), [(3600, 90), (60, 60), (20, 20)])
def test_no_url_outlives_a_temporary_key(noa, direct, settings, left, most):
    settings.AWS_CREDENTIAL_EXPIRATION = timezone.now() + timedelta(seconds=left)
    with time_machine.travel(timezone.now(), tick=False):
        ttl = int(query(url_in(start(noa, direct)))["X-Amz-Expires"])
    assert most - 15 < ttl <= most


def test_a_temporary_key_that_has_ended_is_none(noa, direct, settings):
    settings.AWS_CREDENTIAL_EXPIRATION = timezone.now() + timedelta(minutes=30)
    assert any("The temporary storage key expires at" in one["title"] for one in banners(operations=True))
    settings.AWS_CREDENTIAL_EXPIRATION = timezone.now() + timedelta(seconds=5)
    start(noa, direct)
    assert bodies("viewing.url_refused")[0]["action_detail"]["reason"] == "no_credentials"
    settings.AWS_CREDENTIAL_EXPIRATION = timezone.now() - timedelta(seconds=5)
    assert any("The temporary storage key expired at" in one["title"] for one in banners(operations=True))


@pytest.fixture
def role(settings, monkeypatch):
    """A container's role, whose keys come from the loopback and change."""

    class Keys(BaseHTTPRequestHandler):
        given = 0

        def do_GET(self):
            Keys.given += 1
            end = datetime.now(UTC) + timedelta(hours=1)
            key = {
                "AccessKeyId": "ASIAROLE000000000001",
                "SecretAccessKey": "of the role",
                "Token": "role-token",
            }
            body = json.dumps({**key, "Expiration": f"{end:%Y-%m-%dT%H:%M:%SZ}"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{server.server_port}/keys")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    settings.S3_USE_ROLE, settings.AWS_ACCESS_KEY_ID, settings.AWS_SECRET_ACCESS_KEY = True, "", ""
    forget_all()
    yield Keys
    forget_all()
    server.shutdown()
    server.server_close()


def test_the_keys_of_a_role_are_used_and_asked_for_once(noa, direct, upstream, role):
    upstream.trust(
        Credential("ASIAROLE000000000001", "of the role", frozenset({DIRECT_BUCKET}), "role-token")
    )
    for _ in range(2):
        url = url_in(start(noa, direct))
        assert query(url)["X-Amz-Security-Token"] == "role-token"
        assert fetch(url, "bytes=0-0")[0] == 206
    assert role.given == 1


def test_a_role_that_is_not_there_is_no_key(noa, direct, role, monkeypatch):
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/keys")
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)
    assert credentials.current_key() is None
    assert start(noa, direct).status_code == 409


# --- who signs


def test_what_commbox_would_sign_is_signed_by_the_portal_where_its_key_opens_it(noa, upstream):
    recording = recorded(upstream, presigned=True, bucket=DIRECT_BUCKET)
    upstream.clear_logs()
    upstream.script_faults([{"kind": "error_500", "path": "*", "count": 99}])
    url = url_in(start(noa, recording))
    issued = bodies("viewing.url_issued")[0]["action_detail"]
    assert (issued["signed_by"], issued["ttl_seconds"] <= 90, upstream.requests()) == ("portal", True, [])
    assert query(url)["x-grant"] == str(Viewing.objects.get().pk)


def test_a_bucket_that_the_portals_key_does_not_open_is_remembered(noa, presigned, upstream):
    upstream.clear_logs()
    for _ in range(3):
        start(noa, presigned)
    assert [read.status for read in upstream.access_log()] == [403, 206, 206, 206]
    assert Recording.objects.get().state == RecordingState.PLAYABLE


def test_a_link_that_lives_long_is_said_to(noa, presigned, direct):
    text = " ".join(start(noa, presigned).content.decode().split())
    ends_at = Viewing.objects.get().url_expires_at
    assert f"{ends_at:%Y-%m-%d %H:%M:%S}</time>, also outside the portal." in text
    assert "CommBox signed the link to this file. The link is valid until" in text
    assert bodies("viewing.url_issued")[0]["action_detail"]["ttl_seconds"] > 300
    assert "CommBox signed the link" not in start(noa, direct).content.decode()


def test_a_link_that_lives_long_is_refused_where_the_installation_says_so(
    noa, presigned, direct, upstream, settings
):
    settings.COMMBOX_LONG_URLS = "refuse"
    response = start(noa, presigned)
    assert (response.status_code, kinds()[-1]) == (409, "viewing.url_refused")
    assert "would stay valid for 15 minutes" in response.content.decode()
    assert bodies("viewing.url_refused")[0]["action_detail"]["reason"] == "lives_too_long"
    assert start(noa, direct).status_code == 200
    upstream.switch(presigned_ttl=300)
    assert start(noa, presigned).status_code == 200


# --- which file


def test_another_file_in_its_place_is_found_out_by_the_next_play(noa, direct, upstream):
    """The difference is found without the worker, and the version that was first seen is played."""
    original = fetch(url_in(start(noa, direct)))[1]
    upstream.replace_file(key_of(direct), content=b"another film")
    response = start(noa, direct)
    url, text = url_in(response), response.content.decode()
    assert "The version that was first seen is played." in text
    assert Recording.objects.get().file_badge == FileBadge.DIFFERS
    assert AuditEvent.objects.filter(kind="recording.file_differs").count() == 1
    assert fetch(url)[1] == original
    first = FileSighting.objects.earliest("pk").version_id
    assert query(url)["versionId"] == bodies("viewing.url_issued")[1]["action_detail"]["version_id"] == first


def test_a_renewal_looks_too(noa, direct, upstream):
    start(noa, direct)
    let_pass()
    upstream.replace_file(key_of(direct), content=b"another film")
    response = post(noa, Viewing.objects.get(), "url")
    assert "versionId=" in response.json()["url"]
    assert Recording.objects.get().file_badge == FileBadge.DIFFERS


def test_a_key_that_may_not_read_versions_plays_without(noa, direct, upstream):
    """With s3:GetObject alone, versions cannot be read. That is tried once."""
    start(noa, direct)
    # The first answer of each play is about the newest version, the second about the one first seen.
    upstream.script_faults([{"kind": kind, "target": "s3"} for kind in ("pass", "denied")])
    url = url_in(start(noa, direct))
    assert "versionId" not in url
    upstream.clear_logs()
    assert "versionId" not in url_in(start(noa, direct))
    assert len(upstream.access_log()) == 1


@pytest.mark.parametrize(
    ("path", "stored", "played"),
    [
        ("Call+2026.mp4", ["Call 2026.mp4"], "Call 2026.mp4"),
        ("Call+2026.mp4", ["Call+2026.mp4"], "Call+2026.mp4"),
        ("Call+2026.mp4", ["Call 2026.mp4", "Call+2026.mp4"], "Call+2026.mp4"),
        ("a+b/c%2Bd+e.mp4", ["a b/c+d e.mp4"], "a b/c+d e.mp4"),
        ("Call%2B2026.mp4", ["Call 2026.mp4"], None),
        ("Call%202026.mp4", ["Call+2026.mp4"], None),
    ],
)
def test_a_plus_is_read_as_what_is_there_and_that_is_kept(noa, upstream, settings, path, stored, played):
    base = next(entry for entry in settings.RECORDING_BUCKETS if entry.endswith(f"/{DIRECT_BUCKET}"))
    for name in stored:
        upstream.put_file(DIRECT_BUCKET, f"odd/{name}", b"film of " + name.encode(), "video/mp4")
    recording = known_for_a_day(recorded(upstream, recordingUrl=f"{base}/odd/{path}", fileSize=None))
    response = start(noa, recording)
    assert response.status_code == (200 if played else 409)
    if played:
        assert fetch(url_in(response))[1] == b"film of " + played.encode()
        upstream.clear_logs()
        url = url_in(start(noa, recording))
        assert {read.status for read in upstream.access_log()} == {206}
        assert quote(played, safe="/") in url


def test_a_plus_never_leads_to_another_file(noa, upstream, settings):
    """The file has another size than CommBox reports, or was known by the other reading."""
    base = next(entry for entry in settings.RECORDING_BUCKETS if entry.endswith(f"/{DIRECT_BUCKET}"))
    upstream.put_file(DIRECT_BUCKET, "odd/a b.mp4", b"twelve bytes", "video/mp4")
    recording = known_for_a_day(recorded(upstream, recordingUrl=f"{base}/odd/a+b.mp4", fileSize=13))
    assert start(noa, recording).status_code == 409
    upstream.put_file(DIRECT_BUCKET, "odd/a+b.mp4", b"thirteen bytes", "video/mp4")
    assert start(noa, recording).status_code == 200
    Recording.objects.update(file_size_bytes=12)
    upstream.delete_file("odd/a+b.mp4", DIRECT_BUCKET)
    assert start(noa, recording).status_code == 409


def test_the_page_says_that_storage_was_not_asked_yet(noa, direct):
    assert "Not checked yet" in noa.get(f"/recordings/{direct.pk}/").content.decode()
    assert "Not checked yet" not in start(noa, direct).content.decode()
    assert "Not checked yet" not in noa.get(f"/recordings/{direct.pk}/").content.decode()
