"""Reports as files: complete, exact, hashed, resumed by another worker, failed with a sentence."""

import csv
import errno
import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from structlog.contextvars import bind_contextvars

from auditportal.accounts.models import Grant, User
from recordings.audit import Actor, Kind, Outcome, Purpose, Target, record
from recordings.audit.vault import commitment
from recordings.models import AuditEvent, Report, ReportState
from recordings.reach import EVERYTHING
from recordings.reports import building, files, leases
from recordings.reports.actions import request_report
from recordings.reports.lines import COLUMNS
from recordings.reports.tasks import build_report, sweep_reports
from recordings.trail.filters import TrailFilters
from recordings.trail.queries import trail_of
from tests.cells import original

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture(autouse=True)
def reports_dir(settings: Any, tmp_path: Path) -> Path:
    settings.REPORTS_DIR = tmp_path / "reports"
    return tmp_path / "reports"


@pytest.fixture
def noa(committed_db: None) -> User:
    user = User.objects.create(username="noa.levi", full_name="Noa Levi", password="!")
    Grant.objects.create(user=user, role="compliance_officer")
    return user


def acting(user: User) -> Actor:
    return Actor(f"user:{user.pk}", "person", user.full_name, user.role_codes, address="192.0.2.7")


def requested(user: User, format: str = "csv", filters: TrailFilters | None = None) -> Report:
    return request_report(
        filters=filters or TrailFilters(), format=format, requested_by=user, by=acting(user)
    )


def opened(user: User, object_id: int, label: str = "Dana Marlowe", note: str = "") -> None:
    target = Target("object", f"object:{object_id}", label, subject=f"customer:{object_id}")
    record(
        Kind.OBJECT_OPENED,
        by=acting(user),
        target=target,
        outcome=Outcome.GRANTED,
        purpose=Purpose.QUALITY,
        note=note,
    )


def built(report: Report) -> tuple[Report, bytes]:
    build_report(str(report.pk))
    report.refresh_from_db()
    assert (report.state, report.error) == (ReportState.READY, "")
    return report, files.file_of(report).read_bytes()


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode("utf-8-sig").splitlines(keepends=True)))


def test_a_csv_holds_every_event_up_to_the_request(noa: User) -> None:
    bind_contextvars(request_id="5e55-1")
    opened(noa, 1407374990000101, "דנה מרלו", note="=1+1")
    opened(noa, 1407374990000102)
    report = requested(noa)
    opened(noa, 1407374990000103)  # after the request: not in it
    report, content = built(report)
    rows = table(content)
    assert tuple(rows[0]) == COLUMNS
    first = AuditEvent.objects.order_by("id")[0]
    assert rows[0] == {
        "event_no": str(first.id),
        "recorded_at": first.recorded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "occurred_at": first.occurred_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "kind": "object.opened",
        "outcome": "granted",
        "actor": f"user:{noa.pk}",
        "actor_name": "Noa Levi",
        "role": "compliance_officer",
        "purpose": "quality",
        "note": "'=1+1",
        "target_kind": "object",
        "target": "object:1407374990000101",
        "target_label": "דנה מרלו",
        "object": "object:1407374990000101",
        "address": "192.0.2.7",
        "request_id": "5e55-1",
        "sentence": "Noa Levi opened object 1407374990000101",
        "event_id": str(first.event_id),
        "body_sha256": hashlib.sha256(bytes(first.body)).hexdigest(),
    }
    assert original(rows[0]["note"]) == "=1+1"
    assert [row["target"] for row in rows] == ["object:1407374990000101", "object:1407374990000102"]
    assert (report.rows_done, report.rows_expected) == (2, 2)
    assert report.sha256 == hashlib.sha256(content).hexdigest()
    assert report.size_bytes == len(content)


def test_json_lines_hold_the_exact_bytes_and_what_opens_the_commitments(noa: User) -> None:
    opened(noa, 1407374990000101, "דנה מרלו")
    _, content = built(requested(noa, "jsonl"))
    (line,) = [json.loads(text) for text in content.splitlines()]
    event = AuditEvent.objects.order_by("id")[0]
    assert line["n"] == event.id
    assert line["body"].encode() == bytes(event.body)
    assert line["sha256"] == hashlib.sha256(line["body"].encode()).hexdigest()
    body = json.loads(line["body"])
    said = {}
    for name, found in line["revealed"].items():
        part, key = name.split(".")
        assert commitment(name, bytes.fromhex(found["salt"]), found["value"]) == body[part][key]
        said[name] = found["value"]
    assert said == {"actor.name": "Noa Levi", "object.label": "דנה מרלו", "source.ip": "192.0.2.7"}


