"""What the log writes about itself: events of the actor `system:sealer`, through the same one door as all others."""

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


def write_own(
    connection: psycopg.Connection[Any],
    kind: Kind,
    detail: Mapping[str, int | str],
    outcome: Outcome = Outcome.COMPLETED,
    event_id: str | None = None,
) -> Event:
    """Append an event of the sealer in the transaction that is open. It must get its leaf in the same transaction:
    the sealer takes no such event from the table."""
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
