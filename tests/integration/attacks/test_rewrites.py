"""Attacks A9–A13 and A15–A19: rewritten history, exceeded rights, the time before sealing. See test_attacks.py."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from psycopg import errors

from recordings.audit import Kind, Target, record
from recordings.audit.lag import check_lag, lag
from recordings.exceptions import NotSealed
from recordings.models import AuditEvent
from recordings.proof.anchors import ledger
from recordings.proof.anchors.timestamp import NAME, stamp, trusted
from recordings.proof.evidence.check.compare import ComparisonVerdict, compare
from recordings.proof.evidence.check.verify_audit import verify
from recordings.proof.sealing import release
from recordings.proof.sealing.errors import Stopped
from recordings.proof.sealing.service import Sealer
from recordings.proof.verification.nightly import alarm, newest_verification, verify_nightly
from recordings.timed import forget_all
from recordings.tlog.client import Conflict, Refused
from tests.integration.attacks.scene import BLAME_NOA, DELETE_TOMS, Scene, failing
from tests.integration.proof.evidence.bundles import NOA, TOM, at_times, opened
from tests.tsa import Authority, stamping


def test_A9_history_is_rewritten_with_the_real_key(scene: Scene) -> None:
    scene.rewrite(DELETE_TOMS)
    audited = scene.audited(scene.bundle_of_thief())
    assert (audited.verdict, failing(audited)) == ("INVALID", ["witnesses"])
    # the database agrees with itself, until an hour has passed without a witness
    assert scene.verified() == []
    with scene.superuser() as superuser:
        superuser.execute("UPDATE audit.checkpoint SET signed_at = signed_at - interval '2 hours'")
    assert scene.verified() == ["quorum"]


def test_A9_the_sealer_does_not_go_on(scene: Scene) -> None:
    """The signer, which has kept its own state, has seen a different history."""
    scene.rewrite(DELETE_TOMS)
    opened("2", NOA)
    assert scene.seal_with_stolen_key() == 6
    with pytest.raises(Stopped) as stopped:
        _sealer(scene).once()
    assert stopped.value.code == "database_differs"
    assert scene.verified() == ["incidents"]


def _sealer(scene: Scene) -> Sealer:
    signer, services = scene.signer, scene.log.services
    return Sealer(services.sealer_url, signer.origin, signer, keys=[signer.key.verifier])


def test_A10_nobody_else_holds_anything(scene: Scene) -> None:
    """This is not detected, and the verdict says so: an auditor whose policy requires no witness learns no more."""
    scene.rewrite(DELETE_TOMS)
    bundle = scene.bundle_of_thief()
    result = scene.audited(bundle, policy=f"log {scene.signer.vkey}\nquorum none\n")
    assert (result.verdict, failing(result)) == ("CONSISTENT (self-signed only)", [])
    assert bundle.rows == [1, 2]


def test_A11_somebody_holds_an_older_checkpoint(scene: Scene) -> None:
    """From an earlier checkpoint, or a bundle that contains one, no consistency proof leads to the portal's log."""
    kept = scene.note(6)
    scene.rewrite(DELETE_TOMS)
    bundle, alone = scene.bundle_of_thief(), f"log {scene.signer.vkey}\nquorum none\n"
    result = verify(bundle.file, policy=alone, older=kept, proof=scene.proof_from(6))
    assert (result.verdict, failing(result)) == ("INVALID", ["older"])
    compared = compare(kept)
    assert (compared.verdict, compared.verdict.alarms) == (ComparisonVerdict.INCONSISTENT, True)


def test_A12_the_witness_is_asked_to_sign_the_rewrite(scene: Scene) -> None:
    scene.rewrite(DELETE_TOMS)
    opened("2", NOA)
    opened("2", NOA)
    assert scene.seal_with_stolen_key() == 7
    witness = scene.signer.witnesses["internal-audit"]
    with pytest.raises(Refused) as refused:
        witness.add_checkpoint(*scene.consistency(6))
    assert refused.value.status == 422
    (evidence,) = scene.evidence()
    assert scene.note() in evidence.read_text()


def test_A13_truncated_and_regrown(scene: Scene) -> None:
    """A backup from before the last two viewings is restored, and the log continues from there."""
    with scene.superuser() as superuser:
        superuser.execute("DELETE FROM audit.cosignature; DELETE FROM audit.checkpoint WHERE size > 3")
        superuser.execute(
            "DELETE FROM audit.event WHERE id IN (SELECT event_no FROM audit.leaf WHERE n >= 3)"
        )
        superuser.execute("DELETE FROM audit.leaf WHERE n >= 3")
        scene.fit_the_end(superuser)
    assert scene.verified() == []  # the database agrees with itself: it takes somebody who remembers
    with pytest.raises(Stopped) as stopped:
        _sealer(scene).once()
    assert stopped.value.code == "database_behind"
    assert scene.verified() == ["incidents"]


