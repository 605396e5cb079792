"""Reports of events, of viewings and of access by person, as Excel, CSV and PDF: what they hold and say."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
from django.test import Client

from auditportal.accounts.models import User
from recordings.audit import Actor, Kind, Outcome, Purpose, Target, record
from recordings.models import Report
from recordings.reports import files
from recordings.reports.building import build
from recordings.reports.forms import ReportForm
from tests import pseudo
from tests.factories import person
from tests.integration.trail.helpers import acting, opened, signed_in

pytestmark = pytest.mark.usefixtures("committed_db")
RECORDING = "recording:01890a5d-ac96-774b-bcce-b3029f2c1a2b"


@pytest.fixture(autouse=True)
def reports_dir(settings: Any, tmp_path: Path) -> None:
    settings.REPORTS_DIR = tmp_path / "reports"


@pytest.fixture
def noa() -> Any:
    return person("compliance_officer", "noa.levi")


@pytest.fixture
def tom() -> Any:
    return person("qa_manager", "tom.brandt")


@pytest.fixture
def client(noa: User) -> Client:
    return signed_in(noa)


def viewing(
    by: Actor, *, note: str = "", watched: int = 0, finished: bool = True, refused: bool = False
) -> str:
    key = str(uuid4())

    def step(kind: Kind, outcome: Outcome = Outcome.GRANTED, note: str = "", **detail: Any) -> None:
        target = Target("recording", RECORDING, "Dana Marlowe", parent="object:101", subject="customer:9")
        detail = {"viewing": key, **detail}
        record(kind, by=by, target=target, purpose=Purpose.DISPUTE, outcome=outcome, note=note, detail=detail)

    step(Kind.VIEWING_REQUESTED, note=note)
    if refused:
        step(Kind.URL_REFUSED, Outcome.ERROR, sentence="CommBox did not answer.")
        return key
    step(Kind.URL_ISSUED)
    if watched:
        step(Kind.WATCHED, Outcome.COMPLETED, watched_ms=watched, span_words="0:00–0:09")
        step(Kind.URL_RENEWED)
    if finished:
        step(Kind.VIEWING_FINISHED, Outcome.COMPLETED, watched_ms=watched, span_words="0:00–0:09")
    return key


def asked(client: Client, **data: Any) -> tuple[Report, bytes]:
    response = client.post("/reports/request/", data)
    assert response.status_code == 302, response.context["form"].errors
    report = Report.objects.latest("requested_at")
    build(report.pk)
    report.refresh_from_db()
    assert (report.state, report.error) == ("ready", "")
    return report, files.file_of(report).read_bytes()


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_a_viewing_is_one_row_and_a_refusal_is_none(client: Client, tom: User) -> None:
    by = acting(tom, address="203.0.113.9")
    key = viewing(by, note="0012345", watched=9_400)
    viewing(by, refused=True)
    viewing(by, watched=2_000, finished=False)
    report, data = asked(client, report="viewings", format="csv")
    first, second = rows_of(data)
    assert first["viewing"] == f"V-{key.replace('-', '')[-8:].upper()}"
    assert (first["person"], first["role"], first["purpose"], first["note"]) == (
        "Tom Brandt",
        "QA manager",
        "Dispute",
        "0012345",
    )
    assert (first["recording"], first["object"], first["customer"]) == ("9F2C1A2B", "101", "Dana Marlowe")
    assert (first["watched"], first["urls"], first["end"], first["address"]) == (
        "0:00:09",
        "2",
        "by the person",
        "203.0.113.9",
    )
    assert (second["ended_at"], second["end"], second["watched"]) == ("", "open", "0:00:02")
    assert report.rows_done == 2


def test_a_viewing_of_one_person_that_the_portal_ended_has_its_end(
    client: Client, noa: User, tom: User
) -> None:
    """The player fell silent, so the portal ended it: that event is not the person's own."""
    key = viewing(acting(tom), watched=2_000, finished=False)
    viewing(acting(noa), watched=3_000)
    record(
        Kind.VIEWING_FINISHED,
        by=Actor.system("playback"),
        target=Target("recording", RECORDING, "Dana Marlowe", parent="object:101", subject="customer:9"),
        outcome=Outcome.COMPLETED,
        detail={"viewing": key, "watched_ms": 4_000, "reason": "the player stopped reporting"},
    )
    _, data = asked(client, report="viewings", format="csv", person=f"user:{tom.pk}")
    (row,) = rows_of(data)
    assert (row["person"], row["watched"], row["end"]) == (
        "Tom Brandt",
        "0:00:04",
        "the player stopped reporting",
    )
    assert row["ended_at"] != ""


def test_access_by_person_counts_what_each_did(client: Client, noa: User, tom: User) -> None:
    by = acting(tom)
    viewing(by, watched=60_000)
    viewing(by, refused=True)
    opened(tom, 1)
    record(Kind.SIGN_IN_FAILED, by=Actor("anonymous", "anonymous"), target=Target("person", f"user:{tom.pk}"))
    _, data = asked(client, report="access", format="csv")
    rows = {row["person"]: row for row in rows_of(data)}
    assert set(rows) == {"Noa Levi", "Tom Brandt"}
    counts = ("sign_ins", "failed_sign_ins", "openings", "recordings", "viewings", "watched", "refusals")
    assert [rows["Tom Brandt"][name] for name in counts] == ["0", "1", "1", "1", "1", "0:01:00", "1"]
    assert rows["Noa Levi"]["sign_ins"] == "1"
    assert rows["Noa Levi"]["reports"] == "0"  # the request is behind the last event of the report


