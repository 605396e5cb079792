"""A large report is worked on by several processes: the same file, of one snapshot, and nobody left behind."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest

from auditportal.accounts.models import Grant, User
from recordings import processes
from recordings.audit import Actor, Kind, Outcome, Purpose, Target, record
from recordings.models import AuditEvent, Report, ReportState
from recordings.processes import ChildLost
from recordings.reach import EVERYTHING
from recordings.reports import building, events, files, leases, lines, pieces
from recordings.reports.actions import request_report
from recordings.sheets import xlsx
from recordings.trail.filters import TrailFilters

pytestmark = pytest.mark.usefixtures("committed_db")
OPENED = TrailFilters(kinds=(Kind.OBJECT_OPENED.value,))


@pytest.fixture(autouse=True)
def small_slices(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REPORTS_DIR = tmp_path / "reports"
    monkeypatch.setattr(events, "BATCH", 3)
    monkeypatch.setattr(pieces, "SHARED", 2)


@pytest.fixture
def noa(committed_db: None) -> User:
    user = User.objects.create(username="noa.levi", full_name="Noa Levi", password="!")
    Grant.objects.create(user=user, role="compliance_officer")
    for number in range(20):
        opened(user, number)
    return user


def acting(user: User) -> Actor:
    return Actor(f"user:{user.pk}", "person", user.full_name, user.role_codes, address="192.0.2.7")


def opened(user: User, number: int) -> None:
    target = Target("object", f"object:{number}", f"Dana, {number}", subject=f"customer:{number}")
    granted = {"outcome": Outcome.GRANTED, "purpose": Purpose.QUALITY, "note": "=1+1"}
    record(Kind.OBJECT_OPENED, by=acting(user), target=target, **granted)


def requested(user: User, format: str = "csv", filters: TrailFilters = OPENED) -> Report:
    return request_report(filters=filters, format=format, requested_by=user, by=acting(user))


def built(report: Report) -> bytes:
    building.build(report.pk)
    report.refresh_from_db()
    assert (report.state, report.error) == (ReportState.READY, "")
    return files.file_of(report).read_bytes()


def children(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Remember which child processes there are."""
    found: list[int] = []
    start = processes._start

    def remembered() -> "subprocess.Popen[bytes]":
        found.append((child := start()).pid)
        return child

    monkeypatch.setattr(processes, "_start", remembered)
    return found


def gone(pids: Sequence[int]) -> bool:
    """Whether none of these is a process any more, not even one that nobody has waited for."""
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.parametrize("format", ["csv", "jsonl"])
@pytest.mark.parametrize("filters", [OPENED, TrailFilters(), TrailFilters(any_ref=("object:3", "object:11"))])
def test_the_file_is_the_one_a_single_process_makes(
    noa: User, monkeypatch: pytest.MonkeyPatch, format: str, filters: TrailFilters
) -> None:
    report = requested(noa, format, filters)
    monkeypatch.setattr(pieces, "SHARED", 1)
    started = children(monkeypatch)
    shared = built(report)
    assert len(started) == 1
    assert gone(started)
    Report.objects.update(state=ReportState.WAITING)
    monkeypatch.setattr(pieces, "SHARED", 1000)
    assert built(report) == shared
    assert len(started) == 1


def test_a_workbook_beyond_what_a_sheet_holds_goes_on_in_the_next(
    noa: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F38: split, never cut; also between rows that another process has made."""
    monkeypatch.setattr(xlsx, "SHEET_ROWS", 8)
    report = requested(noa, "xlsx")
    built(report)
    book = openpyxl.load_workbook(files.file_of(report))
    assert book.sheetnames == ["About", "Events 1", "Events 2", "Events 3"]
    rows = [[*sheet.iter_rows(values_only=True)] for sheet in book.worksheets[1:]]
    assert [len(sheet) for sheet in rows] == [8, 8, 7]
    assert all(sheet[0] == lines.TITLES for sheet in rows)
    target = lines.COLUMNS.index("target")
    assert [row[target] for sheet in rows for row in sheet[1:]] == [
        f"object:{number}" for number in range(20)
    ]
    assert report.rows_done == 20


@pytest.mark.slow
def test_all_processes_see_one_moment(
    noa: User, admin_connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F38: what is written, and who is erased, between the count and the last row changes nothing."""
    report = requested(noa)
    Report.objects.update(last_event_id=2**62)

    def later(works: Any, prepare: Any) -> Any:
        opened(noa, 99)
        admin_connection.execute("DELETE FROM audit.subject_key WHERE subject = 'customer:7'")
        return processes.in_children(works, prepare)

    monkeypatch.setattr(pieces, "in_children", later)
    text = built(report).decode()
    assert AuditEvent.objects.filter(kind=Kind.OBJECT_OPENED).count() == 21
    assert "object:99" not in text
    assert '"Dana, 7"' in text
    monkeypatch.setattr(pieces, "in_children", processes.in_children)
    text = built(requested(noa)).decode()
    assert "object:99" in text
    assert '"Dana, 7"' not in text


def test_who_joins_the_moment_cannot_write(noa: User) -> None:
    wanted = events.Wanted(OPENED, EVERYTHING, 2**62)
    with events.snapshot(wanted) as first, events.joined(first.address, first.name, wanted) as same:
        assert same.slices() == first.slices()
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            same._connection.execute("CREATE TABLE written (x int)")


def dying(*_: Any) -> Iterator[bytes]:
    """In place of a child's pieces: one, and then the kernel kills it for its memory."""
    yield b"a piece"
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_a_lost_process_leaves_the_report_to_the_next_attempt(
    noa: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is claimed again when its lease is over, and nothing is half there."""
    really = pieces._pieces_in_child
    monkeypatch.setattr(pieces, "_pieces_in_child", dying)
    started = children(monkeypatch)
    report = requested(noa)
    with pytest.raises(ChildLost):
        building.build(report.pk)
    report.refresh_from_db()
    assert (report.state, report.sha256) == (ReportState.BUILDING, "")
    assert len(started) == 1
    assert gone(started)
    assert list(files.folder().iterdir()) == []
    monkeypatch.setattr(pieces, "_pieces_in_child", really)
    Report.objects.update(leased_until=None)
    assert built(report).count(b"\r\n") == 21


def test_a_full_disk_and_a_lost_lease_end_the_processes(noa: User, monkeypatch: pytest.MonkeyPatch) -> None:
    started = children(monkeypatch)
    write = files.Draft.write

    def full(self: files.Draft, data: bytes) -> int:
        raise OSError(28, "full")

    def taken_over(self: files.Draft, data: bytes) -> int:
        Report.objects.update(attempts=2, leased_until="2126-11-20T12:00Z")
        return write(self, data)

    monkeypatch.setattr(building, "RENEW_SECONDS", 0)
    for trouble, state in ((full, ReportState.FAILED), (taken_over, ReportState.BUILDING)):
        report = requested(noa)
        monkeypatch.setattr(files.Draft, "write", trouble)
        building.build(report.pk)
        report.refresh_from_db()
        assert report.state == state
        assert list(files.folder().iterdir()) == []
    assert len(started) == 2
    assert gone(started)


def test_no_process_to_be_had_is_nothing_wrong_with_the_file(
    noa: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*command: Any, **options: Any) -> Any:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", none_left)
    report = requested(noa)
    with pytest.raises(ChildLost):
        building.build(report.pk)
    report.refresh_from_db()
    assert (report.state, leases.unclaimed()) == (ReportState.BUILDING, [])
