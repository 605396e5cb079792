"""Every sentence that the builder writes is what the verifier in the finished bundle prints, word for word."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from auditportal.embedded import Services
from recordings.audit import Actor, Kind, Outcome, Target, record
from recordings.proof.evidence.bundle.readme import statement_in
from recordings.proof.evidence.bundle.scope import Scope
from recordings.proof.evidence.check.verify_audit import main, printable, verify
from recordings.proof.sealing import batch
from tests.integration.proof.evidence.bundles import (
    NOA,
    TOM,
    Bundle,
    Log,
    at_times,
    discovered,
    happened,
    made_unreadable,
    make_log,
    newest_number,
    on_recording,
    opened,
    played,
    table,
)
from tests.sealing import open_log_long_ago

pytestmark = pytest.mark.usefixtures("committed_db")
Admin = psycopg.Connection[Any]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(params=[(), ("internal-audit", "bank")], ids=["unwitnessed", "witnessed"])
def log(request: Any, services: Services, settings: Any, tmp_path: Path) -> Log:
    """Recording 1 was played, 2 is known and was not, 3 went on, 4 is unknown; object:14 has all of them."""
    log = make_log(services, settings, tmp_path, witnesses=request.param)
    for number in ("1", "2", "3"):
        discovered(number, Actor.system("refresh"))
    for by in (NOA, TOM, NOA):
        played("1", by)
    happened(Kind.URL_RENEWED, "3", TOM)
    target = Target("object", "object:14", "Dana\n\u202eMarlowe", subject="customer:14")
    record(Kind.OBJECT_OPENED, by=TOM, target=target, outcome=Outcome.GRANTED)
    log.seal(manifest=True)
    return log


def agreed(bundle: Bundle) -> dict[str, str]:
    """The builder's statement, once README.txt and the verifier have been seen to say the same."""
    result = verify(bundle.file)
    assert [check for check in result.checks if check.state == "fail"] == []
    assert [(name, printable(text)) for name, text in result.statement] == bundle.built.statement
    assert statement_in(bundle.read("README.txt").decode()) == bundle.built.statement
    return bundle.said


SCOPES: dict[str, Callable[[], Scope]] = {
    "played": lambda: on_recording("1"),
    "known": lambda: on_recording("2"),
    "went on": lambda: on_recording("3"),
    "unknown": lambda: on_recording("4"),
    "object": lambda: Scope("object", "object:14"),
    "unknown object": lambda: Scope("object", "object:15"),
    "actor": lambda: Scope("actor", "user:7"),
    "idle actor": lambda: Scope("actor", "user:99"),
    "sealer": lambda: Scope("actor", "system:sealer"),
    "user as target": lambda: Scope("target", "user:7"),
    "everybody": lambda: Scope("all"),
    "recording, long ago": lambda: on_recording("1", until=LONG_AGO),
    "everybody, long ago": lambda: Scope("all", since=LONG_AGO, until=LONG_AGO + timedelta(days=1)),
    "everybody, from today on": lambda: Scope("all", since=timezone.now()),
    "object, to be closed": lambda: Scope("object", "object:14", since=LONG_AGO, until=timezone.now()),
}


@pytest.mark.parametrize("scope", SCOPES)
def test_the_verifier_says_what_the_builder_said(log: Log, scope: str) -> None:
    said = agreed(log.bundle(SCOPES[scope]()))
    assert said["Log"].startswith("audit.example.com/trail, ")
    assert said["Cosigned by"].startswith("internal-audit (" if log.signer.witnesses else "no witness")


def test_they_agree_when_somebody_was_erased(log: Log, admin_connection: Admin) -> None:
    admin_connection.execute("DELETE FROM audit.subject_key WHERE subject = 'user:7'")
    said = agreed(log.bundle(on_recording("1", since=LONG_AGO)))
    assert int(said["Personal values"].split(" shown, ")[1].split()[0]) >= 6


def test_they_agree_on_events_that_were_sealed_late(log: Log, admin_connection: Admin) -> None:
    """An event with a time that the log was closed for long ago: shown, marked, and told of."""
    played("2", TOM)
    at_times(admin_connection, {newest_number(): "2025-11-04T12:00:00Z"})
    log.seal()
    period = Scope("all", since=datetime(2025, 11, 4, tzinfo=UTC), until=datetime(2025, 11, 5, tzinfo=UTC))
    for scope in (on_recording("2"), Scope("object", "object:14"), Scope("all")):
        bundle = log.bundle(scope)
        said = agreed(bundle)
        assert said["Sealed late"].startswith("1 event was sealed after the log was closed for its time")
        (late,) = [n for n, line in bundle.lines.items() if "late" in line["entry"]]
        incident = bundle.lines[late - 1]["body"]
        assert (incident["type"], incident["action_detail"]["code"]) == ("sealer.incident", "event_late")
    agreed(log.bundle(period))


def test_they_agree_on_entries_that_are_no_events(log: Log, admin_connection: Admin) -> None:
    opened("2")
    made_unreadable(admin_connection, newest_number())
    log.seal()
    for scope in (Scope("all"), Scope("actor", "system:sealer")):
        bundle = log.bundle(scope)
        said = agreed(bundle)
        assert said["Malformed"] == "1 entry is not a readable event"
        (n,) = [n for n, line in bundle.lines.items() if line["entry"]["y"] == "event.malformed"]
        assert not {"body", "reveal"} & set(bundle.lines[n])
        (row,) = [row for row in table(bundle) if row["leaf"] == str(n)]
        assert {name for name, cell in row.items() if cell} == {
            *("leaf", "recorded_at", "type", "outcome", "event_id", "body_sha256"),
        }


def test_they_agree_on_a_log_begun_before_leaves_named_parents(
    services: Services, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A view of then has no parent in its leaf: the object's bundle says from where on it speaks of recordings."""
    log = make_log(services, settings, tmp_path)
    as_written = batch.entry
    with monkeypatch.context() as patch:
        patch.setattr(
            batch, "entry", lambda **given: as_written(**given | {"version": 1, "par": None, "late": False})
        )
        open_log_long_ago(services, log.signer)
        target = Target("recording", on_recording("1").ref)
        record(Kind.URL_ISSUED, by=TOM, target=target, outcome=Outcome.GRANTED)
        since = log.seal()
    discovered("1", Actor.system("refresh"))
    said = agreed(log.bundle(Scope("object", "object:14")))
    assert said["Viewings"].startswith(f"none from leaf {since} until 20")
    assert said["Recordings covered from"].startswith(f"leaf {since}; earlier events")
    assert agreed(log.bundle(on_recording("1")))["Viewings"].startswith("1 video URL was issued")


def test_the_page_of_a_terminal_is_the_same(
    log: Log, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened("1", note="x\u202ey")
    bundle = log.bundle(Scope("object", "object:14"))
    path = tmp_path / "bundle.zip"
    path.write_bytes(bundle.file.getvalue())
    assert main([str(path)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [f"{name}: {text}" for name, text in bundle.built.statement] == printed[-1 - len(bundle.said) : -1]
