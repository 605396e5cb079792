"""Expected against found: every finding made, none made up, the late ones cleared, and what is not known said so."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.assurance.board import Board, Tally, count_board
from recordings.assurance.classified import MissingIn
from recordings.assurance.findings import Finding
from recordings.assurance.listing import Item, Selection, items_page, reasons_for, select_items
from recordings.assurance.rates import channels, where_missing_counts
from recordings.assurance.window import Window
from recordings.exceptions import AuditUnavailable
from recordings.models import AuditEvent, CommBoxObject, MediaCheck, Recording, Stream
from recordings.paging import PAGE, Start
from recordings.reach import EVERYTHING
from tests.factories import agent, conversation, person, recording, stream
from tests.thorough import examples

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
DAY = NOW - timedelta(days=3)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def channel(db: None) -> Stream:
    return stream("Premium video")


def call(channel: Stream, at: datetime = DAY, **fields: Any) -> Recording:
    """A recording as it should be, of an object of its own."""
    minutes = timedelta(minutes=20)
    thing = conversation(stream=channel, created_at=at - minutes, agent=fields.pop("agent", None))
    fields.setdefault("activity_created_at", at + timedelta(seconds=3))
    return recording(thing, recorded_at=at, **fields)


def talk(channel: Stream, at: datetime = DAY, **fields: Any) -> CommBoxObject:
    """A closed conversation without a recording, asked about since."""
    fields.setdefault("agent", agent())
    closed = {"closed_at": at + timedelta(minutes=30), "refreshed_at": at + timedelta(hours=2)}
    return conversation(stream=channel, created_at=at, **{**closed, **fields})


def history(channel: Stream, number: int = 30, without: int = 0) -> None:
    """The eight weeks before the month: so many conversations, the first `without` of them not recorded."""
    for place in range(number):
        at = NOW - timedelta(days=40 + place % 15, minutes=place)
        talk(channel, at) if place < without else call(channel, at)


def sure_channels(window: Window) -> MissingIn:
    return where_missing_counts(channels(window))


def seen(window: Window | None = None) -> Board:
    window = window or Window.today()
    return count_board(window, "channel", sure_channels(window), EVERYTHING)


def found(finding: Finding) -> list[Item]:
    window = Window.today()
    return select_items(window, Selection(finding=finding), sure_channels(window), EVERYTHING)


def test_what_is_as_it_should_be_is_expected_and_found(channel: Stream) -> None:
    for _ in range(5):
        call(channel)
    total = seen().total
    assert (total.expected, total.found, total.wrong, total.percent_found) == (5, 5, 0, "100")
    assert not any(total.of(finding) for finding in Finding)


@pytest.mark.parametrize(
    ("fields", "findings"),
    [
        ({"state": "vanished_at_source"}, {Finding.VANISHED}),
        ({"state": "file_missing"}, {Finding.UNPLAYABLE}),
        ({"state": "storage_refused"}, {Finding.UNPLAYABLE}),
        ({"state": "not_playable"}, {Finding.UNPLAYABLE}),
        ({"state": "changed_at_source"}, set()),
        ({"duration_seconds": 0}, {Finding.ZERO_LENGTH}),
        ({"file_size_bytes": 0}, {Finding.ZERO_LENGTH}),
        ({"duration_seconds": None, "flags": ["negative_duration"]}, {Finding.ZERO_LENGTH}),
        ({"duration_seconds": None}, set()),
        ({"file_badge": "differs"}, {Finding.DIFFERS}),
        ({"file_badge": "cannot_tell"}, set()),
        ({"activity_created_at": DAY + timedelta(minutes=15)}, set()),
        ({"activity_created_at": DAY + timedelta(minutes=15, seconds=1)}, {Finding.LATE}),
        ({"state": "vanished_at_source", "file_badge": "differs"}, {Finding.VANISHED, Finding.DIFFERS}),
    ],
)
def test_each_finding_is_made_where_it_should_be(
    channel: Stream, fields: dict[str, Any], findings: set[Finding]
) -> None:
    call(channel, **fields)
    total = seen().total
    assert {finding for finding in Finding if total.of(finding)} == findings
    assert total.wrong == (1 if findings - {Finding.LATE} else 0)
    assert total.found == (0 if Finding.VANISHED in findings else 1)


def test_without_commboxs_time_a_recording_is_late_only_if_we_were_watching(channel: Stream) -> None:
    """What a first listing finds years later was not late: nobody was there to see it come."""
    watched, listed = (call(channel, activity_created_at=None) for _ in range(2))
    Recording.objects.update(first_seen_at=DAY + timedelta(hours=1))
    CommBoxObject.objects.filter(pk=watched.object_id).update(first_seen_at=DAY)
    CommBoxObject.objects.filter(pk=listed.object_id).update(first_seen_at=DAY + timedelta(hours=1))
    assert [item.id for item in found(Finding.LATE)] == [watched.pk]
    assert reasons_for(found(Finding.LATE))[watched.pk][Finding.LATE] == "listed 60 m after the call ended"


# --- missing


def test_in_a_channel_that_records_everything_a_closed_conversation_without_one_is_missing(
    channel: Stream,
) -> None:
    history(channel)
    thing = talk(channel)
    (item,) = found(Finding.MISSING)
    assert (item.object_id, item.recorded, item.at) == (thing.pk, False, DAY)
    total = seen().total
    assert (total.expected, total.found, total.absent) == (1, 0, 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"closed_at": None, "status_id": 8},
        {"closed_at": NOW - timedelta(minutes=5), "refreshed_at": NOW},
        {"refreshed_at": DAY + timedelta(minutes=31)},
        {"agent": None},
        {"status_id": 5},
    ],
    ids=["still open", "closed this moment", "not asked about since", "nobody took it", "deleted"],
)
def test_what_may_yet_come_or_was_no_call_is_not_missing(channel: Stream, fields: dict[str, Any]) -> None:
    history(channel)
    talk(channel, **fields)
    assert found(Finding.MISSING) == []


def test_a_channel_that_does_not_record_everything_is_never_said_to_miss_one(channel: Stream) -> None:
    """CommBox gives no signal that a call took place: a conversation without a recording may be no call."""
    history(channel, 30, without=3)
    talk(channel)
    assert found(Finding.MISSING) == []
    (known,) = channels(Window.today())
    assert (known.counts_missing, known.past.percent) == (False, 90)


def test_a_missing_one_that_comes_clears_itself_and_is_late(channel: Stream) -> None:
    history(channel)
    thing = talk(channel)
    assert seen().total.wrong == 1
    recording(thing, recorded_at=DAY + timedelta(minutes=30), activity_created_at=DAY + timedelta(hours=3))
    total = seen().total
    assert (total.wrong, total.of(Finding.MISSING), total.of(Finding.LATE)) == (0, 0, 1)


@settings(
    max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(since=st.dates(date(2026, 9, 1), date(2026, 11, 20)), days=st.integers(1, 60))
def test_what_is_missing_or_a_drop_does_not_depend_on_the_days_that_are_looked_at(
    channel: Stream, since: date, days: int
) -> None:
    """The channel begins to record everything in September, and stops in October."""
    if not Recording.objects.exists():
        for place in range(80):
            at = datetime(2026, 8, 28, 12, tzinfo=UTC) + timedelta(days=place)
            talk(channel, at) if place < 1 or place > 50 else call(channel, at)
        for place in range(12):
            talk(channel, datetime(2026, 11, 10, 9, place, tzinfo=UTC))

    def facts(window: Window) -> set[tuple[str, date]]:
        missing = select_items(window, Selection(finding=Finding.MISSING), sure_channels(window), EVERYTHING)
        drops = [day for known in channels(window) for day, _ in known.drops]
        return {("missing", item.at.date()) for item in missing} | {("drop", day) for day in drops}

    months = [Window.month(date(2026, month, 1)) for month in (9, 10, 11)]
    stated = set().union(*map(facts, months))
    assert {name for name, _ in stated} == {"missing", "drop"}
    window = Window(since, min(since + timedelta(days=days), date(2026, 12, 1)))
    assert facts(window) == {(name, day) for name, day in stated if window.since <= day < window.until}


def test_chat_channels_are_not_expected_to_record(db: None) -> None:
    chat = stream("Web chat", module_id=9)
    for _ in range(30):
        talk(chat, NOW - timedelta(days=45))
    talk(chat)
    assert channels(Window.today()) == []
    assert seen().total.expected == 0


# --- rates


def test_a_drop_against_the_channels_own_past_is_flagged(channel: Stream) -> None:
    history(channel, 40, without=10)
    for place in range(20):
        at = DAY + timedelta(minutes=place)
        call(channel, at) if place < 4 else talk(channel, at)
    (known,) = channels(Window.today())
    assert (known.trend, known.week.conversations, known.week.recorded) == ("drop", 20, 4)
    assert [day for day, _ in known.drops] == [DAY.date()]


def test_the_usual_share_is_no_drop(channel: Stream) -> None:
    history(channel, 40, without=10)
    for place in range(20):
        at = DAY + timedelta(minutes=place)
        talk(channel, at) if place < 6 else call(channel, at)
    assert channels(Window.today())[0].trend == "usual"


# --- outliers and duplicates


OCTOBER = NOW - timedelta(days=35)


def usual_calls(channel: Stream, number: int, seconds: int, at: datetime = OCTOBER, **fields: Any) -> None:
    """So many calls of the month before, all of about this length, at 1,000 bytes a second."""
    for place in range(number):
        call(
            channel,
            at + timedelta(minutes=place),
            duration_seconds=seconds + place,
            file_size_bytes=(seconds + place) * 1000,
            **fields,
        )


def test_an_outlier_is_far_from_what_was_usual_in_its_channel_the_month_before(channel: Stream) -> None:
    """A call of an hour is usual in one channel and odd in another."""
    long_calls = stream("Field support")
    usual_calls(channel, 25, 300)
    usual_calls(long_calls, 25, 3600)
    odd = call(channel, duration_seconds=3600, file_size_bytes=3_600_000)
    thin = call(channel, duration_seconds=312, file_size_bytes=3000)
    call(long_calls, duration_seconds=3700, file_size_bytes=3_700_000)
    shown = found(Finding.OUTLIER)
    assert {item.id for item in shown} == {odd.pk, thin.pk}
    why = {pk: said[Finding.OUTLIER] for pk, said in reasons_for(shown).items()}
    assert why == {odd.pk: "unusual length: 5:12 is usual", thin.pk: "unusual bytes per second"}


def test_an_agent_with_enough_recordings_is_compared_with_their_own(channel: Stream) -> None:
    short, long = agent("Avery Cole"), agent("Noor Hale")
    usual_calls(channel, 30, 60, agent=short)
    usual_calls(channel, 30, 3600, agent=long)
    new = agent("Robin Vale")
    made = {
        (who, seconds): call(channel, agent=who, duration_seconds=seconds, file_size_bytes=seconds * 1000).pk
        for who in (short, long, new)
        for seconds in (70, 3600)
    }
    odd = {item.id for item in found(Finding.OUTLIER)}
    assert odd == {made[short, 3600], made[long, 70]}  # of the channel both lengths are usual


def test_few_recordings_of_the_month_before_say_nothing(channel: Stream) -> None:
    usual_calls(channel, 19, 300)
    usual_calls(channel, 25, 300, at=DAY)  # of the same month
    odd = call(channel, duration_seconds=30_000)
    assert found(Finding.OUTLIER) == []
    call(channel, OCTOBER, duration_seconds=300)
    assert [item.id for item in found(Finding.OUTLIER)] == [odd.pk]


@settings(
    max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first=st.integers(1, 20), days=st.integers(1, 40))
def test_whether_it_is_an_outlier_does_not_depend_on_the_days_that_are_looked_at(
    channel: Stream, first: int, days: int
) -> None:
    if not Recording.objects.exists():
        usual_calls(channel, 25, 300, at=datetime(2026, 9, 10, tzinfo=UTC))
        usual_calls(channel, 25, 3600, at=datetime(2026, 10, 10, tzinfo=UTC))
        call(channel, datetime(2026, 10, 20, tzinfo=UTC), duration_seconds=300, file_size_bytes=300_000)
        call(channel, datetime(2026, 11, 1, tzinfo=UTC), duration_seconds=300, file_size_bytes=300_000)
        call(channel, datetime(2026, 11, 20, tzinfo=UTC), duration_seconds=3600, file_size_bytes=3_600_000)
    october = {
        day: tally.of(Finding.OUTLIER) for day, tally in _days(Window.month(date(2026, 10, 1))).items()
    }
    november = {
        day: tally.of(Finding.OUTLIER) for day, tally in _days(Window.month(date(2026, 11, 1))).items()
    }
    assert (sum(october.values()), sum(november.values())) == (25, 1)
    since = date(2026, 10, first)
    window = Window(since, since + timedelta(days=days))
    expected = {
        day: number for day, number in {**october, **november}.items() if window.since <= day < window.until
    }
    assert {day: tally.of(Finding.OUTLIER) for day, tally in _days(window).items()} == expected


def _days(window: Window) -> dict[date, Tally]:
    return {
        day: tally
        for line in count_board(window, "channel", [], EVERYTHING).lines
        for day, tally in line.days.items()
    }


def test_duplicates_are_the_same_file_or_the_same_call(channel: Stream) -> None:
    url = "https://s3.eu-west-1.amazonaws.com/eu-recordings/1/1.mp4"
    one, other = call(channel, url=url), call(channel, url=url)
    first = call(channel)
    again = recording(first.object, recorded_at=first.recorded_at, activity_created_at=DAY)
    recording(first.object, recorded_at=first.recorded_at, duration_seconds=7, activity_created_at=DAY)
    gone = call(channel, state="vanished_at_source", url=call(channel).url)
    assert {item.id for item in found(Finding.DUPLICATE)} == {one.pk, other.pk, first.pk, again.pk}
    assert gone.pk not in {item.id for item in found(Finding.DUPLICATE)}


def test_only_the_newest_look_at_a_file_counts(channel: Stream) -> None:
    broken, mended = call(channel), call(channel)
    for row, outcomes in ((broken, ("opens", "fails")), (mended, ("fails", "opens"))):
        for place, outcome in enumerate(outcomes):
            at = NOW - timedelta(hours=5 - place)
            MediaCheck.objects.create(recording=row, checked_at=at, outcome=outcome, sentence="No index.")
    shown = found(Finding.UNPLAYABLE)
    assert [item.id for item in shown] == [broken.pk]
    assert reasons_for(shown)[broken.pk][Finding.UNPLAYABLE] == "No index."


# --- the list


def test_the_list_is_walked_down_and_up_without_losing_a_row(channel: Stream) -> None:
    every = [
        call(channel, DAY - timedelta(minutes=place), duration_seconds=0).pk for place in range(PAGE + 5)
    ]
    window = Window.today()
    first = items_page(window, Selection(), [], EVERYTHING)
    second = items_page(window, Selection(), [], EVERYTHING, Start(first.older))
    assert [item.id for item in first.rows + second.rows] == every
    assert (first.newer, second.older) == (None, None)
    assert items_page(window, Selection(), [], EVERYTHING, Start(second.newer, newer=True)).rows == first.rows


def test_a_cell_lists_what_it_counts(channel: Stream) -> None:
    avery, other = agent("Avery Cole"), stream("Claims video")
    call(channel, state="vanished_at_source", agent=avery)
    call(channel, state="vanished_at_source", at=DAY - timedelta(days=1), agent=avery)
    call(other, state="vanished_at_source")
    window = Window.today()
    for axis in ("channel", "agent"):
        for line in count_board(window, axis, [], EVERYTHING).lines:
            for day, tally in line.days.items():
                where = {"stream" if axis == "channel" else "agent": line.key}
                assert len(select_items(window, Selection(day=day, **where), [], EVERYTHING)) == tally.wrong
                assert (
                    len(select_items(window, Selection(day=day, everything=True, **where), [], EVERYTHING))
                    == tally.expected
                )


# --- the pages


@pytest.fixture
def noa(db: None, client: Client) -> Client:
    client.force_login(person("compliance_officer"))
    return client


def test_the_map_says_numbers_and_that_it_was_read(noa: Client, channel: Stream) -> None:
    avery = agent("Avery <Cole>")
    call(channel, state="vanished_at_source", agent=avery)
    html = noa.get("/assurance/?by=agent").content.decode()
    assert "Avery &lt;Cole&gt;" in html
    assert 'title="1 of 1"' in html
    assert "CommBox does not report that a call took place" in html
    (event,) = AuditEvent.objects.filter(kind="assurance.opened")
    assert b'"filters":{"by":"agent"}' in bytes(event.body)


def test_the_list_says_why(noa: Client, channel: Stream) -> None:
    call(channel, state="not_playable", state_reason="It is in no bucket that is allowed.")
    html = noa.get(f"/assurance/recordings/?day={DAY:%Y-%m-%d}").content.decode()
    assert "It is in no bucket that is allowed." in html
    assert "Unplayable" in html


def test_an_external_auditor_sees_the_list_without_doors_she_may_not_open(
    client: Client, channel: Stream
) -> None:
    client.force_login(person("external_auditor"))
    row = call(channel, state="vanished_at_source")
    html = client.get("/assurance/recordings/").content.decode()
    assert str(row.object_id) in html
    assert "Dana Marlowe" not in html
    assert f"/objects/{row.object_id}/" not in html


@pytest.mark.parametrize(
    "query",
    ["until=2027-01-01", "until=yesterday", "kind=odd", "channel=-1", "channel=9999999999999999999", "by=x"],
)
@pytest.mark.parametrize("path", ["/assurance/", "/assurance/recordings/"])
def test_what_cannot_be_read_is_said(noa: Client, path: str, query: str) -> None:
    response = noa.get(f"{path}?{query}")
    assert response.status_code == 400
    assert 'role="alert"' in response.content.decode()


def test_the_map_is_leafed_through_by_its_own_length(noa: Client, channel: Stream) -> None:
    page = noa.get("/assurance/?kind=vanished").context
    assert (page["older_url"], page["newer_url"]) == ("?until=2026-10-16&kind=vanished", "")
    older = noa.get("/assurance/?until=2026-10-16").context
    assert (older["older_url"], older["newer_url"]) == ("?until=2026-09-11", "?")
    assert noa.get("/assurance/?until=2026-09-11").context["newer_url"] == "?until=2026-10-16"


def test_a_channel_opens_to_its_agents(noa: Client, channel: Stream) -> None:
    other = stream("Claims video")
    call(channel, agent=agent("Avery Cole"))
    call(other, agent=agent("Robin Vale"))
    html = noa.get("/assurance/").content.decode()
    assert f'href="?by=agent&amp;channel={channel.pk}"' in html
    html = noa.get(f"/assurance/?by=agent&channel={channel.pk}").content.decode()
    assert "Avery Cole" in html
    assert "Robin Vale" not in html
    assert f"channel={channel.pk}&amp;agent=" in html


def test_nothing_is_shown_that_cannot_be_logged(
    noa: Client, channel: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unwritable(*_: Any, **__: Any) -> None:
        raise AuditUnavailable

    monkeypatch.setattr("recordings.audit.once.record_committed", unwritable)
    call(channel, agent=agent("Avery Cole"))
    for path in ("/assurance/?by=agent", "/assurance/recordings/?all=on"):
        response = noa.get(path)
        assert response.status_code == 503
        assert "Avery Cole" not in response.content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_map_takes_the_same_number_of_queries_for_any_number_of_rows(
    noa: Client, channel: Stream, rows: int, django_assert_num_queries: Any
) -> None:
    for _ in range(rows):
        call(channel, state="vanished_at_source", agent=agent())
    noa.get("/assurance/?by=agent")
    with django_assert_num_queries(9):
        noa.get("/assurance/?by=agent")


def test_the_page_says_what_was_usual(noa: Client, channel: Stream) -> None:
    assert "What was usual" not in noa.get("/assurance/").content.decode()
    usual_calls(channel, 25, 300)
    html = " ".join(noa.get("/assurance/").content.decode().split())
    usual = html[html.index("What was usual the month before") :]
    assert "Premium video" in usual
    assert '<td class="r num" data-label="Usual length">5:12</td>' in usual
    assert '<td class="r num" data-label="Recordings compared">25</td>' in usual
    assert "1,000" in usual


def test_before_anything_was_expected_or_looked_into_nothing_is_green(noa: Client) -> None:
    html = noa.get("/assurance/").content.decode()
    assert 'class="value ok"' not in html
    assert "nothing was expected on these days" in html
    assert "the first sample is drawn within ten minutes of the first recording" in html
    assert "0 of 0" not in html
    sample = noa.get("/assurance/sample/").content.decode()
    assert 'class="value ok"' not in sample
