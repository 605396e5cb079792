"""Lists, counts, neighbours and filters hold what a person's grants reach, and nothing else."""

import re
from dataclasses import dataclass

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditportal.accounts.models import Grant, User
from recordings import paging
from recordings.catalog import finding, queries
from recordings.catalog.criteria import Criteria
from recordings.models import Agent, Team
from recordings.models.sensitivity import Sensitivity
from recordings.paging import NEWEST, Start
from recordings.permissions import Permission
from recordings.reach import Level
from tests.factories import agent, conversation, person, stream
from tests.integration.catalog.test_finding import (
    criteria,
    expected_objects,
    expected_recordings,
    world,  # noqa: F401  (a fixture)
)
from tests.thorough import examples

SEARCHING = ("compliance_officer", "qa_manager")
TEAM, COUNTED = 41, 40


def ids(*known):
    return st.just([]) | st.lists(st.sampled_from(known), max_size=2, unique=True).map(sorted)


grants = st.fixed_dictionaries(
    {
        "role": st.sampled_from(("compliance_officer", "qa_manager", "external_auditor")),
        "level": st.sampled_from(Level.values),
        "channels": ids(300, 301, 302, 999),
        "teams": ids(TEAM, 42),
        "agents": ids(500, 501, 502, 999),
        "classes": ids(*Sensitivity.values),
    }
)


@dataclass
class ByHand:
    """What the rows of grants reach, found without the portal's own code."""

    grants: list

    def includes(self, thing):
        team = TEAM if thing.agent_id == 500 else None
        return any(
            grant["role"] in SEARCHING
            and (not grant["channels"] or thing.stream_id in grant["channels"])
            and (not grant["teams"] or team in grant["teams"])
            and (not grant["agents"] or thing.agent_id in grant["agents"])
            and (not grant["classes"] or thing.sensitivity in grant["classes"])
            for grant in self.grants
        )


def give(user, *given):
    """Give a person these grants, and no other; return what they may list."""
    Grant.objects.filter(user=user).update(ended_at=timezone.now())
    for grant in {repr(grant): grant for grant in given}.values():
        Grant.objects.create(user=user, **grant)
    return User.objects.get(pk=user.pk).reach(Permission.SEARCH_OBJECTS)


def there_and_back(page_of, asked, reach):
    """Read a list to its end and back; return its rows, and the count that its first page shows."""
    page = page_of(asked, reach, NEWEST)
    rows, count = page.rows, page.count
    while page.older:
        page = page_of(asked, reach, Start(page.older))
        rows = rows + page.rows
    back = page.rows
    while page.newer:
        key = page.newer
        page = page_of(asked, reach, Start(key, newer=True))
        # The last page back is the first page of the list, so it may repeat rows.
        back = [row for row in page.rows if row not in back] + back
    assert back == rows
    return rows, count


@settings(
    max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(grants, max_size=4), criteria, st.integers(20, COUNTED - 1))
def test_each_list_is_what_a_look_at_every_row_finds(world, monkeypatch, given, asked, size):  # noqa: F811
    # As in production, a page is shorter than what is counted.
    for module, name, value in (
        (paging, "PAGE", size),
        (queries, "PAGE", size),
        (finding, "COUNTED", COUNTED),
    ):
        monkeypatch.setattr(module, name, value)
    Agent.objects.filter(pk=500).update(team=Team.objects.get_or_create(pk=TEAM, name="North")[0])
    user = User.objects.filter(username="reviewer").first() or person(username="reviewer")
    reach, listed = give(user, *given), ByHand(given)

    rows, count = there_and_back(queries.recordings_page, asked, reach)
    expected = expected_recordings(world, asked, listed)
    assert [row.recording_id for row in rows] == expected
    assert count == min(len(expected), COUNTED + 1)
    for place in {0, len(expected) // 2, len(expected) - 1} & set(range(len(expected))):
        around = queries.neighbours(asked, reach, rows[place].shown_at, expected[place])
        assert around == (dict(enumerate(expected)).get(place - 1), dict(enumerate(expected)).get(place + 1))

    rows, count = there_and_back(queries.objects_page, asked, reach)
    expected = expected_objects(world, asked, listed)
    assert [row.object_id for row in rows] == expected
    assert count == min(len(expected), COUNTED + 1)
    for thing in world[0][::30]:
        place = expected.index(thing.pk) if thing.pk in expected else None
        around = queries.object_neighbours(asked, reach, thing.pk)
        in_list = {} if place is None else dict(enumerate(expected))
        assert around == (in_list.get((place or 0) - 1), in_list.get((place or 0) + 1))

    newest = expected_recordings(world, Criteria(), listed)[:8]
    assert [row.recording_id for row in queries.newest_recordings(reach, 8)] == newest
    agents, streams = queries.agents_and_streams(reach)
    seen = [thing for thing in world[0] if listed.includes(thing)]
    if not reach.is_everything:  # else also those that have no object
        assert set(agents) == {str(thing.agent_id) for thing in seen if thing.agent_id}
        assert set(streams) == {str(thing.stream_id) for thing in seen}


@pytest.fixture
def two_channels(db):
    """A conversation in each of two channels, with agents of their own."""
    return [
        conversation(
            recordings=1, stream=stream(f"Channel {name}"), agent=agent(f"Agent {name}"), customer_name=name
        )
        for name in ("Ours", "Theirs")
    ]


@pytest.fixture
def reviewer(two_channels, client):
    """Somebody who may use the first channel only."""
    user = person()
    Grant.objects.create(user=user, role="qa_manager", channels=[two_channels[0].stream_id])
    client.force_login(user)
    return client


@pytest.mark.parametrize("address", ["/objects/", "/recordings/", "/"])
def test_a_page_names_nothing_out_of_reach(two_channels, reviewer, address):
    page = reviewer.get(address).content.decode()
    assert "Ours" in page
    assert "Theirs" not in page


def test_what_is_typed_finds_nothing_out_of_reach(two_channels, reviewer):
    theirs = two_channels[1]
    known = (str(theirs.pk), theirs.customer_phone, "Theirs", str(theirs.recordings.get().pk))
    unknown = ("1407374990999999", "15559999999", "Nobody", "0197f0aa-0000-7000-8000-000000000000")
    for typed, other in zip(known, unknown, strict=True):
        for address in ("/objects/", "/recordings/"):
            found, missing = (
                reviewer.get(address, {"q": words}).content.decode().replace(words, "…")
                for words in (typed, other)
            )
            assert comparable(found) == comparable(missing)


def test_a_filter_names_a_foreign_channel_as_an_unknown_one(two_channels, reviewer):
    for name, theirs in (("stream", two_channels[1].stream_id), ("agent", two_channels[1].agent_id)):
        foreign, unknown = (
            reviewer.get("/objects/", {name: value}).content.decode().replace(str(value), "…")
            for value in (theirs, 8_999_999)
        )
        assert comparable(foreign) == comparable(unknown)


def test_a_watermark_answers_the_same_whosever_viewing_it_is(two_channels, reviewer):
    from tests.factories import viewing

    theirs = viewing(two_channels[1].recordings.get()).short_id
    foreign, unknown = (
        reviewer.get("/objects/", {"q": words}).content.decode().replace(words, "…")
        for words in (theirs, "V-00000000")
    )
    assert comparable(foreign) == comparable(unknown)


def comparable(page):
    """A page without what differs from one request to the next: how long it took, and its tokens."""
    page = re.sub(r"\b[\d,]+ ms\b", "… ms", page)
    return re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken": "|data-ends-in=")[^"]+', r"\1…", page)
