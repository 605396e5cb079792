"""Erasing somebody from the trail: two people, in the code and in the database; every hash still holds."""

import csv
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.core.management import CommandError, call_command
from psycopg import errors

from auditportal.embedded import Services
from recordings.audit import Actor, Kind, Outcome, Purpose, Target, record
from recordings.audit.opened import open_event
from recordings.models import AuditEvent, AuditSecret, AuditSubjectKey
from recordings.proof.evidence.check.verify_audit import verify as verify_bundle
from recordings.proof.verification.verify import verify
from recordings.reach import EVERYTHING
from recordings.trail import erasure
from recordings.trail.examine import examine
from tests.factories import PASSWORD, conversation, person, viewing
from tests.integration.proof.evidence.bundles import make_log, on_recording
from tests.sealing import seal_all, signer_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
REASON = "ticket 4711"
DANA = "customer:88"


@pytest.fixture
def noa() -> Any:
    return person("compliance_officer", "noa.levi")


@pytest.fixture
def uri() -> Any:
    return person("administrator", "uri.peled")


@pytest.fixture
def watched(noa: Any) -> UUID:
    """An event that holds personal values of two people."""
    by = Actor(f"user:{noa.pk}", "person", "Noa Levi", "compliance_officer", address="192.0.2.7")
    dana = Target("recording", f"recording:{UUID(int=1)}", "Dana Marlowe", "object:1", DANA)
    return record(Kind.VIEWING_REQUESTED, by=by, target=dana, purpose=Purpose.QUALITY, note="sample")


@pytest.fixture
def owner(services: Services) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(services.owner_url, autocommit=True) as connection:
        yield connection


def body_of(kind: Kind) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bytes(AuditEvent.objects.get(kind=kind).body))
    return found


def test_two_people_erase_and_everything_still_verifies(
    noa: Any, uri: Any, watched: UUID, services: Services
) -> None:
    seal_all(services)
    request = erasure.request_erasure(DANA, REASON, by=noa)
    done = erasure.approve_erasure(request, by=uri)

    assert (done.subject, done.values) == (DANA, 1)
    assert not AuditSubjectKey.objects.filter(subject=DANA).exists()
    assert not AuditSecret.objects.filter(subject=DANA).exists()
    event, seen = open_event(watched), examine(watched, EVERYTHING)
    assert event is not None
    assert event.private("object.label") == "erased"
    assert event.private("actor.name") == "Noa Levi"
    assert seen is not None
    assert seen.all_holds
    seal_all(services, manifest=True)
    assert verify(services.database_url, policy=signer_of(services).policy).problem is None


def test_old_and_new_bundles_verify(
    noa: Any, uri: Any, watched: UUID, services: Services, settings: Any, tmp_path: Path
) -> None:
    """What was handed out keeps the name; what is built afterwards reads `erased`, and both hold."""
    log = make_log(services, settings, tmp_path)
    scope, policy = on_recording("1"), log.signer.policy_text
    old = log.bundle(scope)
    erasure.approve_erasure(erasure.request_erasure(DANA, REASON, by=noa), by=uri)
    new = log.bundle(scope)
    for bundle, label in ((old, "Dana Marlowe"), (new, "erased")):
        assert [
            check.name for check in verify_bundle(bundle.file, policy).checks if check.state == "fail"
        ] == []
        (row,) = csv.DictReader(bundle.read("report.csv").decode("utf-8-sig").splitlines())
        assert (row["target_label"], row["actor_name"]) == (label, "Noa Levi")


def test_both_steps_are_events_without_personal_values(noa: Any, uri: Any, watched: UUID) -> None:
    request = erasure.request_erasure(DANA, REASON, by=noa)
    erasure.approve_erasure(request, by=uri)
    asked, erased = body_of(Kind.SUBJECT_ERASURE_ASKED), body_of(Kind.SUBJECT_ERASED)
    assert asked["id"] == str(request)
    assert (asked["action_detail"], asked["object"]) == (
        {"reason": REASON},
        {"kind": "customer", "ref": DANA},
    )
    assert asked["actor"] == {
        "ref": f"user:{noa.pk}",
        "kind": "person",
        "role": "compliance_officer",
        "authn": "password",
    }
    assert erased["action_detail"] == {"request": str(request), "values": 1}
    assert erased["actor"]["ref"] == f"user:{uri.pk}"
    assert not AuditSecret.objects.filter(event_id__in=[asked["id"], erased["id"]]).exists()


