"""The overview of each role, and while it stays open."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from recordings import breaker
from recordings.audit import Kind
from recordings.models import AuditEvent, CommBoxObject, CompletenessStatement, RecordingState, SourceStatus
from recordings.overview.views import recordings_per_day
from recordings.reach import EVERYTHING
from tests.factories import conversation, person, recording, viewing

pytestmark = pytest.mark.django_db
POLL = {"HX-Request": "true", "X-Poll": "true"}
SEARCHERS = ("compliance_officer", "qa_manager")
TILES = {
    "compliance_officer": [
        "Recordings, 7 days",
        "Changed or missing",
        "Not playable",
        "Refresh overdue",
        "Completeness",
        "Events, 24 hours",
    ],
    "qa_manager": [
        "Recordings, 7 days",
        "Changed or missing",
        "Not playable",
        "Refresh overdue",
        "Completeness",
    ],
    "external_auditor": ["Completeness", "Events, 24 hours"],
    "administrator": ["CommBox", "Not refreshed", "Refresh overdue", "People"],
    "agent": [],
    "": [],
}


def sign_in(client: Client, role: str) -> Any:
    user = person(role)
    client.force_login(user)
    return user


def tiles(page: str) -> dict[str, str]:
    """Return the values of the figures by label."""
    found = re.findall(r'"label">([^<]*)</span>\s*<span class="value[^>]*>([^<]*)<', page)
    return dict(found)


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def searches() -> int:
    return AuditEvent.objects.filter(kind=Kind.SEARCHED).count()


@pytest.mark.parametrize("role", TILES)
def test_each_role_has_its_own_figures(client: Client, role: str) -> None:
    viewing(recording(), sign_in(client, role))
    page = text(client.get("/"))
    assert list(tiles(page)) == TILES[role]
    assert ("Newest recordings" in page) == (role in SEARCHERS)
    assert ("Read the trail" in page) == (role == "external_auditor")
    assert ("statement for each month" in page) == (role == "external_auditor")
    assert ("Open my reviews" in page) == (role == "agent")
    assert ("No role yet" in page) == (role == "")
    assert (CommBoxObject.objects.get().customer_name in page) == (role in SEARCHERS)


def test_what_names_customers_is_in_the_trail_once(client: Client) -> None:
    sign_in(client, "qa_manager")
    client.get("/")
    assert searches() == 0  # there was nobody to name
    recording()
    for _ in range(2):
        client.get("/")
    assert searches() == 1


def test_while_the_trail_is_away_nobody_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from recordings.audit import AuditUnavailable

    def refuse(*_: Any, **__: Any) -> None:
        raise AuditUnavailable

    sign_in(client, "qa_manager")
    made = recording(conversation(customer_name="Rare Bird"))
    monkeypatch.setattr("recordings.audit.once.record_committed", refuse)
    response = client.get("/")
    assert response.status_code == 200
    assert f"/recordings/{made.pk}/" in text(response)
    assert "Rare Bird" not in text(response)


def test_the_figures_live_and_newer_recordings_are_announced_without_an_event(client: Client) -> None:
    sign_in(client, "qa_manager")
    first = recording(
        conversation(customer_name="Rare Bird"), recorded_at=timezone.now() - timedelta(hours=1)
    )
    page = text(client.get("/"))
    assert f'hx-get="/?seen={first.pk}"' in page
    assert "There are newer recordings" not in page
    before = AuditEvent.objects.count()
    same = text(client.get(f"/?seen={first.pk}", headers=POLL))
    assert same.startswith('<div class="stack wide" id="now"')
    assert (tiles(same)["Recordings, 7 days"], "newer recordings" in same) == ("1", False)
    recording(recorded_at=timezone.now())
    for _ in range(2):
        later = text(client.get(f"/?seen={first.pk}", headers=POLL))
        assert (tiles(later)["Recordings, 7 days"], "There are newer recordings" in later) == ("2", True)
        assert "Rare Bird" not in later
    assert AuditEvent.objects.count() == before


def test_the_first_recording_of_all_is_announced(client: Client) -> None:
    sign_in(client, "qa_manager")
    assert 'hx-get="/"' in text(client.get("/"))
    assert "newer recordings" not in text(client.get("/", headers=POLL))
    recording()
    assert "There are newer recordings" in text(client.get("/", headers=POLL))


@pytest.mark.parametrize("role", ["compliance_officer", "administrator"])
def test_before_commbox_was_asked_nothing_is_green(client: Client, role: str) -> None:
    sign_in(client, role)
    page = text(client.get("/"))
    assert 'class="value ok"' not in page
    assert tiles(page)["Refresh overdue"] == "–"
    assert page.count("no answer from CommBox yet") == {"compliance_officer": 3, "administrator": 2}[role]
    breaker.record_result()
    page = text(client.get("/"))
    assert tiles(page)["Refresh overdue"] == "0"
    assert "no answer from CommBox yet" not in page


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("UTC", {"2026-10-24": 1, "2026-10-25": 2}),
        ("Asia/Jerusalem", {"2026-10-25": 2, "2026-10-26": 1}),
        ("Europe/Berlin", {"2026-10-25": 3}),
    ],
)
def test_recordings_are_counted_by_the_days_of_the_reader(zone: str, days: dict[str, int]) -> None:
    """October 25 has 25 hours in both zones."""
    for moment in ("2026-10-24T22:30Z", "2026-10-25T21:30Z", "2026-10-25T22:30Z"):
        recording(recorded_at=datetime.fromisoformat(moment))
    now = datetime(2026, 10, 27, 12, tzinfo=UTC)
    with time_machine.travel(now, tick=False), timezone.override(ZoneInfo(zone)):
        counted = recordings_per_day(EVERYTHING)
    assert len(counted) == 30
    assert {str(day): number for day, number in counted if number} == days


def test_the_chart_writes_days_as_the_language_does(client: Client) -> None:
    sign_in(client, "qa_manager")
    now = timezone.now()
    assert f"<bdi>{now:%Y-%m-%d}</bdi>" in text(client.get("/"))
    assert f"<bdi>{now:%d.%m.%Y}</bdi>" in text(client.get("/", headers={"Accept-Language": "he"}))


def test_what_needs_attention_is_counted(client: Client) -> None:
    sign_in(client, "compliance_officer")
    recording(state=RecordingState.VANISHED)
    recording(state=RecordingState.FILE_MISSING)
    conversation(refresh_due_at=timezone.now() - timedelta(minutes=6))
    AuditEvent.objects.count()
    client.get("/operations/")  # refused, which is an event
    page = text(client.get("/"))
    found = tiles(page)
    assert (found["Changed or missing"], found["Not playable"], found["Refresh overdue"]) == ("1", "1", "1")
    assert "1 refused" in page


def test_the_newest_statement_is_the_figure_of_assurance(client: Client) -> None:
    sign_in(client, "external_auditor")
    made = CompletenessStatement.objects.create(
        month=date(2026, 10, 1),
        version=1,
        stated_at=timezone.now(),
        expected=200,
        found=199,
        exceptions=1,
        document=b"{}",
        sha256="0" * 64,
        table_sha256="0" * 64,
        facts_sha256="0" * 64,
        event_id=uuid4(),
    )
    page = text(client.get("/"))
    assert tiles(page)["Recordings found in October 2026"] == "99.5 %"
    assert f'href="/assurance/statements/{made.pk}/"' in page
    assert "1 exception<" in page


def test_people_without_a_role_are_counted(client: Client) -> None:
    sign_in(client, "administrator")
    person()
    person("qa_manager").grants.update(ended_at=timezone.now())
    assert "2 without a role" in text(client.get("/"))


def test_a_new_installation_says_what_to_do_until_it_is_done(client: Client, settings: Any) -> None:
    settings.RECORDING_BUCKETS = ()
    sign_in(client, "administrator")
    page = text(client.get("/"))
    assert "First steps" in page
    assert page.count(">to do<") == 4
    assert "manage.py refresh_catalog" in page
    settings.RECORDING_BUCKETS = ("https://s3.example.com/recordings",)
    SourceStatus.objects.update_or_create(pk=1, defaults={"last_success_at": timezone.now()})
    conversation()  # brings a channel
    assert text(client.get("/")).count(">to do<") == 1
    person("compliance_officer")
    assert "First steps" not in text(client.get("/"))


def test_only_those_who_operate_the_portal_see_the_first_steps(client: Client) -> None:
    for role in (*SEARCHERS, "external_auditor", ""):
        sign_in(client, role)
        assert "First steps" not in text(client.get("/")), role


@pytest.mark.parametrize(
    ("role", "number"),
    [
        # Session, person, banner; the source and its state, per day, two states, overdue, statement, events,
        # viewings, newest, supervision; how the log stands; first steps, alarms.
        ("compliance_officer", 23),
        ("administrator", 13),
    ],
)
def test_queries_are_as_many_for_one_row_as_for_three(
    client: Client, django_assert_num_queries: Any, role: str, number: int
) -> None:
    user = sign_in(client, role)
    for more in (1, 2):
        for _ in range(more):
            viewing(recording(conversation(recordings=1)), user)
        client.get("/")
        with django_assert_num_queries(number):
            client.get("/")
