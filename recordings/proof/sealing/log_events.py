"""Events that the log writes about itself, as actor `system:sealer`, through the same function as all others."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.conf import settings

from recordings.audit.kinds import Kind, Outcome
from recordings.audit.schema import canonical
from recordings.models.fields import uuid7
from recordings.proof.sealing.entries import stamp
from recordings.proof.sealing.events import ACTOR, Event, event_of

# Codes of incidents that announce the leaves after them. Their sentences are part of the log's format: vetting and
# recomputing produce them again and compare, so they must never change.
LATE_EVENTS, MALFORMED_EVENTS = "event_late", "event_malformed"
_INCIDENT_SENTENCES = {
    LATE_EVENTS: "{} committed after the log had been declared closed for its time.",
    MALFORMED_EVENTS: "{} no event as the trail has it; its bytes are kept and say nothing.",
}
_SUBJECTS = {LATE_EVENTS: ("1 event was", "{} events were"), MALFORMED_EVENTS: ("1 row is", "{} rows are")}


def write_log_event(
    connection: psycopg.Connection[Any],
    kind: Kind,
    detail: Mapping[str, int | str],
    outcome: Outcome = Outcome.COMPLETED,
    event_id: str | None = None,
) -> Event:
    """Append an event of the log in the open transaction; returns it.

    It must get its leaf in the same transaction: the sealer never seals such an event from the table.
    """
    body = canonical(
        {
            "v": 1,
            "id": event_id or str(uuid7()),
            "type": kind.value,
            "outcome": outcome.value,
            "occurred_at": stamp(datetime.now(UTC)),
            "actor": {"ref": ACTOR, "kind": "system"},
            "action_detail": dict(detail),
            "request": {"app_version": settings.APP_VERSION},
            "asserted_by": "server",
        }
    )
    rows = connection.execute("SELECT audit.record_event(%s, '{}', '{}', '{}')", [body]).fetchall()
    return event_of(connection, int(rows[0][0]))


def announcement(code: str, first: int, count: int) -> dict[str, int | str]:
    """Build the detail of an incident that announces the next `count` leaves, beginning with leaf `first`."""
    singular, plural = _SUBJECTS[code]
    sentence = _INCIDENT_SENTENCES[code].format(singular if count == 1 else plural.format(f"{count:,}"))
    return {"code": code, "sentence": sentence, "first": first, "count": count}
