"""A scope means the same as a condition in SQL, as one of Django's queries, and as a question about one object."""

from dataclasses import dataclass

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from auditportal.accounts.models import HELD, Grant, User
from auditportal.accounts.roles import ROLES
from recordings.db import fetch_all
from recordings.models import Agent, CommBoxObject, Stream, Team
from recordings.models.sensitivity import Sensitivity
from recordings.permissions import Permission
from recordings.reach import EVERYTHING, LEVEL_OF, NOTHING, Level, Reach, Scope

NUMBERS = range(1, 5)
IDS = st.none() | st.frozensets(st.sampled_from(NUMBERS), max_size=3)
CLASSES = st.none() | st.frozensets(st.sampled_from(Sensitivity.values), max_size=2)
SCOPES = st.builds(Scope, channels=IDS, agents=IDS, classes=CLASSES)
REACHES = st.builds(Reach, st.frozensets(SCOPES, max_size=3))


@dataclass(frozen=True)
class Thing:
    stream_id: int
    agent_id: int | None
    sensitivity: str


THINGS = [
    Thing(stream, agent, sensitivity)
    for stream in NUMBERS
    for agent in (None, *NUMBERS)
    for sensitivity in Sensitivity.values
]


@pytest.mark.django_db
def test_three_ways_to_ask_give_one_answer() -> None:
    for number in NUMBERS:
        Stream.objects.create(pk=number, name=f"c{number}")
        Agent.objects.create(pk=number, name=f"a{number}")
    for number, thing in enumerate(THINGS, 1):
        CommBoxObject.objects.create(
            pk=number, stream_id=thing.stream_id, agent_id=thing.agent_id, sensitivity=thing.sensitivity
        )

    @settings(max_examples=200, deadline=None)
    @given(REACHES)
    def agree(reach: Reach) -> None:
        expected = {number for number, thing in enumerate(THINGS, 1) if reach.includes(thing)}
        where = reach.where("o")
        statement = f"SELECT id FROM recordings_commboxobject o {where.clause()}"
        assert {pk for (pk,) in fetch_all(connection, statement, where.values)} == expected
        assert set(CommBoxObject.objects.filter(reach.q()).values_list("pk", flat=True)) == expected

    agree()


def test_everything_and_nothing() -> None:
    assert all(EVERYTHING.includes(thing) and not NOTHING.includes(thing) for thing in THINGS)
    assert not EVERYTHING.where("o").sql
    assert NOTHING.where("o").sql == "false"


@pytest.mark.parametrize("level", Level)
def test_a_level_includes_the_ones_before(level: Level) -> None:
    assert [other for other in Level if level.includes(other)] == list(Level)[: list(Level).index(level) + 1]


def held(user: User, **facts: object) -> User:
    Grant.objects.create(user=user, **{"role": "compliance_officer", **facts})
    found = User.objects.with_grants(user.pk)
    assert found is not None
    assert found.held_grants == User.objects.get(pk=user.pk).held_grants
    return found


@pytest.mark.django_db
class TestPerson:
    @pytest.fixture
    def user(self) -> User:
        return User.objects.create_user("ada")

    def test_without_a_grant_nothing_is_in_reach(self, user: User) -> None:
        assert user.reach(Permission.PLAY_RECORDINGS) == NOTHING

    def test_a_grant_without_scope_reaches_everything(self, user: User) -> None:
        assert held(user).reach(Permission.PLAY_RECORDINGS).is_everything

    @pytest.mark.parametrize("level", Level)
    def test_a_permission_needs_its_level(self, user: User, level: Level) -> None:
        person = held(user, level=level)
        carried = ROLES["compliance_officer"].permissions
        expected = {right for right in carried if level.includes(LEVEL_OF.get(right, Level.LIST))}
        assert {right for right in Permission if person.has_permission(right)} == expected
        assert {right for right in Permission if person.reach(right).is_everything} == expected

    def test_grants_add_up_and_dimensions_limit_each_other(self, user: User) -> None:
        held(user, channels=[1], classes=["standard"])
        person = held(user, agents=[3], level=Level.LIST)
        reach = person.reach(Permission.SEARCH_OBJECTS)
        assert reach.scopes == {
            Scope(channels=frozenset({1}), classes=frozenset({"standard"})),
            Scope(agents=frozenset({3})),
        }
        assert person.reach(Permission.PLAY_RECORDINGS).scopes == {
            Scope(channels=frozenset({1}), classes=frozenset({"standard"}))
        }

    def test_a_team_means_its_agents_of_today(self, user: User) -> None:
        north, south = Team.objects.create(pk=1, name="North"), Team.objects.create(pk=2, name="South")
        for number, team in ((1, north), (2, north), (3, south), (4, None)):
            Agent.objects.create(pk=number, team=team)
        person = held(user, teams=[1])
        assert person.reach(Permission.PLAY_RECORDINGS).scopes == {Scope(agents=frozenset({1, 2}))}
        Agent.objects.filter(pk=2).update(team=south)
        again = User.objects.get(pk=user.pk)
        assert again.reach(Permission.PLAY_RECORDINGS).scopes == {Scope(agents=frozenset({1}))}

    def test_an_empty_team_reaches_nothing(self, user: User) -> None:
        reach = held(user, teams=[77]).reach(Permission.PLAY_RECORDINGS)
        assert not any(reach.includes(thing) for thing in THINGS)

    def test_an_ended_grant_reaches_nothing(self, user: User) -> None:
        Grant.objects.create(user=user, role="qa_manager", until="2020-01-01T00:00:00Z")
        assert user.reach(Permission.PLAY_RECORDINGS) == NOTHING

    def test_the_columns_of_a_grant_are_all_read(self) -> None:
        scope = {"role", "level", "channels", "teams", "agents", "classes"}
        assert set(HELD) == scope
