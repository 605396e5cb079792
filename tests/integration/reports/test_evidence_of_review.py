"""The evidence of review: what supervision queued, decided and checked, computed from the trail."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from auditportal.accounts.models import User
from recordings.models import AuditEvent, Disposition, ItemSource, SupervisionItem
from recordings.reviews.supervision.items import Decision, add_to_queue, dispose
from tests.factories import person, recording, viewing
from tests.integration.reports.test_report_kinds import asked, rows_of
from tests.integration.trail.helpers import acting, signed_in

pytestmark = pytest.mark.usefixtures("committed_db")
NOTE = "=SUM(A1) was promised"


@pytest.fixture(autouse=True)
def reports_dir(settings: Any, tmp_path: Path) -> None:
    settings.REPORTS_DIR = tmp_path / "reports"


@pytest.fixture
def noa() -> User:
    return person("compliance_officer", "noa.levi")


@pytest.fixture
def tom() -> User:
    return person("compliance_officer", "tom.brandt")


@pytest.fixture
def client(noa: User) -> Client:
    return signed_in(noa)


@pytest.fixture
def items(noa: User, tom: User) -> list[SupervisionItem]:
    """Three items: Noa questioned and closed the first, Tom found a violation in the second, the third waits."""
    calls = [recording() for _ in range(3)]
    viewing(calls[0], noa, watched=[(60_000, 125_500)])
    queued = [
        add_to_queue(recording=call, source=ItemSource.PLAN, source_ref="plan:7", by=acting(noa))[0]
        for call in calls
    ]

    def decide(
        item: SupervisionItem, who: User, base: int, code: Disposition, reason: str, **more: Any
    ) -> None:
        decision = Decision(disposition=code, reason=reason, **more)
        dispose(item=item, base=base, decision=decision, person=who, by=acting(who))

    decide(queued[0], noa, 0, Disposition.QUESTIONED, "unclear", note=NOTE, moment=(83_000, 83_000))
    decide(queued[0], noa, 1, Disposition.CLOSED, "resolved")
    decide(queued[1], tom, 0, Disposition.VIOLATION, "privacy")
    return queued


def test_each_decision_is_a_row_and_what_nobody_decided_follows(
    client: Client, items: list[SupervisionItem], noa: User
) -> None:
    report, data = asked(client, report="review", format="csv")
    rows = rows_of(data)
    assert [(row["reviewed_by"], row["act"], row["reason"]) for row in rows] == [
        ("Noa Levi", "Questioned", "Statement unclear"),
        ("Noa Levi", "Closed", "Resolved with the agent"),
        ("Tom Brandt", "Violation", "Personal data disclosed"),
        ("", "Not reviewed", ""),
    ]
    first = rows[0]
    assert (first["moment"], first["watched"], first["watched_percent"]) == ("1:23", "0:01:05", "12")
    assert (first["source"], first["drawn_by"], first["account"]) == (
        "Sampling plan",
        "plan:7",
        f"user:{noa.pk}",
    )
    assert NOTE in first["note"]
    assert first["queued_at"] <= first["reviewed_at"]
    event = AuditEvent.objects.get(event_id=first["event_id"])
    assert (first["event_no"], first["body_sha256"]) == (str(event.pk), bytes(event.body_hash).hex())
    assert {row["item"] for row in rows[:2]} == {str(items[0].pk).replace("-", "")[-8:].upper()}
    built = json.loads(bytes(AuditEvent.objects.get(kind="export.built").body))["action_detail"]
    assert (built["sha256"], built["kind"], built["rows"]) == (report.sha256, "review", 4)
    assert report.file_name.startswith("evidence-of-review-until-")


def test_of_one_officer_it_has_their_decisions_only(
    client: Client, items: list[SupervisionItem], tom: User
) -> None:
    today = timezone.now().date().isoformat()
    period = {"since": today, "until": today, "person": f"user:{tom.pk}"}
    (row,) = rows_of(asked(client, report="review", format="csv", **period)[1])
    assert (row["reviewed_by"], row["source"]) == ("Tom Brandt", "Sampling plan")
    lines = asked(client, report="review", format="jsonl", **period)[1].splitlines()
    assert [json.loads(line)["reason"] for line in lines] == ["Personal data disclosed"]
    before = (timezone.now() - timedelta(days=9)).date().isoformat()
    assert rows_of(asked(client, report="review", format="csv", until=before)[1]) == []


def test_a_pdf_and_a_workbook_are_made(client: Client, items: list[SupervisionItem]) -> None:
    assert asked(client, report="review", format="pdf")[1].startswith(b"%PDF")
    assert asked(client, report="review", format="xlsx")[1].startswith(b"PK")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"format": "bundle"}, "A bundle has events."),
        ({"format": "csv", "outcome": "denied"}, "can be filtered by period"),
    ],
)
def test_what_it_cannot_be_is_said(client: Client, given: dict[str, str], sentence: str) -> None:
    answer = client.post("/reports/request/", {"report": "review", **given})
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
