"""What a database login did to values, incidents and tables, done again with real SQL under the real logins
(docs/threats.md: T14, T15, D20)."""

import json
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors

from auditportal.embedded import Services
from auditportal.grants import TABLES
from recordings.audit import Actor, Kind, Target, record
from recordings.audit.kinds import Purpose
from recordings.audit.signed import newest_signed
from recordings.exceptions import NotSealed
from recordings.models import Checkpoint, Incident
from recordings.models.fields import uuid7
from recordings.proof.sealing import release
from recordings.proof.verification.verify import verify
from tests.sealing import Signer, seal_all, settings_for, signer_of, write_events

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

NOA = Actor("user:7", "person", "Noa Levi", "compliance_officer", address="192.0.2.7", user_agent="Browser 1")
SAM = Actor("user:9", "person", "Sam Ortiz", "administrator")
RECORDING = Target("recording", "recording:1", "Dana Marlowe", "object:1", "customer:1")


@pytest.fixture
def signer(services: Services, settings: Any, tmp_path: Path) -> Signer:
    """A log that the portal's policy names."""
    signer = signer_of(services)
    for name, value in settings_for(services, signer, tmp_path).items():
        setattr(settings, name, value)
    return signer


def body(**more: Any) -> dict[str, Any]:
    return {
        "v": 1,
        "id": str(uuid7()),
        "type": "recording.opened",
        "outcome": "granted",
        "occurred_at": "2026-11-20T09:14:22.123456Z",
        "actor": {"ref": "user:1", "kind": "person"},
        "asserted_by": "server",
        "object": {"ref": "recording:1", "kind": "recording"},
        **more,
    }


def write(url: str, data: bytes | dict[str, Any]) -> None:
    """Through the one door, as this login."""
    given = (
        data if isinstance(data, bytes) else json.dumps(data, separators=(",", ":"), sort_keys=True).encode()
    )
    with psycopg.connect(url, autocommit=True) as login:
        login.execute("SELECT audit.record_event(%s, '{}', '{}', '{}')", [given])


# --- T14: personal values


def values(services: Services, settings: Any) -> list[str]:
    """The sentences of the nightly check's line on values; none when it holds."""
    result = verify(services.database_url, field_key=settings.AUDIT_FIELD_KEY)
    (line,) = [check for check in result.checks if check.name == "values"]
    return [] if line.ok else [line.sentence]


@pytest.fixture
def watched(services: Services) -> UUID:
    """An event with personal values of Noa's and of a customer's."""
    record(Kind.SEARCHED, by=NOA, private={"q": "Marlowe"})
    return record(Kind.URL_ISSUED, by=NOA, target=RECORDING, purpose=Purpose.QUALITY, note="For the review")


