"""The nightly verification: its row, its event, the warning when it fails or is missing, and the command."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from auditportal.embedded import Services
from recordings.audit import Actor, Kind, Outcome, record
from recordings.models import AuditEvent, TrailVerification
from recordings.proof.verification import nightly, tasks
from recordings.proof.verification.nightly import alarm, is_due, metrics, newest_verification, verify_nightly
from recordings.proof.verification.portal import CannotVerify, database_address
from tests.sealing import seal_all, settings_for, signer_of


@pytest.fixture
def log(committed_db: None, services: Services, settings: Any, tmp_path: Path) -> Services:
    for _ in range(3):
        record(Kind.SIGNED_IN, by=Actor("user:7", "person", "Noa Levi", "compliance_officer"))
    seal_all(services, manifest=True)
    for name, value in settings_for(services, signer_of(services), tmp_path).items():
        setattr(settings, name, value)
    return services


@contextmanager
def broken(services: Services) -> Iterator[None]:
    with psycopg.connect(services.admin_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE audit.event DISABLE TRIGGER ALL")
        connection.execute("UPDATE audit.event SET actor_ref = 'user:8' WHERE actor_ref = 'user:7'")
        yield


def event() -> dict[str, Any]:
    body: dict[str, Any] = json.loads(bytes(AuditEvent.objects.get(kind=Kind.TRAIL_VERIFIED).body))
    return body


def test_a_verification_writes_a_row_and_an_event(log: Services) -> None:
    verify_nightly()
    row = newest_verification()
    assert row is not None
    assert (row.ok, row.problem, row.events, row.leaves) == (True, "", 5, 5)
    assert row.duration > timedelta(0)
    assert [line["name"] for line in row.lines][:2] == ["bodies", "columns"]
    body = event()
    assert (body["outcome"], body["actor"]["ref"]) == ("completed", "system:verification")
    assert {name: body["action_detail"][name] for name in ("events", "leaves", "verification")} == {
        "events": 5,
        "leaves": 5,
        "verification": str(row.id),
    }
    assert alarm() is None
    assert metrics()["portal_trail_verified"] == 1.0


def test_a_changed_log_raises_a_warning(log: Services) -> None:
    with broken(log):
        verify_nightly()
    row, raised = newest_verification(), alarm()
    assert row is not None
    assert not row.ok
    assert "column actor_ref" in row.problem
    assert raised is not None
    assert "did not pass" in raised.title
    assert row.problem in raised.sentence
    assert AuditEvent.objects.get(kind=Kind.TRAIL_VERIFIED).outcome == Outcome.ERROR
    assert event()["action_detail"]["sentence"] == row.problem
    assert metrics()["portal_trail_verified"] == 0.0


def test_a_verification_is_due_from_the_hour_until_it_ran(log: Services) -> None:
    """A worker that was stopped at that hour catches up later, and nothing runs twice."""
    first = AuditEvent.objects.order_by("pk")[0].recorded_at
    hour = datetime.combine(first.date() + timedelta(days=1), nightly.HOUR, UTC)
    if first < hour - timedelta(days=1):
        hour -= timedelta(days=1)
    # A new installation: from the first night's hour on.
    assert [is_due(hour + timedelta(minutes=minutes)) for minutes in (-1, 0, 1, 7 * 60, 5000)] == [
        *(False, True, True, True, True)
    ]
    for minutes_late in (1, 31, 9 * 60):
        row = TrailVerification(
            started_at=hour + timedelta(minutes=minutes_late), finished_at=hour, events=0, leaves=0
        )
        row.ok = True
        row.save(force_insert=True)
        next_hour = hour + timedelta(days=1)
        assert [is_due(row.started_at), is_due(next_hour - timedelta(minutes=1))] == [False, False]
        assert [is_due(next_hour), is_due(next_hour + timedelta(minutes=1))] == [True, True]
        hour = next_hour


def test_the_task_runs_only_when_due(log: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    for due in (False, True):
        monkeypatch.setattr(nightly, "is_due", lambda now, due=due: due)
        tasks.verify_nightly()
        assert TrailVerification.objects.count() == due


def test_without_an_event_there_is_nothing_to_verify(committed_db: None) -> None:
    assert not is_due(timezone.now() + timedelta(days=2))


def test_only_one_verification_runs_at_a_time(log: Services) -> None:
    with psycopg.connect(database_address(), autocommit=True) as connection:
        connection.execute(nightly._LOCK)
        assert nightly.verify_nightly() is None
    assert nightly.verify_nightly() is not None
    assert TrailVerification.objects.count() == 1


def test_a_verification_that_cannot_run_fails(log: Services, settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_POLICY_FILE = tmp_path / "nowhere"
    verify_nightly()
    row = newest_verification()
    assert row is not None
    assert (row.ok, row.leaves) == (False, 0)
    assert "cannot be read" in row.problem


def test_a_missing_verification_raises_a_warning(log: Services, admin_connection: psycopg.Connection) -> None:
    assert alarm() is None  # a new installation
    assert metrics() == {}
    verify_nightly()
    admin_connection.execute(
        "UPDATE recordings_trailverification SET started_at = %s",
        [timezone.now() - nightly.MAX_AGE - timedelta(minutes=1)],
    )
    raised = alarm()
    assert raised is not None
    assert "not verified last night" in raised.title


# --- the command


def run(*arguments: str) -> tuple[str, int]:
    output = StringIO()
    try:
        call_command("verify_trail", *arguments, stdout=output)
    except SystemExit as end:
        return output.getvalue(), int(str(end.code))
    return output.getvalue(), 0


def test_the_command_prints_every_check(log: Services) -> None:
    output, code = run()
    assert code == 0
    assert output.count("ok  ") == 18
    assert "Verified: 5 events, 5 leaves" in output
    assert newest_verification() is not None


def test_the_command_names_the_first_bad_event(log: Services) -> None:
    (row,) = AuditEvent.objects.filter(actor_ref="user:7").order_by("id")[:1]
    with broken(log):
        output, code = run("--only-look")
    assert code == 1
    assert f"event {row.event_id}, leaf 1, recorded {row.recorded_at:%Y-%m-%dT%H:%M:%S.%fZ}" in output
    assert "FAIL  columns" in output
    assert "FAIL  guards" in output
    assert newest_verification() is None


def test_the_command_says_why_it_cannot_verify(log: Services, settings: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad-policy"
    bad.write_text("log nonsense\n")
    settings.AUDIT_POLICY_FILE = bad
    with pytest.raises(CommandError, match="cannot be used: Line 1 of the policy"):
        run()


def test_a_missing_database_is_reported_in_a_sentence(log: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "recordings.proof.verification.portal.database_address", lambda: "host=/nowhere dbname=x"
    )
    with pytest.raises(CommandError, match="could not be read"):
        run()
    with pytest.raises(CannotVerify):
        nightly.verify_portal()
