"""A month is stated: the same facts give the same bytes, nobody changes them, what differs later is a new version."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
import rfc8785
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import translation

from recordings.assurance import tasks
from recordings.assurance.statements import exceptions_csv, state_month
from recordings.audit import Actor
from recordings.models import AuditEvent, CompletenessStatement, Recording
from tests.factories import agent, conversation, person, recording, stream

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
OCTOBER = date(2026, 10, 1)
BY = Actor.system("assurance")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def month(db: None) -> list[Recording]:
    """Three recordings of October, one of them vanished, one late; one each on the days around the month."""
    channel, avery = stream("Premium video"), agent("Avery Cole")

    def made(at: datetime, **fields: Any) -> Recording:
        fields = {"activity_created_at": at, **fields}
        return recording(conversation(stream=channel, agent=avery, created_at=at), recorded_at=at, **fields)

    first, last = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC) - timedelta(seconds=1)
    made(first - timedelta(seconds=1), state="vanished_at_source")
    made(last + timedelta(seconds=1), state="vanished_at_source")
    return [
        made(first, state="vanished_at_source"),
        made(last),
        made(first, activity_created_at=first + timedelta(hours=1)),
    ]


def stated() -> CompletenessStatement:
    row = state_month(month=OCTOBER, by=BY)
    row.refresh_from_db()
    return row


def told(row: CompletenessStatement) -> Any:
    return json.loads(bytes(row.document))


def test_a_statement_counts_its_month_and_names_each_exception(month: list[Recording]) -> None:
    row = stated()
    assert (row.expected, row.found, row.exceptions, row.version) == (3, 2, 1, 1)
    facts = told(row)
    assert facts["total"]["findings"]["late"] == 1
    assert [one["recording"] for one in facts["exceptions"]] == [str(month[0].pk)]
    assert [one["recording"] for one in facts["late"]] == [str(month[2].pk)]
    assert facts["exceptions"][0]["findings"] == ["vanished"]
    (line,) = facts["channels"]
    assert {day: sums["expected"] for day, sums in line["days"].items()} == {"2026-10-01": 2, "2026-10-31": 1}


def test_a_statement_keeps_what_was_usual(month: list[Recording]) -> None:
    channel = month[0].object.stream
    september = datetime(2026, 9, 15, tzinfo=UTC)
    for place in range(21):
        at = september + timedelta(minutes=place)
        made = {
            "duration_seconds": 90 + place,
            "file_size_bytes": (90 + place) * 1000,
            "activity_created_at": at,
        }
        recording(conversation(stream=channel, created_at=at), recorded_at=at, **made)
    facts = told(stated())
    (usual,) = facts["usual"]
    assert (usual["channel"], usual["recordings"]) == (str(channel.pk), 22)
    assert usual["seconds"] == {"middle": 100, "lowest": 71, "highest": 143}
    assert usual["bytes_per_second"]["middle"] == 1000
    odd = {
        one["recording"]: one["usual_seconds"] for one in facts["exceptions"] if "outlier" in one["findings"]
    }
    assert odd == {str(row.pk): "100" for row in month}


def test_its_hash_stands_in_the_event_that_the_log_seals(month: list[Recording]) -> None:
    row = stated()
    document = bytes(row.document)
    assert rfc8785.dumps(json.loads(document)) == document
    event = AuditEvent.objects.get(event_id=row.event_id)
    body = json.loads(bytes(event.body))
    assert (body["type"], body["object"]["ref"]) == ("assurance.stated", f"statement:{row.pk}")
    assert body["action_detail"] == {
        "month": "2026-10",
        "version": 1,
        "expected": 3,
        "found": 2,
        "exceptions": 1,
        "sha256": hashlib.sha256(document).hexdigest(),
        "table_sha256": hashlib.sha256(exceptions_csv(document)).hexdigest(),
    }


def test_nobody_is_named_in_what_can_never_be_changed(month: list[Recording]) -> None:
    document = bytes(stated().document).decode()
    for name in ("Dana", "Marlowe", "Avery", "Cole", "1555"):
        assert name not in document


def test_the_same_again_is_no_new_version_and_a_difference_is_one(month: list[Recording]) -> None:
    first = stated()
    with time_machine.travel(NOW + timedelta(days=3), tick=False):
        assert state_month(month=OCTOBER, by=BY).pk == first.pk
        assert AuditEvent.objects.filter(kind="assurance.stated").count() == 1
        Recording.objects.filter(pk=month[1].pk).update(state="file_missing")
        second = state_month(month=OCTOBER, by=BY)
    assert (second.version, second.exceptions) == (2, 2)
    before = bytes(first.document)
    first.refresh_from_db()
    assert bytes(first.document) == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE recordings_completenessstatement SET expected = 0",
        "DELETE FROM recordings_completenessstatement",
        "TRUNCATE recordings_completenessstatement",
    ],
)
def test_the_application_can_change_none(month: list[Recording], statement: str) -> None:
    stated()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert CompletenessStatement.objects.get().expected == 3


@pytest.mark.parametrize("statement", ["UPDATE {} SET expected = 0", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.usefixtures("committed_db")
def test_not_even_a_superuser_changes_one_in_passing(
    month: list[Recording], admin_connection: psycopg.Connection, statement: str
) -> None:
    """Somebody who may drop the trigger can do it on purpose; then the sealed hash still tells."""
    stated()
    admin_connection.execute("SET session_replication_role = replica")
    with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
        admin_connection.execute(statement.format("recordings_completenessstatement"))


def test_the_schedule_states_the_month_that_is_over(month: list[Recording]) -> None:
    with time_machine.travel(datetime(2026, 11, 1, 4, 10, tzinfo=UTC), tick=False):
        tasks.state_last_month()
        Recording.objects.filter(pk=month[1].pk).update(state="file_missing")
        tasks.state_last_month()
    row = CompletenessStatement.objects.get()
    assert (row.month, row.stated_by) == (OCTOBER, None)


def test_a_month_is_stated_some_hours_after_its_end_or_as_soon_as_somebody_looks(
    month: list[Recording],
) -> None:
    for moment, stated in (((1, 4, 9), []), ((9, 0, 0), [OCTOBER]), ((9, 1, 0), [OCTOBER])):
        with time_machine.travel(datetime(2026, 11, *moment, tzinfo=UTC), tick=False):
            tasks.state_last_month()
        assert [row.month for row in CompletenessStatement.objects.filter(month=OCTOBER)] == stated


def test_neither_language_nor_wording_makes_another_version(
    month: list[Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    with translation.override("he"):
        first = stated()
    assert json.loads(bytes(first.document))["meanings"]["vanished"] == "CommBox no longer reports it."
    monkeypatch.setattr("recordings.assurance.statements.CAVEAT", "Put in other words.")
    assert stated().pk == first.pk


def test_an_empty_month_is_stated_as_empty(db: None) -> None:
    row = stated()
    assert (row.expected, row.found, row.exceptions) == (0, 0, 0)


# --- the pages


@pytest.fixture
def eva(db: None, client: Client) -> Client:
    client.force_login(person("external_auditor", "eva.lang"))
    return client


def test_a_month_is_asked_for_read_and_taken_along(
    eva: Client, month: list[Recording], first_page: Callable[[bytes], str]
) -> None:
    response = eva.post("/assurance/statements/new/", {"month": "2026-10"})
    row = CompletenessStatement.objects.get()
    assert response["Location"] == f"/assurance/statements/{row.pk}/"
    assert row.stated_by is not None
    html = eva.get(response["Location"]).content.decode()
    assert row.sha256 in html
    assert f"/audit/events/{row.event_id}/" in html
    assert "Eva Lang" in html
    exceptions = html[html.index("exceptions-title") :]
    assert "<bdi>Premium video</bdi>" in exceptions
    json_file = eva.get(f"{response['Location']}file.json")
    assert hashlib.sha256(json_file.content).hexdigest() == row.sha256
    csv_file = eva.get(f"{response['Location']}file.csv")
    assert hashlib.sha256(csv_file.content).hexdigest() == row.table_sha256
    rows = list(csv.DictReader(io.StringIO(csv_file.content.decode())))
    assert [(line["findings"], line["recording"]) for line in rows] == [
        ("vanished", str(month[0].pk)),
        ("late", str(month[2].pk)),
    ]
    assert csv_file["Content-Disposition"] == 'attachment; filename="completeness-2026-10-v1.csv"'
    pdf = eva.get(f"{response['Location']}file.pdf")
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    page = first_page(pdf.content)
    for words in ("Completenessstatementfor2026-10,version1", "Premiumvideo", "expected3·found2", row.sha256):
        assert words in page
    assert AuditEvent.objects.filter(kind="assurance.downloaded").count() == 3
    assert eva.get(f"{response['Location']}file.exe").status_code == 404


@pytest.mark.parametrize(
    ("query", "browser", "language"),
    [
        ("", "en", "en"),
        ("", "he", "he"),
        ("?language=he", "en", "he"),
        ("?language=en", "he", "en"),
        ("?language=x", "en", "en"),
    ],
)
def test_the_pdf_is_in_the_chosen_language_or_the_reader_s(
    eva: Client,
    month: list[Recording],
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    browser: str,
    language: str,
) -> None:
    monkeypatch.setattr(
        "recordings.assurance.statement_pdf.typeset", lambda data: str(translation.get_language()).encode()
    )
    pdf = eva.get(
        f"/assurance/statements/{stated().pk}/file.pdf{query}", headers={"accept-language": browser}
    )
    assert pdf.content.decode() == language


@pytest.mark.parametrize(
    ("month", "sentence"),
    [
        ("2026-11", "once it is over"),
        ("2031-01", "once it is over"),
        ("1999-12", "once it is over"),
        ("2026-13", "such as 2026-10"),
        ("October", "such as 2026-10"),
        ("", "required"),
    ],
)
def test_what_is_no_month_that_is_over_is_said(eva: Client, month: str, sentence: str) -> None:
    response = eva.post("/assurance/statements/new/", {"month": month})
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert not CompletenessStatement.objects.exists()


def test_an_older_version_says_that_it_is_one(eva: Client, month: list[Recording]) -> None:
    first = stated()
    Recording.objects.filter(pk=month[1].pk).update(state="file_missing")
    second = stated()
    assert "There is a newer version" in eva.get(f"/assurance/statements/{first.pk}/").content.decode()
    assert "There is a newer version" not in eva.get(f"/assurance/statements/{second.pk}/").content.decode()


def test_a_qa_manager_reads_and_does_not_state(client: Client, month: list[Recording]) -> None:
    row = stated()
    client.force_login(person("qa_manager"))
    html = client.get(f"/assurance/statements/{row.pk}/").content.decode()
    assert "file.json" not in html
    assert "/audit/events/" not in html
    assert client.post("/assurance/statements/new/", {"month": "2026-10"}).status_code == 403
    assert client.get(f"/assurance/statements/{row.pk}/file.json").status_code == 403


def test_the_trail_says_it_in_a_sentence_that_leads_there(eva: Client, month: list[Recording]) -> None:
    row = stated()
    html = eva.get("/audit/?group=assurance").content.decode()
    assert f'href="/assurance/statements/{row.pk}/"' in html
    text = " ".join(re.sub(r"<[^>]+>", "", html).split())
    assert "for 2026-10 · version 1 · 3 recordings expected · 2 found · 1 exception" in text


# --- before the first one


@pytest.mark.parametrize(
    ("days_ago", "sentences"),
    [
        (None, ["No recording is known yet."]),
        (3, ["The first known recording is from 17 November 2026."]),
        (60, ["from 21 September 2026", "Every month from September 2026 that is over can be stated now."]),
    ],
)
def test_the_page_says_on_the_first_day_what_can_be_stated_and_when(
    client: Client, days_ago: int | None, sentences: list[str]
) -> None:
    if days_ago is not None:
        recording(recorded_at=NOW - timedelta(days=days_ago))
    client.force_login(person("compliance_officer"))
    page = client.get("/assurance/statements/").content.decode()
    for sentence in sentences:
        assert sentence in page
    assert "for November 2026 is created automatically on 1 December 2026, 04:10 UTC." in page
    stated()
    assert "created automatically" not in client.get("/assurance/statements/").content.decode()
