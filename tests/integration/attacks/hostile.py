"""What a hostile login does in SQL, and what a sealer makes of it."""

import json
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.proof.sealing.batch import Batch
from recordings.proof.sealing.entries import Leaf
from recordings.proof.sealing.errors import Stopped
from recordings.proof.sealing.events import event_of, examine
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.service import Sealer
from recordings.proof.verification.verify import verify
from tests.integration.proof.sealing.test_seal import rows
from tests.sealing import Signer, event_body

Connection = psycopg.Connection[Any]


def sealer(services: Services, signer: Signer) -> Sealer:
    return Sealer(services.sealer_url, signer.origin, signer, keys=[signer.key.verifier])


def record(connection: Connection, body: bytes) -> None:
    connection.execute("SELECT audit.record_event(%s, '{}', '{}', '{}')", [body])


def lay(admin: Connection, body: bytes) -> None:
    """Insert an event as from before the database checked its form: only a superuser can still do that."""
    admin.execute(
        "INSERT INTO audit.event (event_id, body, body_hash, recorded_at, occurred_at, skewed, kind, outcome,"
        " actor_ref, actor_role, target_kind, target_ref, parent_ref, purpose, request_id)"
        " SELECT (b->>'id')::uuid, %(body)s, sha256(%(body)s), clock_timestamp(),"
        " (b->>'occurred_at')::timestamptz, true, b->>'type', b->>'outcome', b#>>'{actor,ref}', '', '', '', '', '', ''"
        " FROM (SELECT convert_from(%(body)s, 'UTF8')::jsonb AS b) AS said",
        {"body": body},
    )


def failing(services: Services, signer: Signer) -> list[str]:
    result = verify(services.database_url, policy=signer.policy, every_manifest=True)
    return [check.name for check in result.checks if not check.ok]


def forged_own(kind: str, detail: dict[str, Any], **more: Any) -> bytes:
    """Build an event as the log writes it."""
    return event_body("system:sealer", "", type=kind, action_detail=detail, **more)[1]


def stopped_with(services: Services, signer: Signer, code: str) -> Stopped:
    """Check that sealing stops, twice, with one incident of this code; returns the error."""
    for _ in range(2):
        with pytest.raises(Stopped) as stopped:
            sealer(services, signer).once()
        assert stopped.value.code == code
    assert rows(services, "SELECT DISTINCT code FROM audit.incident WHERE settles IS NULL") == [(code,)]
    return stopped.value


def plant(thief: Connection, log: Log, body: bytes, by: Connection | None = None, **columns: Any) -> None:
    """Record an event and insert its leaf at the end of the log, as the sealer would, but with these `columns`."""
    record(by or thief, body)
    ((number,),) = thief.execute("SELECT max(id) FROM audit.event").fetchall()
    event = event_of(thief, number)
    said = examine(event)
    assert said
    insert(thief, Batch(log).add(event, said), **columns)


def insert(thief: Connection, leaf: Leaf, **columns: Any) -> None:
    (obj, obj_n), (par, par_n) = (place[:2] if place else (None, None) for place in (leaf.obj, leaf.par))
    row = {"n": leaf.n, "event_no": leaf.event_no, "event_id": leaf.event_id, "entry": leaf.entry, "hash": leaf.hash,
           "obj": obj, "obj_n": obj_n, "par": par, "par_n": par_n, "act": leaf.act.tag,
           "act_n": leaf.act.n}  # fmt: skip
    row |= columns
    thief.execute(
        f"INSERT INTO audit.leaf ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})",
        list(row.values()),
    )


def date_back(superuser: Connection, by: timedelta) -> None:
    """Date every event without a leaf back, as if its transaction had stayed open, or a clock had been wrong.

    The times cannot be set in another way.
    """
    superuser.execute("ALTER TABLE audit.event DISABLE TRIGGER ALL")
    superuser.execute(
        "UPDATE audit.event SET recorded_at = recorded_at - %s, skewed = true"
        " WHERE NOT EXISTS (SELECT FROM audit.leaf l WHERE l.event_no = audit.event.id)",
        [by],
    )
    for trigger in ("event_is_kept", "event_table_is_kept"):
        superuser.execute(f"ALTER TABLE audit.event ENABLE ALWAYS TRIGGER {trigger}")


def incident_of(services: Services) -> dict[str, Any]:
    ((body,),) = rows(
        services, "SELECT body FROM audit.event WHERE kind = 'sealer.incident' ORDER BY id LIMIT 1"
    )
    return dict(json.loads(body)["action_detail"])
