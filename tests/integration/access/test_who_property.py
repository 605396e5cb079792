"""Who could see an object on a day: the answer from rows equals a replay of everything that happened."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditportal.accounts.access.who import Period, Placement, access_to
from auditportal.accounts.access_models import AccountClosure
from auditportal.accounts.models import Grant, User
from tests.thorough import examples

START = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = 96  # four days
NUMBERS = st.integers(1, 3)
SCOPES = st.fixed_dictionaries(
    {
        "channels": st.lists(NUMBERS, max_size=2, unique=True),
        "teams": st.lists(NUMBERS, max_size=2, unique=True),
        "agents": st.lists(NUMBERS, max_size=1, unique=True),
        "classes": st.lists(st.sampled_from(["standard", "restricted"]), max_size=1, unique=True),
    }
)
HOUR = st.integers(0, HOURS)


@dataclass
class State:
    """The world at one moment, as the events made it."""

    place: dict[str, Any]
    grants: dict[int, dict[str, Any]] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)

    def who(self) -> set[int]:
        return {
            number
            for number, grant in self.grants.items()
            if grant["user"] not in self.closed
            and all(
                not grant[dimension] or self.place[fact] in grant[dimension]
                for dimension, fact in (
                    ("channels", "stream_id"),
                    ("teams", "team_id"),
                    ("agents", "agent_id"),
                    ("classes", "sensitivity"),
                )
            )
        }


PLACES = st.fixed_dictionaries(
    {
        "stream_id": NUMBERS,
        "agent_id": st.none() | NUMBERS,
        "team_id": st.none() | NUMBERS,
        "sensitivity": st.sampled_from(["standard", "restricted"]),
    }
)
HISTORIES = st.fixed_dictionaries(
    {
        "places": st.lists(st.tuples(HOUR, PLACES), min_size=1, max_size=3, unique_by=lambda item: item[0]),
        "grants": st.lists(st.tuples(st.integers(0, 2), HOUR, HOUR, SCOPES), max_size=5),
        "closures": st.lists(st.tuples(st.integers(0, 2), HOUR, HOUR), max_size=4),
        "day": st.integers(0, 3),
    }
)


def at(hour: int) -> datetime:
    return START + timedelta(hours=hour)


def replay(history: dict[str, Any]) -> set[int]:
    """Go through the day hour by hour; everything happens on the hour."""
    found: set[int] = set()
    places = sorted(history["places"], key=lambda item: item[0])
    for hour in range(history["day"] * 24, history["day"] * 24 + 24):
        begun = [place for since, place in places if since <= hour]
        state = State(begun[-1] if begun else places[0][1])
        for number, (user, since, until, scope) in enumerate(history["grants"]):
            if since <= hour < until:
                state.grants[number] = {"user": user, **scope}
        state.closed = {user for user, since, until in history["closures"] if since <= hour < until}
        found |= state.who()
    return found


@pytest.mark.django_db
def test_a_day_equals_its_replay() -> None:
    users = [User.objects.create_user(f"user{number}", full_name=f"User {number}") for number in range(3)]

    @settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(HISTORIES)
    def compare(history: dict[str, Any]) -> None:
        with transaction.atomic():
            assert found(history) == replay(history)
            transaction.set_rollback(True)

    def found(history: dict[str, Any]) -> set[int]:
        """Write the history as rows, and ask."""
        numbers = {}
        for number, (user, since, until, scope) in enumerate(history["grants"]):
            row = Grant.objects.create(
                user=users[user],
                role="compliance_officer",
                starts_at=at(since),
                ended_at=at(max(since, until)),
                **scope,
            )
            numbers[row.pk] = number
        for user, since, until in history["closures"]:
            if since < until:
                AccountClosure.objects.create(user=users[user], closed_at=at(since), reopened_at=at(until))
        places = sorted(history["places"], key=lambda item: item[0])
        ends = [*(at(since) for since, _ in places[1:]), None]
        placements = [
            # Before the first one that was recorded, that one is used.
            Placement(**place, period=Period(at(since) if index else None, end))
            for index, ((since, place), end) in enumerate(zip(places, ends, strict=True))
        ]
        day = at(history["day"] * 24), at(history["day"] * 24 + 24)
        return {numbers[access.grant.pk] for access in access_to(placements, *day)}

    compare()