DAMAGE = {
    "a row deleted": "DELETE FROM audit.personal WHERE event_id = '{event}'",
    "one value taken out": "UPDATE audit.personal SET fields = fields[2:], subjects = subjects[2:], sealed = sealed[2:]"
    " WHERE event_id = '{event}'",
    "two values swapped": "UPDATE audit.personal SET sealed = ARRAY[sealed[2], sealed[1]] || sealed[3:]"
    " WHERE event_id = '{event}'",
    "a value of another event": "UPDATE audit.personal SET sealed = (SELECT sealed[1:1] FROM audit.personal"
    " WHERE event_id <> '{event}') || sealed[2:] WHERE event_id = '{event}'",
    "a key deleted": "DELETE FROM audit.subject_key WHERE subject = 'user:7'",
    "a customer's key deleted": "DELETE FROM audit.subject_key WHERE subject = 'customer:1'",
    "the words of a search": "DELETE FROM audit.personal WHERE event_id <> '{event}'",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_T14_a_value_that_was_deleted_or_swapped_is_found(
    services: Services, settings: Any, watched: UUID, admin_connection: psycopg.Connection[Any], damage: str
) -> None:
    """T14: a superuser deletes ciphertexts, and cells read "erased" as if somebody had been."""
    assert values(services, settings) == []
    admin_connection.execute(DAMAGE[damage].format(event=watched))  # type: ignore[arg-type]
    assert values(services, settings)


def test_T14_it_is_an_incident_once(
    services: Services, settings: Any, watched: UUID, admin_connection: psycopg.Connection[Any]
) -> None:
    from recordings.proof.verification.nightly import verify_nightly

    admin_connection.execute("DELETE FROM audit.personal")
    verify_nightly()
    verify_nightly()
    assert [found.code for found in Incident.objects.all()] == ["values_damaged"]


def test_T14_an_erasure_explains_what_is_gone(services: Services, settings: Any, watched: UUID) -> None:
    from recordings.trail import erasure
    from tests.factories import person

    asks, approves = person("compliance_officer"), person("administrator")
    for subject in ("user:7", "customer:1"):
        erasure.approve_erasure(
            erasure.request_erasure(subject, "Asked to be forgotten", by=asks), by=approves
        )
    assert values(services, settings) == []
    record(Kind.URL_ISSUED, by=NOA, target=RECORDING)
    assert values(services, settings) == []


def test_T14_but_nothing_that_came_after_it(
    services: Services, settings: Any, watched: UUID, admin_connection: psycopg.Connection[Any]
) -> None:
    """T14: whoever was erased once is no excuse for deleting what they did later."""
    from recordings.trail import erasure
    from tests.factories import person

    asks, approves = person("compliance_officer"), person("administrator")
    for subject in ("user:7", "customer:1"):
        erasure.approve_erasure(
            erasure.request_erasure(subject, "Asked to be forgotten", by=asks), by=approves
        )
    later = record(Kind.URL_ISSUED, by=NOA, target=RECORDING)
    row = "FROM audit.personal WHERE event_id = %s"
    ((fields,),) = admin_connection.execute(f"SELECT fields {row}", [later]).fetchall()
    for field in fields:
        admin_connection.execute("BEGIN")
        admin_connection.execute(
            "UPDATE audit.personal SET subjects = array_remove(subjects, subjects[array_position(fields, %(f)s)]),"
            " fields = array_remove(fields, %(f)s), sealed = '{}' WHERE event_id = %(e)s",
            {"f": field, "e": later},
        )
        admin_connection.execute("COMMIT")
        assert values(services, settings)
        break


# --- T15: incidents, guards, release


def test_T15_an_incident_is_not_settled_by_a_row(services: Services) -> None:
    """T15: portal_sealer settled incidents by INSERT, and the log said nothing of it."""
    with psycopg.connect(services.sealer_url, autocommit=True) as sealer:
        sealer.execute("INSERT INTO audit.incident (code, detail) VALUES ('event_altered', 'Look at it.')")
        ((number,),) = sealer.execute("SELECT id FROM audit.incident").fetchall()
        with pytest.raises(errors.InsufficientPrivilege):
            sealer.execute(
                "INSERT INTO audit.incident (code, detail, settles) VALUES ('event_altered', 'Fine.', %s)",
                [number],
            )
        with pytest.raises(errors.RaiseException, match="No event"):
            sealer.execute("SELECT audit.settle_incident(%s, 'Fine.', %s)", [number, uuid7()])


def test_T15_nor_by_an_event_of_the_application(services: Services) -> None:
    """T15: the event that settles must be the sealer's, and must name the incident and the reason."""
    said = {"code": "event_altered", "sentence": "Look at it.", "settled": "Fine."}
    ours = body(type="case.settled", action_detail=said)
    write(services.database_url, ours)
    other = body(
        type="sealer.incident",
        actor={"ref": "system:sealer", "kind": "system"},
        action_detail=said | {"sentence": "Look at something else."},
    )
    write(services.sealer_url, other)
    with psycopg.connect(services.sealer_url, autocommit=True) as sealer:
        sealer.execute("INSERT INTO audit.incident (code, detail) VALUES ('event_altered', 'Look at it.')")
        ((number,),) = sealer.execute("SELECT id FROM audit.incident").fetchall()
        for event in (ours, other):
            with pytest.raises(errors.RaiseException, match="No event"):
                sealer.execute("SELECT audit.settle_incident(%s, 'Fine.', %s)", [number, event["id"]])


def test_T15_a_fake_checkpoint_releases_nothing(
    services: Services, signer: Signer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T15: a row of size 1,000,000 that nobody signed, and AUDIT_RELEASE=sealed gave out URLs."""
    settings.AUDIT_RELEASE = "sealed"
    monkeypatch.setattr(release, "WAIT_SECONDS", 0.1)
    write_events(services, 1)
    size = seal_all(services, signer=signer)
    (event,) = write_events(services, 1)
    with psycopg.connect(services.sealer_url, autocommit=True) as sealer:
        sealer.execute(
            "INSERT INTO audit.leaf (n, event_no, event_id, entry, hash, act, act_n) SELECT %s, id, event_id, 'x',"
            " sha256('\\x00'::bytea || 'x'), sha256('x'), 1000 FROM audit.event WHERE event_id = %s",
            [size, event],
        )
        note = Checkpoint.objects.get(size=size).note
        for fake in (note, note.replace(f"\n{size}\n", "\n1000000\n"), "nonsense"):
            sealer.execute(
                "INSERT INTO audit.checkpoint (size, root, origin, note) VALUES (%s, sha256('x'), 'x', %s)",
                [1_000_000 - len(fake), fake],
            )
    with pytest.raises(NotSealed):
        release.wait_released([UUID(event)])
    newest = newest_signed()
    assert newest is not None
    assert newest.size == size


# --- D20: what the application's login may do to the application's tables


def test_D20_nothing_of_a_persons_history_is_deleted(services: Services) -> None:
    """D20: portal_web could delete grants, viewings and statements."""
    may_delete = {
        "accounts_personsession",
        "django_session",
        "mfa_authenticator",
        "recordings_owedevent",
        "recordings_refreshrun",
        "recordings_searchdoc",
    }
    with psycopg.connect(services.database_url, autocommit=True) as web:
        for table in TABLES:
            if table not in may_delete:
                with pytest.raises(errors.InsufficientPrivilege):
                    web.execute(f"DELETE FROM {table}")  # type: ignore[arg-type]
            with pytest.raises(errors.InsufficientPrivilege):
                web.execute(f"TRUNCATE {table} CASCADE")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE recordings_viewing SET started_at = now()",
        "UPDATE recordings_viewing SET viewer_id = 1",
        "UPDATE accounts_grant SET role = 'administrator'",
        "UPDATE accounts_grant SET granted_at = now()",
        "UPDATE recordings_completenessstatement SET month = now()",
        "UPDATE recordings_trailverification SET ok = true",
        "UPDATE recordings_mediacheck SET checked_at = now()",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('a', 'b', now())",
        "SELECT FROM auth_permission",
        "SELECT nextval('accounts_grant_id_seq')",
    ],
)
def test_D20_what_was_written_is_not_rewritten(services: Services, statement: str) -> None:
    """D20: whoever was given what when, and who watched what, stays as it was."""
    with (
        psycopg.connect(services.database_url, autocommit=True) as web,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        web.execute(statement)  # type: ignore[arg-type]


def test_D20_every_table_is_in_the_list(services: Services) -> None:
    with psycopg.connect(services.database_url) as web:
        rows = web.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')"
        ).fetchall()
    assert {name for (name,) in rows} == set(TABLES)


@pytest.mark.parametrize("size", [0, 1, 59, 61])
def test_D20_a_key_of_another_size_is_refused(services: Services, size: int) -> None:
    """D20: ensure_subject_key took any bytes for any subject."""
    with (
        psycopg.connect(services.database_url, autocommit=True) as web,
        pytest.raises(errors.CheckViolation),
    ):
        web.execute("SELECT audit.ensure_subject_key('customer:1', %s)", [bytes(size)])


def test_D20_garbage_as_a_customers_key_blocks_nothing(services: Services, settings: Any) -> None:
    """D20: garbage as a customer's key, and no event about the customer could be written any more."""
    with psycopg.connect(services.database_url, autocommit=True) as web:
        web.execute("SELECT audit.ensure_subject_key('customer:1', %s)", [os.urandom(60)])
    event = record(Kind.URL_ISSUED, by=NOA, target=RECORDING)
    from recordings.audit.opened import open_event

    found = open_event(event)
    assert found is not None
    assert found.private("object.label") == "Dana Marlowe"
    assert [incident.code for incident in Incident.objects.all()] == ["subject_key_replaced"]
    assert values(services, settings) == []


def test_D20_replacing_a_good_key_destroys_nothing(services: Services, settings: Any, watched: UUID) -> None:
    """D20: the way out of the garbage is no way to make values unreadable."""
    from recordings.audit.opened import open_event

    with psycopg.connect(services.database_url, autocommit=True) as web:
        web.execute(
            "SELECT audit.replace_subject_key(subject, wrapped, %s) FROM audit.subject_key", [os.urandom(60)]
        )
    record(Kind.URL_ISSUED, by=NOA, target=RECORDING)
    found = open_event(watched)
    assert found is not None
    assert (found.private("object.label"), found.private("actor.name")) == ("Dana Marlowe", "Noa Levi")
    assert values(services, settings) == []
    assert Incident.objects.filter(code="subject_key_replaced").exists()