def test_who_works_on_gets_a_new_key(noa: Any, uri: Any, watched: UUID) -> None:
    erasure.approve_erasure(
        erasure.request_erasure(f"user:{noa.pk}", REASON, by=uri), by=person("compliance_officer")
    )
    again = record(Kind.SIGNED_IN, by=Actor(f"user:{noa.pk}", "person", "Noa Levi"))
    before, after = open_event(watched), open_event(again)
    assert before is not None
    assert after is not None
    assert (before.private("actor.name"), before.private("purpose.note")) == ("erased", "erased")
    assert before.private("object.label") == "Dana Marlowe"
    assert after.private("actor.name") == "Noa Levi"


def test_one_person_alone_cannot(noa: Any, watched: UUID) -> None:
    request = erasure.request_erasure(DANA, REASON, by=noa)
    with pytest.raises(erasure.ErasureRefused, match="takes two people"):
        erasure.approve_erasure(request, by=noa)
    assert AuditSecret.objects.filter(subject=DANA).exists()
    assert not AuditEvent.objects.filter(kind=Kind.SUBJECT_ERASED).exists()


def test_what_cannot_be_asked_or_approved(noa: Any, uri: Any, watched: UUID) -> None:
    with pytest.raises(erasure.ErasureRefused, match="keeps no personal value of customer:99"):
        erasure.request_erasure("customer:99", REASON, by=noa)
    with pytest.raises(erasure.ErasureRefused, match="There is no request"):
        erasure.approve_erasure(uuid4(), by=uri)
    request = erasure.request_erasure(DANA, REASON, by=noa)
    erasure.approve_erasure(request, by=uri)
    with pytest.raises(erasure.ErasureRefused, match="approved already"):
        erasure.approve_erasure(request, by=uri)
    assert AuditEvent.objects.filter(kind=Kind.SUBJECT_ERASURE_ASKED).count() == 1


def test_a_request_lasts_seven_days(
    noa: Any, uri: Any, watched: UUID, admin_connection: psycopg.Connection[Any]
) -> None:
    request = erasure.request_erasure(DANA, REASON, by=noa)
    admin_connection.execute("ALTER TABLE audit.erasure DISABLE TRIGGER ALL")
    admin_connection.execute("UPDATE audit.erasure SET asked_at = asked_at - interval '7 days 1 second'")
    with pytest.raises(erasure.ErasureRefused, match="older than 7 days"):
        erasure.approve_erasure(request, by=uri)
    assert AuditSecret.objects.filter(subject=DANA).exists()


# --- in the database


