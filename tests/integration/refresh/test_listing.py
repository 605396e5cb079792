"""Discovery and listing: every object is found, once, whatever the clocks say."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from auditportal.sandbox.control.control import Control
from recordings.commbox import CommBoxError
from recordings.models import Agent, CommBoxObject, ParseProblem, SourceStatus, Stream, Team
from recordings.refresh import listing, streams
from recordings.refresh.listing import first_day, list_stream, windows
from tests.integration.refresh.helpers import CHAT, OTHER_VIDEO, VIDEO

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream(db: None, upstream: Control) -> Stream:
    return Stream.objects.create(pk=VIDEO, name="Premium video")


def test_video_streams_agents_and_teams_are_discovered(upstream: Control, settings: object) -> None:
    settings.COMMBOX_STREAM_NAMES = {VIDEO: "Premium video"}  # type: ignore[attr-defined]
    assert streams.discover() == [VIDEO, OTHER_VIDEO]
    assert str(Stream.objects.get(pk=VIDEO)) == "Premium video"
    assert str(Stream.objects.get(pk=OTHER_VIDEO)) == "channel 31246"
    assert set(Agent.objects.values_list("pk", flat=True)) == set(upstream.world.agents)
    assert set(upstream.world.teams) <= set(Team.objects.values_list("pk", flat=True))
    agent = Agent.objects.select_related("team").first()
    assert agent is not None
    assert agent.name == " ".join(
        (upstream.world.agents[agent.pk].first_name, upstream.world.agents[agent.pk].last_name)
    )


def test_a_configured_stream_is_known_even_while_commbox_is_silent(
    upstream: Control, settings: object
) -> None:
    settings.COMMBOX_STREAMS = (CHAT,)  # type: ignore[attr-defined]
    upstream.script_faults([{"kind": "error_500", "count": 9}])
    with pytest.raises(CommBoxError):
        streams.discover()
    assert Stream.objects.get().pk == CHAT
    upstream.clear_faults()
    assert streams.discover() == [CHAT, VIDEO, OTHER_VIDEO]
    assert Stream.objects.get(pk=CHAT).module_id is None


def test_every_object_of_the_seed_is_listed_with_its_facts(stream: Stream, upstream: Control) -> None:
    written = list_stream(stream)
    talks = {talk.id: talk for talk in upstream.world.of_stream(VIDEO)}
    assert written == len(talks)
    assert set(CommBoxObject.objects.values_list("pk", flat=True)) == set(talks)
    for row in CommBoxObject.objects.all():
        talk = talks[row.pk]
        name = f"{talk.customer.first_name or ''} {talk.customer.last_name or ''}".strip()
        assert (row.customer_name, row.status_id) == (name, talk.status_id)
        assert row.created_at == talk.created_at
        assert row.refresh_due_at is not None
        assert row.refreshed_at is None


def test_listing_again_writes_nothing(stream: Stream, upstream: Control) -> None:
    list_stream(stream)
    CommBoxObject.objects.update(refresh_due_at=None)
    before = list(CommBoxObject.objects.order_by("pk").values())
    for spelling in ("first", "first"):
        upstream.switch(item_spelling=spelling)
        assert list_stream(stream, since=first_day()) == 0
    assert list(CommBoxObject.objects.order_by("pk").values()) == before


def test_only_what_is_new_or_different_is_written_and_due(stream: Stream, upstream: Control) -> None:
    list_stream(stream)
    CommBoxObject.objects.update(refresh_due_at=None)
    talk = upstream.world.of_stream(VIDEO)[0]
    talk.updated_at, talk.status_id = upstream.clock.now(), 2
    call = upstream.make_call(VIDEO, listed_after=0)
    assert list_stream(Stream.objects.get()) == 2
    due = CommBoxObject.objects.filter(refresh_due_at__isnull=False).values_list("pk", flat=True)
    assert set(due) == {talk.id, call.object_id}
    assert CommBoxObject.objects.get(pk=talk.id).status_id == 2


def test_the_second_listing_asks_for_little(stream: Stream, upstream: Control) -> None:
    list_stream(stream)
    upstream.clear_logs()
    list_stream(Stream.objects.get())
    assert len(upstream.requests()) == 2


@pytest.mark.parametrize("obeyed", [False, True])
def test_an_update_of_an_old_object_is_found_whatever_windows_apply_to(
    stream: Stream, upstream: Control, obeyed: bool
) -> None:
    list_stream(stream)
    upstream.switch(time_filter=obeyed)
    for talk in upstream.world.of_stream(VIDEO)[::10]:
        upstream.advance_clock(1)
        talk.updated_at, talk.message = upstream.clock.now(), "changed"
    assert list_stream(Stream.objects.get()) == 15
    assert CommBoxObject.objects.filter(message="changed").count() == 15


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_a_clock_that_is_a_day_off_hides_nothing(stream: Stream, upstream: Control, days: int) -> None:
    """F14: what happens after a listing is found by the next one, whoever's clock is wrong."""
    upstream.advance_clock(days * 86_400)
    upstream.seed(7, upstream.clock.now().date())
    list_stream(stream)
    for _ in range(3):
        upstream.advance_clock(20)
        call = upstream.make_call(VIDEO, listed_after=0)
        assert list_stream(Stream.objects.get()) >= 1
        assert CommBoxObject.objects.filter(pk=call.object_id).exists()


