"""A day in a filter is the reader's own day, also when their clocks change on it; UTC is always shown."""

from datetime import datetime
from typing import Any

import psycopg
import pytest
from django.test import Client

from auditportal.accounts.models import User
from recordings.audit import Kind, Outcome, Target, record
from tests.factories import person
from tests.integration.trail.helpers import TRAIL, acting

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def moved(admin_connection: psycopg.Connection[Any]) -> Any:
    """Record an opening of the object with this number, at this moment of UTC: only a superuser can do that."""

    def record_at(who: User, number: int, moment: str) -> None:
        target = Target("object", f"object:{number}", "Dana Marlowe", subject=f"customer:{number}")
        event = record(Kind.OBJECT_OPENED, by=acting(who), target=target, outcome=Outcome.GRANTED)
        admin_connection.execute("ALTER TABLE audit.event DISABLE TRIGGER ALL")
        admin_connection.execute(
            "UPDATE audit.event SET recorded_at = %s WHERE event_id = %s",
            [datetime.fromisoformat(f"{moment}+00:00"), event],
        )
        admin_connection.execute("ALTER TABLE audit.event ENABLE ALWAYS TRIGGER event_is_kept")

    return record_at


def reader(zone: str) -> tuple[User, Client]:
    who, client = person("compliance_officer", "noa.levi"), Client()
    User.objects.filter(pk=who.pk).update(time_zone=zone)
    client.force_login(User.objects.get(pk=who.pk))
    return who, client


@pytest.mark.parametrize(
    ("zone", "day", "moments"),
    [
        (
            "Asia/Jerusalem",
            "2026-03-27",
            ["2026-03-26T21:59:59", "2026-03-26T22:00:00", "2026-03-27T20:59:59", "2026-03-27T21:00:00"],
        ),
        (
            "Asia/Jerusalem",
            "2026-10-25",
            ["2026-10-24T20:59:59", "2026-10-24T21:00:00", "2026-10-25T21:59:59", "2026-10-25T22:00:00"],
        ),
        (
            "Europe/Berlin",
            "2026-10-25",
            ["2026-10-24T21:59:59", "2026-10-24T22:00:00", "2026-10-25T22:59:59", "2026-10-25T23:00:00"],
        ),
        (
            "UTC",
            "2026-10-25",
            ["2026-10-24T23:59:59", "2026-10-25T00:00:00", "2026-10-25T23:59:59", "2026-10-26T00:00:00"],
        ),
    ],
)
def test_a_filter_by_a_day_finds_the_readers_day(moved: Any, zone: str, day: str, moments: list[str]) -> None:
    who, client = reader(zone)
    for number, moment in enumerate(moments, start=1):
        moved(who, number, moment)
    response = client.get(TRAIL, {"since": day, "until": day, "kind": "object.opened"})
    assert [row.sentence[2].text for row in response.context["page"].rows] == ["object 3", "object 2"]
    start, end = (moment[:16].replace("T", " ") for moment in (moments[1], moments[3]))
    says = "" if zone == "UTC" else f"In UTC: from \u2068{start}\u2069 to \u2068{end}\u2069"
    assert response.context["utc_period"] == says
    assert says in response.content.decode()
    page = client.get(f"/audit/people/{who.pk}/", {"since": day, "until": day})
    assert len(page.context["page"].rows) == 2


def test_the_days_of_a_person_are_the_readers(moved: Any) -> None:
    who, client = reader("Asia/Jerusalem")
    record(Kind.SEARCHED, by=acting(who), detail={"area": "objects"})
    page = client.get(f"/audit/people/{who.pk}/")
    (day,) = page.context["days"]
    assert day.searches == 1
    assert "(<bdi>Asia/Jerusalem</bdi>)" in page.content.decode()


def test_a_row_shows_local_time_and_utc(moved: Any) -> None:
    who, client = reader("Asia/Jerusalem")
    moved(who, 1, "2026-11-20T22:30:00")
    text = client.get(TRAIL, {"kind": "object.opened"}).content.decode()
    assert ">2026-11-21 00:30:00</time>" in text
    assert ">2026-11-20 22:30:00</time> UTC" in text


def test_which_day_was_meant_stands_in_the_trail(moved: Any) -> None:
    _, client = reader("Asia/Jerusalem")
    client.get(TRAIL, {"since": "2026-10-25"})
    row = client.get(TRAIL, {"kind": "audit.searched"}).context["page"].rows[-1]
    said = "".join(part.text for part in row.sentence)
    assert said.endswith(" searched the audit trail · from 25 October 2026 · time zone Asia/Jerusalem")


def test_a_report_has_days_of_utc_and_says_so(moved: Any) -> None:
    _, client = reader("Asia/Jerusalem")
    page = client.get("/reports/", {"since": "2026-10-25"})
    assert "First day (UTC)" in page.content.decode()
    assert "A report covers days of UTC" in page.content.decode()
    response = client.post("/reports/request/", {"format": "csv", "since": "2026-10-25"})
    report = client.get(response["Location"])
    assert report.context["report"].filters == {"since": "2026-10-25"}
    assert report.context["period"] == "from 25 October 2026 (UTC)"
