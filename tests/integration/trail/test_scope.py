"""A reader of the trail with a scope sees the events on objects in it, and no others."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from auditportal.accounts.models import Grant, User
from recordings.audit import Actor, Kind, Outcome, Target, record
from recordings.models import AuditEvent, CommBoxObject, Recording
from recordings.models.sensitivity import Sensitivity
from recordings.reach import Reach, Scope
from recordings.trail.filters import TrailFilters, branches, matching
from recordings.trail.person_days import days_of
from recordings.trail.queries import trail, trail_of, trail_under
from recordings.trail.visible import is_visible
from recordings.trail.word_index import index_next
from tests.factories import agent, conversation, person, recording, stream
from tests.integration.trail.helpers import TRAIL, acting, opened, signed_in
from tests.scoped import answer
from tests.sealing import seal_all
from tests.thorough import examples

OURS, THEIRS = 7, 8
PAGES = ("/audit/events/{}/", "/audit/events/{}/body", "/audit/events/{}/proof")


@dataclass
class Ground:
    """A channel that the auditor may read, another one, and an event on a recording of each."""

    auditor: User
    client: Client
    ours: Recording
    theirs: Recording
    seen: UUID
    unseen: UUID
    sign_in: UUID


def limited(role: str = "external_auditor", **scope: Any) -> User:
    user = person()
    Grant.objects.create(user=user, role=role, **scope)
    return user


def played(by: User, what: Recording, name: str) -> UUID:
    return record(
        Kind.RECORDING_OPENED,
        by=acting(by),
        target=Target(
            "recording",
            f"recording:{what.pk}",
            name,
            f"object:{what.object_id}",
            what.object.subject,
        ),
        outcome=Outcome.GRANTED,
    )


@pytest.fixture
def ground(noa: User) -> Ground:
    for number, name in ((OURS, "Our channel"), (THEIRS, "Their channel")):
        stream(name, id=number)
    ours, theirs = (recording(conversation(stream_id=number)) for number in (OURS, THEIRS))
    seen, unseen = played(noa, ours, "Dana Ours"), played(noa, theirs, "Omer Theirs")
    sign_in = record(Kind.SIGNED_IN, by=acting(noa), target=Target.of(noa))
    auditor = limited(channels=[OURS])
    client = signed_in(auditor)
    client.get("/")  # says once who signed in
    return Ground(auditor, client, ours, theirs, seen, unseen, sign_in)


def ids(client: Client, **query: str) -> list[UUID]:
    return [row.event_id for row in client.get(TRAIL, {"rows": "each", **query}).context["page"].rows]


def test_the_list_has_the_events_in_scope_and_no_other(ground: Ground) -> None:
    assert ids(ground.client) == [ground.seen]
    response = ground.client.get(TRAIL)
    assert response.context["shown"] == "Shown 1 of 1 event"
    assert "Your scope limits this page" in response.content.decode()
    assert "Theirs" not in response.content.decode()


def test_a_reader_without_scope_sees_everything(ground: Ground, noa: User) -> None:
    client = signed_in(noa)
    assert {ground.seen, ground.unseen, ground.sign_in} <= set(ids(client))
    assert "Your scope limits this page" not in client.get(TRAIL).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {"group": "viewing"},
        {"group": "catalog"},
        {"kind": "recording.opened"},
        {"outcome": "granted"},
        {"since": "2020-01-01"},
        {"person": "noa"},
        {"q": "theirs"},
        {"q": "dana"},
        {"q": "object"},
    ],
)
def test_no_filter_and_no_word_leads_outside(
    noa: User, committed_db: None, services: Any, query: dict[str, str]
) -> None:
    """The index of words is of all events; what it finds is asked for its object."""
    for number in (OURS, THEIRS):
        stream(f"Channel {number}", id=number)
    ours, theirs = (recording(conversation(stream_id=number)) for number in (OURS, THEIRS))
    played(noa, ours, "Dana Ours"), played(noa, theirs, "Dana Theirs")
    seal_all(services)
    index_next()
    query = {name: f"user:{noa.pk}" if value == "noa" else value for name, value in query.items()}
    client = signed_in(limited(channels=[OURS]))
    found = client.get(TRAIL, query).context["page"].rows
    assert {row.label for row in found} <= {"Dana Ours"}
    assert bool(found) == (query.get("q") != "theirs" and query.get("group") != "viewing")


@pytest.mark.parametrize("address", PAGES)
def test_an_event_outside_is_answered_as_a_missing_one(ground: Ground, address: str) -> None:
    missing = answer(ground.client, address, uuid4())
    assert missing[0] == 404
    assert answer(ground.client, address, ground.unseen) == missing
    assert answer(ground.client, address, ground.sign_in) == missing


@pytest.mark.parametrize("address", PAGES)
def test_and_costs_as_many_queries(ground: Ground, address: str) -> None:
    costs = []
    ground.client.get(address.replace("{}", str(uuid4())))  # what a process reads once
    for key in (uuid4(), ground.unseen, ground.sign_in):
        with CaptureQueriesContext(connection) as queries:
            ground.client.get(address.replace("{}", str(key)))
        costs.append([query["sql"].partition(" WHERE ")[0] for query in queries])
    assert costs[0] == costs[1] == costs[2]


def test_an_event_in_scope_opens(ground: Ground) -> None:
    for address in PAGES[:2]:
        assert ground.client.get(address.replace("{}", str(ground.seen))).status_code == 200


def test_what_is_searched_outside_is_answered_as_what_does_not_exist(ground: Ground) -> None:
    for foreign, missing in (
        (ground.theirs.pk, uuid4()),
        (ground.unseen, uuid4()),
        (ground.theirs.object_id, 1407374999999999),
        (f"object:{ground.theirs.object_id}", "object:1407374999999999"),
    ):
        asked = answer(ground.client, TRAIL, foreign, q="{}", htmx=True)
        assert asked[0] == 200
        assert asked == answer(ground.client, TRAIL, missing, q="{}", htmx=True)


def test_the_trail_beside_an_object_or_a_recording_follows_the_scope_too(ground: Ground) -> None:
    """Somebody may open what they may not read the trail of."""
    for what, number in ((ground.ours, 1), (ground.theirs, 0)):
        assert len(trail_of(f"recording:{what.pk}", viewer=ground.auditor)) == number
        assert len(trail_under(what.object_id, viewer=ground.auditor)) == number
        assert len(trail_under(what.object_id)) == 1


def test_the_part_of_the_player_page_with_the_trail_knows_no_recording_outside(ground: Ground) -> None:
    address = "/recordings/{}/trail/"
    assert answer(ground.client, address, ground.ours.pk, htmx=True)[0] == 200
    missing = answer(ground.client, address, uuid4(), htmx=True)
    assert missing[0] == 404
    assert answer(ground.client, address, ground.theirs.pk, htmx=True) == missing


# --- the page of a person


def test_the_page_of_a_person_counts_and_lists_what_is_in_scope(ground: Ground, noa: User) -> None:
    response = ground.client.get(f"/audit/people/{noa.pk}/")
    assert [row.event_id for row in response.context["page"].rows] == [ground.seen]
    (day,) = response.context["days"] or [None]
    assert day is None or (day.sign_ins, day.searches) == (0, 0)
    assert response.context["proof_url"] == ""


def test_one_s_own_page_shows_what_one_did_whatever_the_scope(ground: Ground) -> None:
    played(ground.auditor, ground.theirs, "Omer Theirs")
    opened(ground.auditor, ground.theirs.object_id)
    page = ground.client.get(f"/audit/people/{ground.auditor.pk}/").context["page"]
    assert {"recording.opened", "object.opened", "auth.signed_in"} <= {row.kind for row in page.rows}
    assert {row.actor_name for row in page.rows} == {ground.auditor.display_name}


def test_the_days_of_a_person_are_counted_within_the_scope(ground: Ground, noa: User) -> None:
    from recordings.days import today

    for what in (ground.ours, ground.theirs, ground.theirs):
        target = Target.of(what)
        record(Kind.URL_ISSUED, by=acting(noa), target=target, outcome=Outcome.GRANTED)
        record(Kind.WATCHED, by=acting(noa), target=target, detail={"watched_ms": 60_000})
    everything = days_of(f"user:{noa.pk}", today(), today())
    seen = days_of(f"user:{noa.pk}", today(), today(), reach=ground.auditor.reach("read_trail"))
    assert [(day.viewings, day.calls, day.seconds, day.sign_ins) for day in everything] == [(3, 2, 180, 1)]
    assert [(day.viewings, day.calls, day.seconds, day.sign_ins) for day in seen] == [(1, 1, 60, 0)]


# --- events that name no object, or name it oddly


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"kind": "object", "ref": "object:"},
        {"kind": "object", "ref": "object:7x"},
        {"kind": "object", "ref": "object:" + "9" * 40},
        {"kind": "object", "ref": "user:1"},
        {"kind": "recording", "ref": "recording:1"},
        {"kind": "recording", "ref": "recording:1", "parent": "object:-1"},
        {"kind": "channel", "ref": f"channel:{OURS}"},
        {"kind": "page", "ref": "/objects/1/"},
        {"kind": "report", "ref": f"report:{uuid4()}", "parent": "object:1"},
    ],
)
def test_whatever_an_event_names_its_object_is_a_number_or_nothing(db: None, target: dict[str, str]) -> None:
    conversation(stream_id=stream(id=OURS).pk)
    made = Target(target["kind"], target["ref"], parent=target.get("parent", "")) if target else None
    event = record(Kind.OBJECT_OPENED, by=Actor.system("test"), target=made)
    assert AuditEvent.objects.get(event_id=event).object_no is None
    assert not is_visible(event, Reach(frozenset({Scope(channels=frozenset({OURS}))})))


# --- against a filter that needs no index and no SQL

NUMBERS = range(1, 4)
IDS = st.none() | st.frozensets(st.sampled_from(NUMBERS), max_size=2)
CLASSES = st.none() | st.frozensets(st.sampled_from(Sensitivity.values), max_size=2)
REACHES = st.builds(Reach, st.frozensets(st.builds(Scope, IDS, IDS, CLASSES), max_size=3))
FILTERS = st.builds(
    TrailFilters,
    groups=st.sampled_from([(), ("catalog",), ("viewing", "people")]),
    kinds=st.sampled_from([(), ("object.opened",), ("recording.opened", "auth.signed_in")]),
    outcome=st.sampled_from(["", "granted", "denied"]),
)


def slowly(reach: Reach, filters: TrailFilters) -> list[int]:
    """Read every event and ask each for its object, newest first."""
    things = {f"object:{thing.pk}": thing for thing in CommBoxObject.objects.all()}
    found = []
    for event in AuditEvent.objects.order_by("-id"):
        body = json.loads(bytes(event.body))
        target = body.get("object", {})
        name = {"object": target.get("ref"), "recording": target.get("parent")}.get(target.get("kind", ""))
        thing = things.get(name or "")
        passes = (not filters.all_kinds or body["type"] in filters.all_kinds) and (
            not filters.outcome or body["outcome"] == filters.outcome
        )
        if passes and (reach.is_everything or (thing is not None and reach.includes(thing))):
            found.append(event.id)
    return found


@pytest.fixture
def mixed(noa: User) -> None:
    """Events on 18 objects, on recordings, on nothing, and on an object that is not in the catalog."""
    for number in NUMBERS:
        stream(f"c{number}", id=number)
        agent(f"a{number}", id=number)
    classes = Sensitivity.values
    for number in range(18):
        thing = conversation(
            stream_id=NUMBERS[number % 3],
            agent_id=(None, *NUMBERS)[number % 4],
            sensitivity=classes[number % 5 % len(classes)],
        )
        opened(noa, thing.pk)
        played(noa, recording(thing), "Dana")
        record(Kind.VIEWING_DENIED, by=acting(noa), target=Target.of(thing), outcome=Outcome.DENIED)
    opened(noa, 999_999)
    record(Kind.SIGNED_IN, by=acting(noa), target=Target.of(noa), outcome=Outcome.GRANTED)


def test_every_way_to_read_agrees_with_a_slow_filter(mixed: None) -> None:
    @settings(max_examples=examples(60), deadline=None)
    @given(REACHES, FILTERS)
    def agree(reach: Reach, filters: TrailFilters) -> None:
        expected = slowly(reach, filters)
        assert sorted(matching(filters, reach).values_list("id", flat=True)) == expected[::-1]
        union = {pk for part in branches(filters, reach) for pk in part.values_list("id", flat=True)}
        assert union == set(expected)
        page = trail(filters, within=reach, each=True)
        assert [row.id for row in page.rows] == expected[:50]
        for event in AuditEvent.objects.order_by("-id")[:5]:
            if not filters.all_kinds and not filters.outcome:
                assert is_visible(event.event_id, reach) == (event.id in expected)

    agree()
