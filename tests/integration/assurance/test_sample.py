"""The nightly sample against a storage that verifies every signature and range."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client

from auditportal.sandbox.control.control import Control
from auditportal.sandbox.world.seed import PRESIGNED_BUCKET
from recordings.assurance import tasks
from recordings.assurance.sampling import check_media, draw_sample
from recordings.audit import Actor
from recordings.media_urls import location_of
from recordings.models import AuditEvent, MediaCheck, Recording
from recordings.refresh.actions import refresh_object
from tests.factories import person
from tests.factories import recording as made
from tests.integration.playback.helpers import known_for_a_day
from tests.integration.refresh.conftest import _impatient, upstream
from tests.integration.refresh.helpers import hold

__all__ = ["_impatient", "upstream"]
pytestmark = pytest.mark.django_db
BY = Actor.system("assurance")
FILMS = Path(__file__).resolve().parents[3] / "auditportal" / "sandbox" / "media"


def stored(upstream: Control, **wish: Any) -> Recording:
    thing = hold(upstream)
    upstream.add_recording(thing.pk, **{"presigned": False, **wish})
    assert refresh_object(object_id=thing.pk, by=BY).ok
    return Recording.objects.get()


def failures() -> list[dict[str, Any]]:
    rows = AuditEvent.objects.filter(kind="recording.media_failed").order_by("id")
    return [json.loads(bytes(row.body)) for row in rows]


@pytest.mark.parametrize("presigned", [False, True])
@pytest.mark.parametrize("medium", ["call-20s", "call-300s", "call-40s", "call-45s"])
def test_a_good_file_opens_and_leaves_no_event(upstream: Control, medium: str, presigned: bool) -> None:
    path = next(FILMS.glob(f"{medium}.*"))
    row = stored(upstream, medium=path.name, presigned=presigned)
    found = check_media(recording=row, by=BY)
    assert (found.outcome, found.sentence.endswith("Its length matches the reported length.")) == (
        "opens",
        True,
    )
    assert found.size_bytes == path.stat().st_size
    assert failures() == []


def test_the_whole_file_is_never_fetched(upstream: Control) -> None:
    row = stored(upstream, medium="call-300s.mp4")
    upstream.clear_logs()
    check_media(recording=row, by=BY)
    assert (
        len(upstream.access_log()) == 4
    )  # the answer to the URL, head, tail, and where the boxes go on behind the index
    assert row.file_size_bytes is not None
    assert row.file_size_bytes > 3 * 64 * 1024


@pytest.mark.parametrize(("told", "outcome"), [(20, "opens"), (22, "opens"), (23, "fails"), (17, "fails")])
def test_the_length_agrees_within_two_seconds(upstream: Control, told: int, outcome: str) -> None:
    row = stored(upstream, medium="call-20s.mp4", duration=told)
    assert check_media(recording=row, by=BY).outcome == outcome
    assert len(failures()) == (outcome == "fails")


@pytest.mark.parametrize(("told", "outcome"), [(306, "opens"), (308, "fails")])
def test_the_length_of_a_long_file_agrees_within_two_percent(
    upstream: Control, told: int, outcome: str
) -> None:
    row = stored(upstream, medium="call-300s.mp4", duration=told)
    assert check_media(recording=row, by=BY).outcome == outcome


def test_a_file_that_does_not_open_is_an_event_with_the_reason(upstream: Control) -> None:
    row = stored(upstream, medium="call-300s.mp4")
    data = (FILMS / "call-300s.mp4").read_bytes()
    upstream.replace_file(location_of(row.url).key, content=data[:200_000])
    assert check_media(recording=row, by=BY).outcome == "fails"
    (event,) = failures()
    assert event["object"]["ref"] == f"recording:{row.pk}"
    assert "truncated" in event["action_detail"]["sentence"]


@pytest.mark.parametrize("content", [None, b""])
def test_a_file_that_is_gone_or_empty_fails(upstream: Control, content: bytes | None) -> None:
    row = known_for_a_day(stored(upstream))
    key = location_of(row.url).key
    upstream.delete_file(key) if content is None else upstream.replace_file(key, content=content)
    assert check_media(recording=row, by=BY).outcome == "fails"
    assert len(failures()) == 1


def test_what_storage_or_commbox_cannot_say_now_is_no_failure(upstream: Control) -> None:
    row = stored(upstream, presigned=True, bucket=PRESIGNED_BUCKET)
    upstream.fault_rate(1.0)
    found = check_media(recording=row, by=BY)
    assert found.outcome == "cannot_tell"
    assert failures() == []


def test_the_night_is_sampled_once(upstream: Control, settings: Any) -> None:
    stored(upstream)
    settings.ASSURANCE_SAMPLE = 1
    tasks.sample_media()
    tasks.sample_media()
    assert MediaCheck.objects.count() == 1


def test_the_first_sample_does_not_wait_for_the_night(upstream: Control, settings: Any) -> None:
    settings.ASSURANCE_SAMPLE = 2
    tasks.draw_first_sample()
    assert not MediaCheck.objects.exists()
    stored(upstream)
    tasks.draw_first_sample()
    assert MediaCheck.objects.count() == 1
    made()
    tasks.draw_first_sample()
    assert MediaCheck.objects.count() == 1  # the next one is the night's


def test_a_night_s_sample_checks_nothing_twice_and_ends(upstream: Control, settings: Any) -> None:
    """Interrupted, it is finished within the hour; what comes in after that waits for the next night."""
    stored(upstream)
    settings.ASSURANCE_SAMPLE = 5
    began = datetime(2026, 11, 20, 3, 15, tzinfo=UTC)
    done = []
    for minutes in (0, 15, 30, 75, 24 * 60):
        with time_machine.travel(began + timedelta(minutes=minutes), tick=False):
            tasks.sample_media()
        done.append(MediaCheck.objects.count())
        if minutes in (15, 30):
            made()
    assert done == [1, 1, 2, 2, 5]


def test_the_next_night_is_sampled_from_its_hour_on(upstream: Control, settings: Any) -> None:
    stored(upstream)
    settings.ASSURANCE_SAMPLE = 1
    day = datetime(2026, 11, 20, tzinfo=UTC)
    done = []
    for hours in (2, 3, 4, 23, 26, 27.5, 60):
        with time_machine.travel(day + timedelta(hours=hours), tick=False):
            tasks.sample_media()
        done.append(MediaCheck.objects.count())
    # The sample of the night before is made up for at once; the hour is ten past three.
    assert done == [1, 1, 2, 2, 2, 3, 4]


def test_what_names_no_place_is_not_drawn(db: None, settings: Any) -> None:
    good = {made().pk for _ in range(4)}
    made(state="not_playable")
    made(state="vanished_at_source")
    assert {row.pk for row in draw_sample(50)} == good
    assert len(draw_sample(3)) == 3
    assert draw_sample(0) == []


def test_the_page_shows_what_was_found(db: None, client: Client) -> None:
    row = made()
    MediaCheck.objects.create(
        recording=row, checked_at=row.first_seen_at, outcome="fails", sentence="The file has no index."
    )
    for role, linked in (("compliance_officer", True), ("external_auditor", False)):
        client.force_login(person(role))
        html = client.get("/assurance/sample/").content.decode()
        assert "The file has no index." in html
        assert (f'href="/recordings/{row.pk}/"' in html) == linked
    client.force_login(person("qa_manager"))
    assert "The file has no index." in client.get(f"/recordings/{row.pk}/").content.decode()
