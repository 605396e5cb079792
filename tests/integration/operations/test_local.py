"""Times and days on the pages of operations are the reader's; what is stored is English."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.utils import timezone, translation

from recordings import breaker
from recordings.commbox import Unreachable
from recordings.models import RefreshRun, SourceStatus
from recordings.operations import banners
from recordings.operations.channel import channel_status
from tests.factories import conversation, person, recording, stream

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("UTC", {"2026-11-19": 2, "2026-11-20": 1}),
        ("Asia/Jerusalem", {"2026-11-19": 1, "2026-11-20": 2}),
        ("America/New_York", {"2026-11-19": 3, "2026-11-20": 0}),
    ],
)
@time_machine.travel(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=False)
def test_a_channel_s_days_are_the_reader_s(zone: str, days: dict[str, int]) -> None:
    channel = stream("Premium video")
    for at in ("2026-11-19 12:00", "2026-11-19 22:30", "2026-11-20 04:00"):
        recording(conversation(stream=channel), recorded_at=datetime.fromisoformat(f"{at}+00:00"))
    with timezone.override(ZoneInfo(zone)):
        status = channel_status(channel.pk)
    assert status is not None
    counted = dict(status.days)
    assert {day: counted[day] for day in days} == days
    assert status.today == days["2026-11-20"]


@pytest.mark.parametrize(
    ("zone", "first", "day"),
    [
        ("Asia/Jerusalem", "2026-10-25T00:30+03:00", "2026-10-25"),
        ("Europe/Berlin", "2026-10-25T02:30+01:00", "2026-10-25"),
    ],
)
@time_machine.travel(datetime(2026, 10, 26, 12, tzinfo=UTC), tick=False)
def test_the_day_on_which_clocks_go_back_is_counted_whole(zone: str, first: str, day: str) -> None:
    """It has 25 hours: its first and its last half hour are of one day."""
    channel = stream("Premium video")
    last = datetime.fromisoformat(f"{day}T23:45").replace(tzinfo=ZoneInfo(zone))
    for at in (datetime.fromisoformat(first), last):
        recording(conversation(stream=channel), recorded_at=at)
    with timezone.override(ZoneInfo(zone)):
        status = channel_status(channel.pk)
    assert status is not None
    assert dict(status.days)[day] == 2


def test_a_banner_says_the_time_in_the_reader_s_zone() -> None:
    breaker.record_result(Unreachable())
    since = datetime(2026, 11, 19, 22, 30, tzinfo=UTC)
    SourceStatus.objects.update(failing_since=since)
    with timezone.override(ZoneInfo("Asia/Jerusalem")), time_machine.travel(since + timedelta(hours=1)):
        (banner,) = banners.banners()
    assert banner["title"] == "CommBox has not been reachable since 00:30 Asia/Jerusalem."


def test_an_error_is_stored_in_english_whoever_meets_it(client: Client) -> None:
    with translation.override("he"):
        breaker.record_result(Unreachable())
    assert SourceStatus.objects.get().error == "CommBox could not be reached."


def test_a_run_s_times_are_local_with_utc_beside_them(client: Client) -> None:
    user = person("administrator")
    user.time_zone = "Asia/Jerusalem"
    user.save(update_fields=["time_zone"])
    client.force_login(user)
    RefreshRun.objects.create(kind="list", slot=1, started_at=datetime(2026, 11, 19, 22, 30, tzinfo=UTC))
    page = client.get("/operations/runs/").content.decode()
    assert 'title="2026-11-19 22:30:00 UTC">2026-11-20 00:30:00</time>' in page