def test_what_was_erased_is_not_in_a_report(noa: User, admin_connection: Any) -> None:
    opened(noa, 1407374990000101, "Dana Marlowe")
    admin_connection.execute("DELETE FROM audit.subject_key WHERE subject = 'customer:1407374990000101'")
    _, content = built(requested(noa))
    assert table(content)[0]["target_label"] == "erased"
    _, lines = built(requested(noa, "jsonl"))
    assert "object.label" not in json.loads(lines.splitlines()[0])["revealed"]


def test_filters_narrow_a_report(noa: User) -> None:
    for number in (1, 2, 1):
        opened(noa, number)
    filters = TrailFilters(any_ref=("object:1",), kinds=(Kind.OBJECT_OPENED.value,))
    _, content = built(requested(noa, filters=filters))
    assert [row["target"] for row in table(content)] == ["object:1", "object:1"]
    _, nothing = built(requested(noa, filters=TrailFilters(nothing=True)))
    assert table(nothing) == []


def test_batches_lose_nothing_and_double_nothing(noa: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recordings.reports.events.BATCH", 3)
    monkeypatch.setattr(building, "RENEW_SECONDS", 0)
    for number in range(10):
        opened(noa, number)
    report, content = built(requested(noa))
    assert [row["target"] for row in table(content)] == [f"object:{number}" for number in range(10)]
    assert report.rows_done == 10


def test_asking_building_and_failing_are_events(noa: User) -> None:
    report, content = built(requested(noa))
    rows = trail_of(f"report:{report.pk}")
    assert [row.kind for row in rows] == ["export.built", "export.requested"]
    event = AuditEvent.objects.get(kind=Kind.REPORT_BUILT)
    assert json.loads(bytes(event.body))["action_detail"] == {
        "rows": 0,
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "file_name": report.file_name,
    }


def test_a_right_that_was_withdrawn_meanwhile_builds_nothing(noa: User, reports_dir: Path) -> None:
    """Rights are checked again when the job runs."""
    report = requested(noa)
    Grant.objects.update(ended_at=timezone.now())
    build_report(str(report.pk))
    report.refresh_from_db()
    assert (report.state, report.error) == (ReportState.FAILED, building.NO_RIGHT)
    assert AuditEvent.objects.get(kind=Kind.REPORT_FAILED).outcome == "denied"
    assert not reports_dir.exists()


@pytest.mark.parametrize("format", ["csv", "xlsx", "jsonl", "pdf"])
@pytest.mark.parametrize("withdrawn", ["grant ended", "account closed"])
def test_a_right_that_is_withdrawn_while_building_leaves_no_file(
    noa: User, reports_dir: Path, monkeypatch: pytest.MonkeyPatch, format: str, withdrawn: str
) -> None:
    """Rights are checked again before the file is finished."""
    opened(noa, 1)
    report = requested(noa, format)
    write = files.Draft.write

    def meanwhile(self: files.Draft, data: bytes) -> int:
        if withdrawn == "account closed":
            User.objects.filter(pk=noa.pk).update(is_active=False)
        else:
            Grant.objects.update(ended_at=timezone.now())
        return write(self, data)

    monkeypatch.setattr(files.Draft, "write", meanwhile)
    build_report(str(report.pk))
    report.refresh_from_db()
    assert (report.state, report.error, report.file_name) == (ReportState.FAILED, building.NO_RIGHT, "")
    assert AuditEvent.objects.get(kind=Kind.REPORT_FAILED).outcome == "denied"
    assert not AuditEvent.objects.filter(kind=Kind.REPORT_BUILT).exists()
    assert list(reports_dir.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_fails_with_a_sentence_and_leaves_nothing(
    noa: User, reports_dir: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """F32."""
    opened(noa, 1)

    def full(self: files.Draft, data: bytes) -> int:
        raise OSError(number, "full")

    monkeypatch.setattr(files.Draft, "write", full)
    report = requested(noa)
    build_report(str(report.pk))
    report.refresh_from_db()
    assert (report.state, report.error) == (ReportState.FAILED, building.NO_SPACE)
    assert list(reports_dir.iterdir()) == []
    assert AuditEvent.objects.get(kind=Kind.REPORT_FAILED).outcome == "error"


def test_too_little_room_is_noticed_before_starting(
    noa: User, reports_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(noa, 1)
    monkeypatch.setattr(files, "room_for", lambda size_bytes: size_bytes < 800)
    report = requested(noa)
    build_report(str(report.pk))
    report.refresh_from_db()
    assert report.error == building.NO_SPACE
    assert list(reports_dir.iterdir()) == []


def test_a_folder_that_cannot_be_written_fails_with_a_sentence(noa: User, reports_dir: Path) -> None:
    reports_dir.write_text("a file where the folder should be")
    report = requested(noa)
    build_report(str(report.pk))
    report.refresh_from_db()
    assert (report.state, report.error) == (ReportState.FAILED, building.NOT_WRITABLE)


# --- leases


def test_a_lost_message_loses_nothing(noa: User) -> None:
    report = requested(noa)
    assert sweep_reports() == 1
    report.refresh_from_db()
    assert report.state == ReportState.READY
    assert sweep_reports() == 0


def test_a_report_somebody_builds_is_left_alone(noa: User) -> None:
    report = requested(noa)
    assert leases.claim(report.pk) is not None
    assert leases.claim(report.pk) is None
    assert sweep_reports() == 0
    build_report(str(report.pk))
    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.BUILDING, 1)


def test_a_killed_workers_report_is_built_by_the_next(noa: User, reports_dir: Path) -> None:
    opened(noa, 1)
    report = requested(noa)
    leases.claim(report.pk)
    reports_dir.mkdir()
    (reports_dir / f"{report.pk}.1.partial").write_text("half a fi")
    Report.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert sweep_reports() == 1
    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.READY, 2)
    assert [path.name for path in reports_dir.iterdir()] == [f"{report.pk}.2.csv"]


def test_three_attempts_are_enough(noa: User) -> None:
    report = requested(noa)
    for _ in range(3):
        assert leases.claim(report.pk) is not None
        Report.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert sweep_reports() == 1
    report.refresh_from_db()
    assert (report.state, report.error) == (ReportState.FAILED, building.CUT_SHORT)
    assert sweep_reports() == 0


def test_a_worker_that_lost_its_lease_stops_and_changes_nothing(
    noa: User, reports_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(noa, 1)
    report = requested(noa)
    monkeypatch.setattr(building, "RENEW_SECONDS", 0)
    write = files.Draft.write

    def taken_over(self: files.Draft, data: bytes) -> int:
        Report.objects.update(attempts=2, leased_until=timezone.now() + leases.LEASE)
        return write(self, data)

    monkeypatch.setattr(files.Draft, "write", taken_over)
    build_report(str(report.pk))
    report.refresh_from_db()
    assert (report.state, report.attempts, report.sha256) == (ReportState.BUILDING, 2, "")
    assert list(reports_dir.iterdir()) == []
    assert not AuditEvent.objects.filter(kind__in=[Kind.REPORT_BUILT, Kind.REPORT_FAILED]).exists()


def test_a_report_that_cannot_be_recorded_is_not_requested(noa: User, admin_connection: Any) -> None:
    from recordings.audit import AuditUnavailable

    admin_connection.execute(
        "REVOKE EXECUTE ON FUNCTION audit.record_event(bytea, text[], text[], bytea[]) FROM auditportal_app"
    )
    with pytest.raises(AuditUnavailable):
        requested(noa)
    assert not Report.objects.exists()


def test_redis_away_does_not_fail_the_request(noa: User, redis_down: Any) -> None:
    report = requested(noa)
    assert report.state == ReportState.WAITING
    assert sweep_reports() == 1


def test_a_pooled_connection_can_write_again_after_a_report(committed_db: None, monkeypatch: Any) -> None:
    """The pool hands it to whoever comes next: a refresh must not find it read-only."""
    from django.db import connections

    from recordings.reports.events import Wanted, snapshot
    from recordings.trail.filters import TrailFilters

    kept = connections.create_connection("default")
    really_close = kept.close
    monkeypatch.setattr(kept, "close", lambda: None)
    monkeypatch.setattr(connections, "create_connection", lambda alias: kept)
    with snapshot(Wanted(TrailFilters(), EVERYTHING, 0)):
        assert kept.connection.read_only is True
    assert (kept.connection.read_only, kept.connection.isolation_level) == (None, None)
    with kept.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE written (x int); INSERT INTO written VALUES (1)")
    really_close()