@pytest.mark.parametrize("kind", ["events", "viewings", "access"])
def test_a_workbook_has_dates_readable_headers_a_filter_and_a_cover(
    client: Client, tom: User, kind: str
) -> None:
    viewing(acting(tom), note="3-12", watched=5_000)
    report, data = asked(client, report=kind, format="xlsx", since="2020-01-01", until="2099-01-01")
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert len(book.sheetnames) == 2
    assert book.sheetnames[0] == "About"
    about = dict(book["About"].iter_rows(values_only=True))
    assert about["Period"] == "from 1 January 2020 to 1 January 2099 (UTC)"
    assert about["Requested by"] == "Noa Levi"
    assert about["Report"] == str(report.pk)
    assert abs(about["Log since (UTC)"].replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(hours=1)
    assert "The report cannot cover the days before." in about["Note"]
    assert {"What", "Filters", "Rows", "Newest checkpoint", "SHA-256 of the file"} <= set(about)
    sheet = book[book.sheetnames[1]]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == sheet.dimensions
    titles = [cell.value for cell in sheet[1]]
    assert all(title[0].isupper() and "_" not in title for title in titles)
    moments = [
        column for column in sheet.iter_cols(min_row=2) if titles[column[0].column - 1].endswith("(UTC)")
    ]
    assert moments
    assert all(cell.is_date for column in moments for cell in column)
    if kind == "viewings":
        row = dict(zip(titles, (cell.value for cell in sheet[2]), strict=True))
        assert row["Watched"] == timedelta(seconds=5)
        assert row["Note"] == "3-12"


@pytest.mark.parametrize("kind", ["events", "viewings", "access"])
def test_each_kind_comes_as_a_pdf(client: Client, tom: User, kind: str) -> None:
    viewing(acting(tom), note="\ue000 דנה", watched=5_000)
    report, data = asked(client, report=kind, format="pdf")
    assert data.startswith(b"%PDF-1.7")
    response = client.get(f"/reports/{report.pk}/file")
    assert response["Content-Type"] == "application/pdf"


def test_a_pdf_is_in_the_language_that_was_chosen_and_exports_are_in_english(
    client: Client, tom: User, first_page: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewing(acting(tom), watched=5_000)
    monkeypatch.setattr(ReportForm.base_fields["language"], "choices", [(pseudo.LANGUAGE, "Brackets")])
    with pseudo.installed():
        report, data = asked(client, report="viewings", format="pdf", language=pseudo.LANGUAGE)
        _, table = asked(client, report="viewings", format="csv", language=pseudo.LANGUAGE)
    assert report.language == pseudo.LANGUAGE
    assert "⟦Viewings,onerowperviewing⟧" in first_page(data)
    assert "⟦" not in table.decode("utf-8-sig")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (
            {"since": "2026-11-01", "until": "2026-11-20", "format": "csv"},
            "audit-trail-2026-11-01-to-2026-11-20-",
        ),
        ({"until": "2026-11-20", "format": "csv", "report": "viewings"}, "viewings-until-2026-11-20-"),
        ({"format": "pdf", "report": "access"}, f"access-by-person-until-{datetime.now(UTC):%Y-%m-%d}-"),
        (
            {"since": "2026-11-01", "format": "jsonl"},
            f"audit-trail-2026-11-01-to-{datetime.now(UTC):%Y-%m-%d}-",
        ),
    ],
)
def test_the_name_of_a_file_has_its_period(client: Client, data: dict[str, str], name: str) -> None:
    report, _ = asked(client, **data)
    assert report.file_name.startswith(name)
    assert report.file_name.endswith(f"{report.pk.hex[-8:]}.{data['format']}")


@pytest.mark.parametrize("kind", ["events", "viewings", "access"])
def test_an_empty_period_says_that_the_log_began_later(client: Client, kind: str) -> None:
    report, _ = asked(client, report=kind, format="csv", since="2020-03-01", until="2020-03-31")
    page = " ".join(client.get(f"/reports/{report.pk}/").content.decode().split())
    assert "after this period. The report cannot cover the period." in page
    assert report.rows_done == 0


def test_a_viewing_is_in_the_period_in_which_it_begins(client: Client, tom: User) -> None:
    viewing(acting(tom))
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert asked(client, report="viewings", format="csv", since=today, until=today)[0].rows_done == 1
    assert asked(client, report="viewings", format="csv", until="2020-01-01")[0].rows_done == 0


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"report": "viewings", "format": "jsonl"}, "available as Excel, CSV or PDF"),
        ({"report": "access", "format": "bundle"}, "available as Excel, CSV or PDF"),
        ({"report": "viewings", "format": "csv", "outcome": "denied"}, "Remove the other filters"),
        ({"report": "access", "format": "csv", "purpose": "quality"}, "Remove the other filters"),
        ({"report": "viewings", "format": "csv", "q": "CASE-4711"}, "Remove the other filters"),
        ({"report": "nothing", "format": "csv"}, "Select a valid choice"),
    ],
)
def test_what_such_a_report_cannot_be_is_said(client: Client, data: dict[str, str], sentence: str) -> None:
    response = client.post("/reports/request/", data)
    assert response.status_code == 400
    assert sentence in response.content.decode()


def test_the_page_recommends_excel_and_says_why(client: Client) -> None:
    page = " ".join(client.get("/reports/").content.decode().split())
    assert "Excel is recommended for reading" in page
    assert "0012345 becomes 12345" in page
    report, _ = asked(client, format="csv")
    assert (
        "To read the report in a spreadsheet, request Excel."
        in client.get(f"/reports/{report.pk}/").content.decode()
    )
