"""A person's page sums up their days: what they did, and only that."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from auditportal.accounts.models import User
from recordings.audit import Kind, Outcome, Target, record
from recordings.trail.person_days import PersonDay, days_of
from tests.integration.trail.helpers import acting, opened, signed_in

TODAY = datetime.now(UTC).date()
CALLS = [f"recording:{uuid4()}" for _ in range(2)]


@pytest.fixture
def a_day(noa: User, tom: User) -> None:
    by = acting(tom)
    record(Kind.SIGNED_IN, by=by, outcome=Outcome.GRANTED)
    record(Kind.SEARCHED, by=by)
    record(Kind.SEARCHED, by=by)
    opened(tom, 1)
    for call in (*CALLS, CALLS[0]):
        record(Kind.URL_ISSUED, by=by, target=Target("recording", call), outcome=Outcome.GRANTED)
        record(Kind.WATCHED, by=by, target=Target("recording", call), detail={"watched_ms": 61_000})
    for kind, outcome in ((Kind.ACCESS_DENIED, Outcome.DENIED), (Kind.URL_REFUSED, Outcome.ERROR)):
        record(kind, by=by, target=Target("recording", CALLS[0]), outcome=outcome)
    record(Kind.SEARCHED, by=acting(noa))


def test_a_day_is_summed_up(a_day: None, tom: User, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        days = days_of(f"user:{tom.pk}", TODAY - timedelta(days=6), TODAY)
    assert days == [
        PersonDay(TODAY, sign_ins=1, searches=2, viewings=3, refusals=2, calls=2, watched_ms=183_000)
    ]


@pytest.mark.parametrize("shift", [-1, 1])
def test_other_days_are_not_in_it(a_day: None, tom: User, shift: int) -> None:
    day = TODAY + timedelta(days=shift)
    assert days_of(f"user:{tom.pk}", day, day) == []


@pytest.mark.parametrize("detail", [{}, {"watched_ms": "many"}, {"watched_ms": [1]}])
def test_an_odd_event_adds_nothing(tom: User, detail: dict[str, Any]) -> None:
    record(Kind.WATCHED, by=acting(tom), detail=detail)
    assert days_of(f"user:{tom.pk}", TODAY, TODAY) == []


def test_the_page_shows_the_day_and_leads_to_it(a_day: None, noa: User, tom: User) -> None:
    client, address = signed_in(noa), f"/audit/people/{tom.pk}/"
    page = client.get(address)
    text = " ".join(page.content.decode().split())
    assert f"?since={TODAY}&amp;until={TODAY}" in text
    assert ">3:03</td>" in text
    day = client.get(f"{address}?since={TODAY}&until={TODAY}").context
    assert len(day["page"].rows) > 0
    before = client.get(f"{address}?until={TODAY - timedelta(days=1)}").context
    assert (list(before["page"].rows), before["days"]) == ([], [])


def test_everybody_sees_their_own_days(a_day: None, tom: User) -> None:
    (day,) = signed_in(tom).get(f"/audit/people/{tom.pk}/").context["days"]
    assert day.searches == 2


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?since=2026-1", "First day: Enter a valid date."),
        ("?since=2026-11-02&until=2026-11-01", "The last day must not be before the first day."),
    ],
)
def test_days_that_cannot_be_read_are_told(noa: User, tom: User, query: str, sentence: str) -> None:
    response = signed_in(noa).get(f"/audit/people/{tom.pk}/{query}")
    assert response.status_code == 400
    assert sentence in response.content.decode()