@pytest.mark.parametrize("url", ["database_url", "sealer_url"])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT audit.ask_erasure('user:1', 'x', 'user:2', '{}')",
        "SELECT audit.approve_erasure('00000000-0000-7000-8000-000000000000', 'user:2', '{}')",
        "INSERT INTO audit.erasure (request, subject, reason, asked_by) VALUES (gen_random_uuid(), 'x', 'x', 'x')",
        "DELETE FROM audit.personal",
        "DELETE FROM audit.subject_key",
    ],
)
def test_only_the_owner_erases(services: Services, url: str, statement: str) -> None:
    with (
        psycopg.connect(getattr(services, url)) as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_the_owner_cannot_approve_for_whoever_asked(
    noa: Any, watched: UUID, owner: psycopg.Connection[Any]
) -> None:
    request, by = erasure.request_erasure(DANA, REASON, by=noa), f"user:{noa.pk}"
    with pytest.raises(errors.RaiseException, match="takes two people"):
        owner.execute("SELECT audit.approve_erasure(%s, %s, '{}')", [request, by])
    approval = "INSERT INTO audit.erasure_approval VALUES (%s, %s, %s, gen_random_uuid(), 0, 0)"
    with pytest.raises(errors.CheckViolation):
        owner.execute(approval, [request, by, by])
    with pytest.raises(errors.ForeignKeyViolation):  # nor by saying that somebody else has asked
        owner.execute(approval, [request, "user:99", by])
    for statement in ("UPDATE audit.erasure SET asked_by = 'x'", "DELETE FROM audit.erasure"):
        with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
            owner.execute(statement)


@pytest.mark.parametrize(
    "lie", [{"type": "auth.signed_in"}, {"object": {"ref": "customer:1"}}, {"action_detail": {"values": 7}}]
)
def test_the_event_must_say_what_is_done(
    noa: Any, uri: Any, watched: UUID, owner: psycopg.Connection[Any], lie: dict[str, Any]
) -> None:
    request, by = erasure.request_erasure(DANA, REASON, by=noa), f"user:{uri.pk}"
    truth = {
        "v": 1,
        "asserted_by": "server",
        "id": str(uuid4()),
        "occurred_at": "2026-11-20T09:14:22.123456Z",
        "type": "subject.erased",
        "outcome": "completed",
        "actor": {"ref": by},
        "object": {"ref": DANA},
        "action_detail": {"request": str(request), "values": 1},
    }
    body = {**truth, **lie}
    body["action_detail"] = {**truth["action_detail"], **lie.get("action_detail", {})}  # type: ignore[dict-item]
    with pytest.raises((errors.RaiseException, errors.SerializationFailure)):
        owner.execute("SELECT audit.approve_erasure(%s, %s, %s)", [request, by, json.dumps(body).encode()])
    assert AuditSecret.objects.filter(subject=DANA).exists()
    owner.execute("SELECT audit.approve_erasure(%s, %s, %s)", [request, by, json.dumps(truth).encode()])
    assert not AuditSecret.objects.filter(subject=DANA).exists()


# --- at the command line


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    return path


def run(*arguments: Any) -> str:
    said = StringIO()
    call_command("erase_subject", *map(str, arguments), stdout=said)
    return said.getvalue()


def test_the_command(noa: Any, uri: Any, watched: UUID, password_file: Path) -> None:
    talk = conversation(customer_identity_id=88)
    viewing(viewer=noa, note="sample")
    said = run("ask", DANA, "--reason", REASON, "--username", "noa.levi", "--password-file", password_file)
    request = said.split()[-1]
    said = run("approve", request, "--username", "uri.peled", "--password-file", password_file)
    assert f"Erased: 1 value of {DANA}" in said
    assert "still holds 1 of this customer's objects" in said
    assert "backups made before today" in said
    assert talk.customer_name
    asked = run(
        "ask", f"user:{noa.pk}", "--reason", "x", "--username", "uri.peled", "--password-file", password_file
    )
    third = person("compliance_officer")
    said = run("approve", asked.split()[-1], "--username", third.username, "--password-file", password_file)
    assert "The account itself" in said
    assert "1 note on viewings" in said


def test_a_wrong_password_is_in_the_trail(noa: Any, watched: UUID, password_file: Path) -> None:
    password_file.write_text("something else entirely")
    with pytest.raises(CommandError, match="no account with this name and password"):
        run("ask", DANA, "--reason", REASON, "--username", "noa.levi", "--password-file", password_file)
    event = AuditEvent.objects.get(kind=Kind.SIGN_IN_FAILED)
    assert (event.outcome, event.target_ref) == (Outcome.DENIED, f"user:{noa.pk}")


def test_who_may_not_is_refused_and_in_the_trail(watched: UUID, password_file: Path) -> None:
    tom = person("qa_manager", "tom.brandt")
    with pytest.raises(CommandError, match="role does not allow"):
        run("ask", DANA, "--reason", REASON, "--username", "tom.brandt", "--password-file", password_file)
    event = AuditEvent.objects.get(kind=Kind.ACCESS_DENIED)
    assert (event.actor_ref, event.target_ref) == (f"user:{tom.pk}", "erase_subject")


def test_a_closed_account_cannot(noa: Any, watched: UUID, password_file: Path) -> None:
    noa.is_active = False
    noa.save(update_fields=["is_active"])
    with pytest.raises(CommandError, match="no account with this name and password"):
        run("ask", DANA, "--reason", REASON, "--username", "noa.levi", "--password-file", password_file)
