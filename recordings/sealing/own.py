"""What the log writes about itself: events of the actor `system:sealer`, through the same one door as all others."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.conf import settings

from recordings.audit.kinds import Kind, Outcome
from recordings.audit.schema import canonical
from recordings.models.fields import uuid7
from recordings.sealing.entries import stamp

ACTOR = "system:sealer"


def write_own(
    connection: psycopg.Connection[Any],
    kind: Kind,
    detail: Mapping[str, int | str],
    outcome: Outcome = Outcome.COMPLETED,
) -> int:
    """Append an event of the sealer in the transaction that is open; returns its number."""
    body = canonical(
        {
            "v": 1,
            "id": str(uuid7()),
            "type": kind.value,
            "outcome": outcome.value,
            "occurred_at": stamp(datetime.now(UTC)),
            "actor": {"ref": ACTOR, "kind": "system"},
            "action_detail": dict(detail),
            "request": {"app_version": settings.APP_VERSION},
            "asserted_by": "server",
        }
    )
    row = connection.execute("SELECT audit.record_event(%s, '{}', '{}', '{}')", [body]).fetchone()
    return int(row[0]) if row else 0
