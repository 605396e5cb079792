"""A report as a workbook says what the same report as CSV says."""

import csv
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from auditportal.accounts.models import Grant, User
from recordings.audit import Actor, Kind, Outcome, Target, record
from recordings.models import Report
from recordings.reports import files
from recordings.reports.actions import request_report
from recordings.reports.building import build
from recordings.reports.lines import COLUMNS, TITLES
from recordings.trail.filters import TrailFilters
from tests.cells import original

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture(autouse=True)
def reports_dir(settings: Any, tmp_path: Path) -> None:
    settings.REPORTS_DIR = tmp_path / "reports"


@pytest.fixture
def noa(committed_db: None) -> User:
    user = User.objects.create(username="noa.levi", full_name="Noa Levi", password="!")
    Grant.objects.create(user=user, role="compliance_officer")
    return user


def built(user: User, format: str) -> Path:
    by = Actor(f"user:{user.pk}", "person", user.full_name, user.role_codes)
    filters = TrailFilters(kinds=(Kind.OBJECT_OPENED.value,))
    report = request_report(filters=filters, format=format, requested_by=user, by=by)
    build(report.pk)
    report = Report.objects.get(pk=report.pk)
    path = files.file_of(report)
    assert (report.state, report.file_name.rpartition(".")[2]) == ("ready", format)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == report.sha256
    return path


def test_a_workbook_says_what_the_csv_says(noa: User) -> None:
    by = Actor(f"user:{noa.pk}", "person", "Noa Levi", address="192.0.2.7")
    for number, label in enumerate(["דנה מרלו", "=cmd|'x'", "a\r\nb", "\x01"]):
        target = Target("object", f"object:{number}", label, subject=f"customer:{number}")
        record(Kind.OBJECT_OPENED, by=by, target=target, outcome=Outcome.GRANTED, note="_x0041_")
    text = built(noa, "csv").read_bytes().decode("utf-8-sig")
    expected = [[original(cell) for cell in row] for row in csv.reader(text.splitlines(keepends=True))]
    sheet = openpyxl.load_workbook(built(noa, "xlsx"))["Events"]
    head, *rows = _values(sheet)
    assert tuple(head) == TITLES
    assert tuple(expected[0]) == COLUMNS
    times = slice(1, 3)  # recorded_at and occurred_at; openpyxl gives milliseconds
    for row, in_csv in zip(rows, expected[1:], strict=True):
        assert row[times] == pytest.approx([_seconds(text) for text in in_csv[times]], abs=0.002)
        del row[times], in_csv[times]
        assert row == in_csv


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _values(sheet: Any) -> list[list[Any]]:
    return [[_value(value) for value in row] for row in sheet.iter_rows(values_only=True)]


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).timestamp()
    return "" if value is None else unescape(str(value))