def test_one_object_from_the_future_does_not_carry_the_cursor_along(
    stream: Stream, upstream: Control
) -> None:
    upstream.world.of_stream(VIDEO)[0].updated_at = datetime(2099, 1, 1, tzinfo=UTC)
    list_stream(stream)
    cursor = Stream.objects.get().listed_until
    assert cursor is not None
    assert cursor <= timezone.now()


def test_a_failing_listing_is_noted_and_keeps_what_came(stream: Stream, upstream: Control) -> None:
    upstream.script_faults([{"kind": "error_500", "path": "/streams/*", "skip": 1, "count": 9}])
    with pytest.raises(CommBoxError):
        list_stream(stream)
    row = Stream.objects.get()
    assert row.list_error == "CommBox reported an internal error."
    assert row.listed_until == first_day() + timedelta(days=30)
    assert 0 < CommBoxObject.objects.count() < 100
    assert SourceStatus.objects.get().error_class == "server_error"


def test_an_object_of_another_channel_is_a_problem_not_a_row(stream: Stream, upstream: Control) -> None:
    talk = upstream.world.of_stream(VIDEO)[0]
    original = listing.client

    class Client:
        def stream_objects(self, *args: object, **kwargs: object) -> object:
            for page in original().stream_objects(*args, **kwargs):  # type: ignore[arg-type]
                for item in page.items:
                    if item.object_id == talk.id:
                        object.__setattr__(item, "stream_id", 5)
                yield page

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "client", Client)
        list_stream(stream)
    assert not CommBoxObject.objects.filter(pk=talk.id).exists()
    assert ParseProblem.objects.get().excerpt == f"object {talk.id}"


def test_a_page_of_objects_costs_a_fixed_number_of_statements(stream: Stream, upstream: Control) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        list_stream(stream)
    inserts = [query for query in queries if "INSERT INTO recordings_commboxobject" in query["sql"]]
    pages = len([request for request in upstream.requests() if "/objects" in request.path])
    assert len(inserts) <= pages


NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "count"), [(0, 1), (-1, 1), (30, 1), (31, 1), (32, 2), (61, 2), (120, 4), (3650, 122)]
)
def test_windows_have_no_gap_and_a_long_last_one(days: int, count: int) -> None:
    start = NOW - timedelta(days=days)
    found = list(windows(start, NOW))
    assert len(found) == count
    assert found[0].start == min(start, NOW)
    assert found[-1].end == NOW + timedelta(hours=26)
    assert all(before.end == after.start for before, after in pairwise(found))
    assert days < 2 or NOW - found[-1].start >= timedelta(hours=26)
