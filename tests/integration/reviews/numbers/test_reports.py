"""Evaluations and their numbers as files: what they hold, within which reach, and who sees them."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.test import Client

from auditportal.accounts.models import Grant
from recordings.models import AuditEvent, Report
from recordings.reports import files
from recordings.reports.building import build
from tests.factories import agent, conversation, person, recording
from tests.integration.reviews.numbers.evaluated import evaluated, version
from tests.integration.reviews.numbers.test_numbers import PERIOD
from tests.integration.trail.helpers import signed_in

pytestmark = pytest.mark.usefixtures("committed_db")
AT = datetime(2026, 11, 20, 9, 14, 22, tzinfo=UTC)


@pytest.fixture(autouse=True)
def reports_dir(settings: Any, tmp_path: Path) -> None:
    settings.REPORTS_DIR = tmp_path / "reports"


@pytest.fixture
def client() -> Client:
    return signed_in(person("compliance_officer"))


def asked(client: Client, **data: Any) -> tuple[Report, bytes]:
    response = client.post("/reports/numbers/", {**PERIOD, **data})
    assert response.status_code == 302, response.context["form"].errors
    report = Report.objects.latest("requested_at")
    build(report.pk)
    report.refresh_from_db()
    assert (report.state, report.error) == ("ready", "")
    return report, files.file_of(report).read_bytes()


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_one_row_per_evaluation(client: Client) -> None:
    """Current and first score, names as they are now, no customer; a name that is a formula is neutral."""
    scorer, other = person("qa_manager", full_name="Sam Scorer"), agent("=1+1")
    call = recording(conversation(agent=other, customer_name="Dana Marlowe"), recorded_at=AT, rebuild=False)
    sections = [{"key": "a", "score": "40.00"}, {"key": "b", "score": None}]
    evaluated(
        call,
        scorer,
        version(scorer),
        {"score": "50.00"},
        {"score": "75.25", "failed": 2, "sections": sections},
    )
    report, data = asked(client, report="scores", format="csv")
    (row,) = table(data)
    assert (row["score"], row["first_score"], row["changes"], row["agent"]) == (
        "75.25",
        "50.00",
        "1",
        "'=1+1",
    )
    assert (row["failed_questions"], row["section_scores"]) == ("q0 q1", "a=40.00 b=")
    assert (row["recorded_at"], row["scorer"], row["version"]) == ("2026-11-20T09:14:22Z", "Sam Scorer", "1")
    assert b"Marlowe" not in data
    assert report.file_name.startswith("evaluations-2026-11-02-to-2026-11-29-")
    page = client.get(f"/reports/{report.pk}/").content.decode()
    assert "1 evaluation" in page
    assert "from the events" not in page
    events = AuditEvent.objects.filter(kind__startswith="export.").order_by("id")
    assert [event.kind for event in events] == ["export.requested", "export.built"]


def test_excel_has_numbers_and_a_cover(client: Client) -> None:
    scorer = person("qa_manager")
    evaluated(
        recording(conversation(agent=agent()), recorded_at=AT), scorer, version(scorer), {"score": "75.25"}
    )
    _report, data = asked(client, report="scores", format="xlsx")
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["About", "Evaluations"]
    head, row = book["Evaluations"].iter_rows(values_only=True)
    assert dict(zip(head, row, strict=True))["Score"] == 75.25
    facts = dict(book["About"].iter_rows(values_only=True))
    assert facts["What"].startswith("Evaluations, one row per evaluation")
    assert "Newest checkpoint" not in facts


@pytest.mark.parametrize("kind", ["scores", "numbers"])
def test_as_pdf(client: Client, kind: str) -> None:
    scorer = person("qa_manager")
    evaluated(
        recording(conversation(agent=agent()), recorded_at=AT), scorer, version(scorer), {"score": "75.25"}
    )
    _report, data = asked(client, report=kind, format="pdf")
    assert data.startswith(b"%PDF-")


def test_numbers_have_n_and_interval(client: Client) -> None:
    scorer, of = person("qa_manager"), agent("Dina")
    card, talk = version(scorer), conversation(agent=of)
    for score in ("60.00", "60.00", "90.00"):
        evaluated(recording(talk, recorded_at=AT), scorer, card, {"score": score})
    _report, data = asked(client, report="numbers", format="csv")
    rows = {(row["table"], row["of"], row["what"]): row for row in table(data)}
    average = rows["All evaluations", "", "average score"]
    assert (average["n"], average["value"], average["low"], average["high"]) == (
        "3",
        "70.00",
        "26.97",
        "113.03",
    )
    assert rows["Distribution", "60–64.99", "evaluations"]["n"] == "2"
    assert rows["Agents", "Dina", "average score"]["remark"] == "too few to rank: fewer than 10"
    assert rows["Video call, standard, version 1", "1.1 Greeted by name?", "Yes"]["n"] == "0"


def test_within_both_reaches_and_for_the_requester_only() -> None:
    """A report has what the person may export and read; another reader of the trail does not see it."""
    scorer, seen, hidden = person("qa_manager"), agent("Seen"), agent("Hidden")
    card = version(scorer)
    for of in (seen, hidden):
        evaluated(recording(conversation(agent=of), recorded_at=AT), scorer, card, {"score": "75.25"})
    officer = person()
    Grant.objects.create(user=officer, role="compliance_officer", agents=[seen.pk])
    report, data = asked(signed_in(officer), report="scores", format="csv")
    assert [row["agent"] for row in table(data)] == ["Seen"]
    other = signed_in(person("compliance_officer"))
    assert other.get(f"/reports/{report.pk}/").status_code == 404
    auditor = signed_in(person("external_auditor"))
    assert auditor.get("/reports/numbers/").status_code == 403
    assert str(report.pk) not in auditor.get("/reports/").content.decode()
