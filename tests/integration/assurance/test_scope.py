"""Assurance with a scope: figures of what is in it, figures of a channel where all of it is, no statement."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from auditportal.accounts.models import Grant
from recordings.assurance.board import count_board
from recordings.assurance.findings import Finding
from recordings.assurance.listing import Selection, items_page, select_items
from recordings.assurance.rates import channels, where_missing_counts
from recordings.assurance.sampling import newest_checks, outcomes_of_last_day
from recordings.assurance.statements import state_month
from recordings.assurance.window import Window
from recordings.audit import Actor
from recordings.models import AuditEvent, CommBoxObject, MediaCheck
from recordings.models.sensitivity import Sensitivity
from recordings.reach import EVERYTHING, Reach, Scope
from tests.factories import agent, conversation, person, recording, stream
from tests.scoped import answer
from tests.thorough import examples

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
OURS, THEIRS, MISSING = 93_100_007, 93_100_008, 93_100_099
AGENTS = (90_500_001, 90_500_002, 90_500_003)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def catalog(db: None) -> None:
    """Two channels that record nearly everything, of three agents and three classes; each with faults."""
    agents = [None, *(agent(f"Agent {number}", id=number) for number in AGENTS)]
    for number, name in ((OURS, "Our channel"), (THEIRS, "Their channel")):
        channel = stream(name, id=number)
        for place in range(24):
            at = NOW - timedelta(days=30 + place % 10, minutes=place)
            made(channel, agents[1 + place % 3], place, at)
        for place in range(18):
            at = NOW - timedelta(days=3 + place % 4, minutes=place)
            made(channel, agents[place % 4], place, at, state="not_playable" if place % 3 else "playable")
        talked = NOW - timedelta(days=3)
        conversation(
            stream=channel,
            agent=agents[1],
            created_at=talked,
            closed_at=talked + timedelta(minutes=30),
            refreshed_at=talked + timedelta(hours=2),
        )
        for row in CommBoxObject.objects.filter(stream=channel).order_by("pk")[:4]:
            for number_of_check, outcome in enumerate(("opens", "fails")):
                MediaCheck.objects.create(
                    recording=row.recordings.get(),
                    outcome=outcome,
                    sentence="-",
                    checked_at=NOW - timedelta(minutes=number_of_check),
                )


def made(channel: Any, who: Any, place: int, at: datetime, **fields: Any) -> None:
    thing = conversation(
        stream=channel,
        agent=who,
        sensitivity=Sensitivity.values[place % 3],
        created_at=at - timedelta(minutes=20),
    )
    recording(thing, recorded_at=at, activity_created_at=at + timedelta(seconds=3), **fields)


def limited(role: str = "external_auditor", **scope: Any) -> Client:
    user = person()
    Grant.objects.create(user=user, role=role, **scope)
    client = Client()
    client.force_login(user)
    client.get("/assurance/")
    return client


IDS = st.none() | st.frozensets(st.sampled_from(AGENTS), max_size=2)
CHANNELS = st.none() | st.frozensets(st.sampled_from([OURS, THEIRS, MISSING]), max_size=2)
CLASSES = st.none() | st.frozensets(st.sampled_from(Sensitivity.values), max_size=2)
REACHES = st.builds(Reach, st.frozensets(st.builds(Scope, CHANNELS, IDS, CLASSES), max_size=3))


def test_map_and_list_agree_with_a_filter_over_everything(catalog: None) -> None:
    window = Window.today()
    missing_in = where_missing_counts(channels(window))
    everything = select_items(window, Selection(everything=True), missing_in, EVERYTHING)
    things = {thing.pk: thing for thing in CommBoxObject.objects.all()}
    checks = list(MediaCheck.objects.select_related("recording__object"))
    assert {finding for item in everything for finding in item.findings} >= {"missing", "unplayable"}

    @settings(max_examples=examples(60), deadline=None)
    @given(REACHES)
    def agree(reach: Reach) -> None:
        expected = [item for item in everything if reach.includes(things[item.object_id])]
        assert select_items(window, Selection(everything=True), missing_in, reach) == expected
        unplayable = [item for item in expected if "unplayable" in item.findings]
        found = items_page(window, Selection(finding=Finding.UNPLAYABLE), missing_in, reach)
        assert found.rows == unplayable[:50]
        for axis in ("channel", "agent"):
            total = count_board(window, axis, missing_in, reach).total
            assert total.expected == len(expected)
            assert total.of(Finding.UNPLAYABLE) == len(unplayable)
        seen = [check for check in checks if reach.includes(check.recording.object)]
        assert {check.pk for check in newest_checks(reach)} == {check.pk for check in seen}
        assert outcomes_of_last_day(reach).total() == len(seen)

    agree()


def test_pages_show_what_is_in_scope(catalog: None) -> None:
    client = limited(channels=[OURS])
    board = client.get("/assurance/")
    assert board.context["board"].total.expected == 33
    assert [name for name, _ in board.context["channels"]] == ["Our channel"]
    assert "Their channel" not in board.content.decode()
    listed = client.get("/assurance/recordings/", {"all": "on"})
    assert {item.stream_id for item in listed.context["page"].rows} == {OURS}
    sample = client.get("/assurance/sample/").context
    assert {check.recording.object.stream_id for check in sample["checks"]} == {OURS}
    assert sample["night"].total() == 8


def test_figures_about_a_whole_channel_need_all_of_it(catalog: None) -> None:
    client = limited(channels=[OURS], agents=[AGENTS[0]])
    board = client.get("/assurance/").context
    assert board["channels"] == []
    assert board["usual"] == []
    assert "Your scope has no whole channel" in client.get("/assurance/").content.decode()
    assert client.get(f"/channels/{OURS}/").status_code == 404


@pytest.mark.parametrize(
    ("address", "foreign", "missing"),
    [
        ("/channels/{}/", THEIRS, MISSING),
        ("/assurance/?by=agent&channel={}", THEIRS, MISSING),
        ("/assurance/recordings/?channel={}&all=on", THEIRS, MISSING),
    ],
)
def test_a_channel_outside_is_answered_as_a_missing_one(
    catalog: None, address: str, foreign: int, missing: int
) -> None:
    client = limited(channels=[OURS])
    found = [answer(client, address, key) for key in (foreign, missing)]
    assert found[0] == found[1]
    assert "Their channel" not in "".join(found[0][2])
    assert limited(channels=[OURS]).get(f"/channels/{OURS}/").status_code == 200


def test_an_agent_outside_is_answered_as_a_missing_one(catalog: None) -> None:
    client = limited(agents=[AGENTS[0]])
    address = "/assurance/recordings/?agent={}&all=on"
    assert answer(client, address, 90_500_002) == answer(client, address, 90_500_099)


@pytest.mark.parametrize("role", ["external_auditor", "compliance_officer"])
def test_statements_need_a_permission_without_scope(catalog: None, role: str) -> None:
    statement = state_month(month=date(2026, 10, 1), by=Actor.system("test"))
    client = limited(role, channels=[OURS])
    addresses = [
        "/assurance/statements/{}/",
        "/assurance/statements/{}/file.json",
        "/assurance/statements/{}/file.csv",
    ]
    for address in addresses:
        refused = answer(client, address, statement.pk)
        assert refused[0] == 403
        assert "cannot be limited to a scope" in "".join(refused[2])
        assert answer(client, address, uuid4()) == refused
    assert client.get("/assurance/statements/").status_code == 403
    assert client.post("/assurance/statements/new/", {"month": "2026-10"}).status_code == 403
    assert AuditEvent.objects.filter(kind="access.denied").exists()
    assert limited(role).get(f"/assurance/statements/{statement.pk}/").status_code == 200
