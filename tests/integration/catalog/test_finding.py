"""The pages of any search show what a scan of all rows in reach would show, in the same order."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recordings.catalog import conditions, finding
from recordings.catalog.conditions import Search
from recordings.catalog.criteria import NO_RECORDING, Criteria
from recordings.catalog.finding import find, find_next
from recordings.catalog.search_documents import rebuild_docs
from recordings.folding import fold, pieces
from recordings.models import CommBoxObject, Recording, RecordingState
from recordings.models.sensitivity import Sensitivity
from recordings.paging import TimeKey
from recordings.reach import EVERYTHING, Reach, Scope
from recordings.timed import forget_all
from tests.factories import MORNING, agent, conversation, keep_class, stream
from tests.thorough import examples

NAMES = ("Dana Marlowe", "Dana Blom", "Tomas Iversen", "נועה כהן", "محمد حداد", "Zoë Novák")
STATES = (RecordingState.PLAYABLE, RecordingState.VANISHED, RecordingState.CHANGED)
DAYS = 90


@pytest.fixture
def world(db, monkeypatch):
    """90 objects with 0 to 4 recordings, and limits so low that every branch is taken."""
    for name, value in {"WALKED": 7, "COUNTED": 5}.items():
        monkeypatch.setattr(finding, name, value)
    monkeypatch.setattr(conditions, "MOST_LOOKED_UP", 3)
    chance, classes_of = random.Random(7), random.Random(8)
    streams = [stream(f"Channel {number}", id=300 + number) for number in range(3)]
    agents = [
        agent(name, id=500 + number) for number, name in enumerate(("Avery Cole", "Noor Hale", "דנה לוי"))
    ]
    things = [
        CommBoxObject(
            id=1000 + number,
            stream=chance.choice(streams),
            agent=chance.choice([*agents, None]),
            # One name only long ago: what a walk from the newest row does not meet.
            customer_name="Rare Bird" if number < 5 else chance.choice(NAMES),
            status_id=chance.choice((1, 2, 8)),
            sensitivity=classes_of.choice(("standard", "standard", "confidential", "restricted")),
            created_at=MORNING + timedelta(days=number),
        )
        for number in range(DAYS)
    ]
    CommBoxObject.objects.bulk_create(things)
    keep_class(things)
    calls = [
        Recording(
            object=thing,
            fingerprint=f"{thing.pk}-{place}",
            url_kind="direct",
            recording_type=chance.choice(("video", "audio")),
            duration_seconds=chance.choice((None, 10, 60, 600, 3600)),
            # Many at the very same moment, and some long after their object began.
            shown_at=thing.created_at + timedelta(days=chance.choice((0, 0, 1, 40))),
            state=chance.choice(STATES),
        )
        for thing in things
        for place in range(chance.choice((0, 1, 1, 1, 2, 4)))
    ]
    Recording.objects.bulk_create(calls)
    rebuild_docs([thing.pk for thing in things])
    yield things, calls
    forget_all()  # that five rows were many


moments = st.none() | st.integers(-2, DAYS + 42).map(lambda days: MORNING + timedelta(days=days))
lengths = st.none() | st.sampled_from((0, 30, 60, 601))
criteria = st.builds(
    Criteria,
    words=st.sampled_from(
        (
            "",
            "",
            "dana",
            "DAN",
            "dana marl",
            "marlowe dana",
            "zoe",
            "כה",
            "rare",
            "xyz",
            "channel 1",
            "noor blom",
        )
    ),
    agent=st.sampled_from((None, None, 500, 502, 999)),
    stream=st.sampled_from((None, None, 301, 999)),
    since=moments,
    until=moments,
    shortest=lengths,
    longest=lengths,
    states=st.sampled_from(
        ((), (), ("vanished_at_source",), (NO_RECORDING,), ("changed_at_source", NO_RECORDING))
    ),
    status=st.sampled_from((None, None, 8)),
    type=st.sampled_from(("", "", "Audio")),
)

ids = st.none() | st.none() | st.frozensets(st.sampled_from((300, 301, 500, 501, 999)), max_size=3)
classes = st.none() | st.none() | st.frozensets(st.sampled_from(Sensitivity.values), max_size=2)
reaches = st.just(EVERYTHING) | st.builds(
    Reach, st.frozensets(st.builds(Scope, channels=ids, agents=ids, classes=classes), max_size=3)
)


def object_fits(thing, asked, reach=EVERYTHING):
    given = pieces(fold(f"{thing.customer_name} {thing.stream} {thing.agent or ''}"))
    found = all(any(word.startswith(part) for word in given) for part in fold(asked.words).split())
    facts = ((asked.agent, thing.agent_id), (asked.stream, thing.stream_id), (asked.status, thing.status_id))
    return found and reach.includes(thing) and all(wanted is None or wanted == fact for wanted, fact in facts)


def call_fits(call, asked):
    return (
        (not asked.states or call.state in asked.states)
        and asked.type.lower() in ("", call.recording_type)
        and (asked.since is None or call.shown_at >= asked.since)
        and (asked.until is None or call.shown_at < asked.until)
        and (asked.shortest is None or (call.duration_seconds or -1) >= asked.shortest)
        and (asked.longest is None or -1 < (call.duration_seconds or 99_999) <= asked.longest)
    )


def expected_recordings(world, asked, reach=EVERYTHING):
    fitting = [call for call in world[1] if object_fits(call.object, asked, reach) and call_fits(call, asked)]
    return [call.pk for call in sorted(fitting, key=lambda call: (call.shown_at, call.pk), reverse=True)]


def bare_fits(thing, asked):
    """An object without recordings is found by words without a filter on recordings, or by its own filter."""
    if (asked.looks_at_recordings or not asked.words) and NO_RECORDING not in asked.states:
        return False
    within = (asked.since is None or thing.created_at >= asked.since) and (
        asked.until is None or thing.created_at < asked.until
    )
    return within and asked.shortest is None and asked.longest is None and not asked.type


def expected_objects(world, asked, reach=EVERYTHING):
    things, calls = world
    places = {}
    for call in sorted(calls, key=lambda call: (call.shown_at, call.pk)):
        if object_fits(call.object, asked, reach) and call_fits(call, asked):
            places[call.object_id] = (call.shown_at, call.pk.int)
    with_calls = {call.object_id for call in calls}
    for thing in things:
        if thing.pk not in with_calls and object_fits(thing, asked, reach) and bare_fits(thing, asked):
            places[thing.pk] = (thing.created_at, thing.pk)
    return sorted(places, key=lambda pk: places[pk], reverse=True)


def walk(search, size, newer=False):
    """Every row, page after page."""
    rows, place = [], None
    while page := find(search, size, after=place, newer=newer).rows:
        rows, place = rows + page, page[-1].key
        assert len(rows) < 1000
    return rows


@settings(
    max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(criteria, reaches, st.integers(1, 60))
def test_objects_are_those_of_a_plain_look(world, asked, reach, size):
    search, expected = Search.for_objects(asked, reach), expected_objects(world, asked, reach)
    assert [row.object_id for row in walk(search, size)] == expected
    assert [row.object_id for row in walk(search, size, newer=True)] == expected[::-1]
    assert find(search, size).number == min(len(expected), 6)


@settings(
    max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(criteria, reaches, st.integers(1, 60))
def test_recordings_are_those_of_a_plain_look(world, asked, reach, size):
    search, expected = Search.for_recordings(asked, reach), expected_recordings(world, asked, reach)
    assert [row.id for row in walk(search, size)] == expected
    assert [row.id for row in walk(search, size, newer=True)] == expected[::-1]
    assert find(search, size).number == min(len(expected), 6)


def test_that_rows_are_many_is_remembered_and_found_again(world, django_assert_num_queries):
    search = Search.for_objects(Criteria(words="dana"), EVERYTHING)
    first = find(search, 3)
    with django_assert_num_queries(1):
        again = find(search, 3)
    assert (first.number, again) == (6, first)


@pytest.fixture
def in_a_hurry(monkeypatch):
    """A catalog so large that a search stops after its first month."""
    monkeypatch.setattr(finding, "HURRIED_FROM", -2)  # PostgreSQL's estimate for a table never analysed is -1
    monkeypatch.setattr(finding, "PATIENCE", 0)


def test_a_search_in_a_hurry_says_how_far_back_it_looked(world, in_a_hurry):
    search = Search.for_recordings(Criteria(words="rare"), EVERYTHING)
    newest = max(call.shown_at for call in world[1])
    hurried = find(search, 10, patient=False)
    assert (hurried.rows, hurried.number) == ([], 0)
    assert hurried.looked_back_to == newest.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    patient = find(search, 10)
    assert [row.id for row in patient.rows] == expected_recordings(world, Criteria(words="rare"))[:10]
    assert patient.looked_back_to is None


@settings(
    max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(criteria, reaches)
def test_what_a_search_in_a_hurry_gives_is_the_beginning(world, in_a_hurry, asked, reach):
    search, expected = Search.for_objects(asked, reach), expected_objects(world, asked, reach)
    hurried = find(search, 4, patient=False)
    assert [row.object_id for row in hurried.rows] == expected[: len(hurried.rows)]
    if hurried.looked_back_to is None:
        assert len(hurried.rows) == min(len(expected), 4)


@settings(
    max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(criteria, reaches)
def test_each_recording_of_a_list_has_its_neighbours(world, asked, reach):
    search, expected = Search.for_recordings(asked, reach), expected_recordings(world, asked, reach)
    keys = {call.pk: TimeKey(call.shown_at, call.pk) for call in world[1]}
    for newer, order in ((False, expected), (True, expected[::-1])):
        for place in {0, len(order) // 2, len(order) - 2, len(order) - 1} & set(range(len(order))):
            found = find_next(search, keys[order[place]], newer=newer)
            assert [found.id if found else None] == (order[place + 1 : place + 2] or [None])


def test_a_small_catalog_is_looked_through_at_once(world, monkeypatch):
    monkeypatch.setattr(finding, "PATIENCE", 0)
    search = Search.for_recordings(Criteria(words="rare"), EVERYTHING)
    assert find(search, 10, patient=False) == find(search, 10)


def test_a_date_far_away_costs_no_more_months(world, django_assert_num_queries):
    """Months without rows are not looked at."""
    conversation(customer_name="Ada Early", created_at=datetime(1970, 1, 1, tzinfo=UTC))
    conversation(customer_name="Lia Late", created_at=datetime(2999, 12, 31, tzinfo=UTC))
    for name in ("early", "late"):
        with django_assert_num_queries(1):
            assert find(Search.for_objects(Criteria(words=name), EVERYTHING), 10).number == 1