def test_A13_a_split_view(scene: Scene) -> None:
    """Two roots of one size: the signer signs one of them; the witness, given the other, keeps it as evidence."""
    scene.rewrite(DELETE_TOMS)
    opened("2", NOA)
    assert scene.seal_with_stolen_key() == 6
    witness = scene.signer.witnesses["internal-audit"]
    old, path, note = scene.consistency(3)
    with pytest.raises(Conflict) as conflict:
        witness.add_checkpoint(old, path, note)
    assert conflict.value.size == 6
    (evidence,) = scene.evidence()
    assert note in evidence.read_text()


# --- roles


@pytest.mark.parametrize("login", ["database_url", "sealer_url"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit.event SET actor_ref = 'user:7'",
        "DELETE FROM audit.leaf",
        "TRUNCATE audit.checkpoint",
        "ALTER TABLE audit.leaf DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
        "SET ROLE auditportal_owner",
    ],
)
def test_A15_the_application_and_the_sealer_are_refused(scene: Scene, login: str, statement: str) -> None:
    with (
        psycopg.connect(getattr(scene.log.services, login)) as link,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        link.execute(statement)
    assert scene.verified() == []


def test_A15_from_within_the_portal(scene: Scene) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(BLAME_NOA)


def test_A16_replication_mode_does_not_wake_the_triggers_less(scene: Scene) -> None:
    with psycopg.connect(scene.log.services.admin_url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        for statement in (BLAME_NOA, "DELETE FROM audit.leaf", "TRUNCATE audit.tile"):
            with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
                superuser.execute(statement)


def test_A16_a_superuser_without_triggers_is_found_at_night(scene: Scene) -> None:
    with scene.superuser() as superuser:
        superuser.execute(DELETE_TOMS)
    verify_nightly()
    row, raised = newest_verification(), alarm()
    assert row is not None
    assert not row.ok
    assert "leaf 2" in row.problem
    assert "its event is missing" in row.problem
    assert raised is not None


# --- before it is sealed


def test_A17_an_unsealed_event_is_deleted(
    scene: Scene, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log cannot miss what it never had, so no URL is issued before the log has the event."""
    settings.AUDIT_RELEASE = "sealed"
    monkeypatch.setattr(release, "WAIT_SECONDS", 0.1)
    issued = record(Kind.URL_ISSUED, by=TOM, target=Target("recording", "recording:1"))
    with scene.superuser() as superuser:
        superuser.execute("DELETE FROM audit.event WHERE event_id = %s", [issued])
    scene.log.seal()
    with pytest.raises(NotSealed):
        release.wait_released([issued])
    kept = record(Kind.URL_ISSUED, by=TOM, target=Target("recording", "recording:1"))
    scene.log.seal()
    release.wait_released([kept])


def test_A18_an_insertion_is_dated_back(scene: Scene, tsa: Authority, tmp_path: Path) -> None:
    """The event is sealed after a time stamp but dated before it. The sealer marks it, and the auditor is told.

    One without the mark is found as well (test_found_sealing_states.py, tests/forgeries).
    """
    with (
        stamping(tsa) as stamper,
        psycopg.connect(scene.log.services.sealer_url, autocommit=True) as link,
    ):
        newest = ledger.newest(link)
        response, time = stamp(stamper.url, newest.note.encode(), trusted(tsa.certificates))
        ledger.record_anchor(link, NAME, newest.size, "authority.example", response, time)
    assert failing(scene.audited()) == []
    opened("1", TOM)
    number = AuditEvent.objects.order_by("-id")[0].id
    with psycopg.connect(scene.log.services.admin_url, autocommit=True) as superuser:
        at_times(superuser, {number: "2026-01-01T09:00:00Z"})
    result = scene.audited()
    assert failing(result) == []
    told = dict(result.statement)
    assert told["Sealed late"].startswith("1 event was sealed after the log was closed for its time")


def test_A19_the_sealer_is_stopped(scene: Scene, settings: Any) -> None:
    opened("1", TOM)
    assert not lag().alarming
    check_lag()
    with scene.superuser() as superuser:
        superuser.execute(
            "UPDATE audit.event SET recorded_at = recorded_at - make_interval(secs => %s), skewed = true"
            " WHERE NOT EXISTS (SELECT FROM audit.leaf WHERE event_no = audit.event.id)",
            [settings.AUDIT_LAG_LIMIT_SECONDS + 1],
        )
    forget_all()
    assert lag().alarming
    with pytest.raises(NotSealed):
        check_lag()
    result = scene.verification()
    assert [check.name for check in result.checks if not check.ok] == ["unsealed"]
    assert str(result.problem).endswith("is not sealed yet.")
