"""The page of a channel: why it may be late."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from recordings.models import Recording, Stream
from recordings.operations.channel import channel_status
from tests.factories import conversation, person, recording, stream

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def call(channel: Any, at: datetime, listed_after: int = 20, known_after: int = 5) -> None:
    made = recording(
        conversation(stream=channel, created_at=at),
        recorded_at=at,
        activity_created_at=at + timedelta(seconds=listed_after),
    )
    known = at + timedelta(seconds=listed_after + known_after)
    Recording.objects.filter(pk=made.pk).update(first_seen_at=known)


def test_what_is_usual_and_what_came() -> None:
    channel, other = stream("Premium video"), stream("Claims video")
    known_since = NOW - timedelta(days=3)
    Stream.objects.update(first_seen_at=known_since)
    call(channel, known_since - timedelta(hours=2), known_after=86_400)  # there before the portal was
    for day in range(1, 29):
        call(channel, NOW - timedelta(days=day, hours=1))
        call(channel, NOW - timedelta(days=day) + timedelta(hours=1))  # at this time of day not there yet
    call(channel, NOW - timedelta(hours=2), listed_after=7200, known_after=600)
    call(other, NOW - timedelta(hours=1))
    status = channel_status(channel.pk)
    assert status is not None
    assert (round(status.usual * 28), round(status.usual_by_now * 28), status.today) == (57, 29, 1)
    assert dict(status.days)["2026-11-19"] == 2
    assert status.newest_recording_at == NOW - timedelta(hours=2)
    delays = status.delays
    assert (delays.commbox_usual, delays.commbox_longest) == (20, 7200)
    assert (delays.portal_usual, delays.portal_longest) == (5, 600)
    assert channel_status(5) is None


def test_a_channel_without_anything_has_a_page(client: Client) -> None:
    client.force_login(person("administrator"))
    channel = stream("Premium video")
    page = text(client.get(f"/channels/{channel.pk}/"))
    for words in ("Premium video", "no conversation yet", "never", "0.0", "unknown"):
        assert words in page
    assert 'class="value ok"' not in page


def test_what_went_wrong_is_said(client: Client) -> None:
    client.force_login(person("administrator"))
    channel = stream(
        "Premium video", list_error="CommBox reported an internal error.", list_error_at=NOW, listed_at=NOW
    )
    conversation(stream=channel, refresh_error="Timed out.", refresh_error_at=NOW)
    page = text(client.get(f"/channels/{channel.pk}/"))
    assert "This channel could not be listed" in page
    assert "CommBox reported an internal error." in page
    assert 'class="value warn"' in page
    assert f'action="/operations/channels/{channel.pk}/list/"' in page
    assert f'href="/channels/{channel.pk}/"' in text(client.get("/operations/"))


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("administrator", 200),
        ("compliance_officer", 200),
        ("qa_manager", 200),
        ("external_auditor", 200),
        ("", 403),
    ],
)
def test_operations_and_assurance_see_it_and_nobody_else(client: Client, role: str, status: int) -> None:
    client.force_login(person(role))
    response = client.get(f"/channels/{stream().pk}/")
    assert response.status_code == status
    assert ("Refresh now" in text(response)) == (role == "administrator")


@pytest.mark.parametrize("stream_id", [5, 2**63, 10**39])
def test_an_unknown_channel_is_said_to_be_unknown(client: Client, stream_id: int) -> None:
    client.force_login(person("administrator"))
    response = client.get(f"/channels/{stream_id}/")
    assert response.status_code == 404
    assert "There is no channel with this id." in text(response)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_takes_a_fixed_number_of_queries(
    client: Client, rows: int, django_assert_num_queries: Any
) -> None:
    client.force_login(person("administrator"))
    channel = stream()
    for number in range(rows):
        call(channel, NOW - timedelta(hours=number + 1))
    with django_assert_num_queries(11):  # session, person, banners of accounts and source; seven of its own
        client.get(f"/channels/{channel.pk}/")
