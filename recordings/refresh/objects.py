"""Store listed objects: one statement per page of a listing, which writes only the rows that differ."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from recordings.catalog.search_documents import rebuild_docs
from recordings.commbox import ObjectItem

# Column, its type in PostgreSQL, attribute of ObjectItem.
_COLUMNS = (
    ("id", "bigint", "object_id"),
    ("stream_id", "bigint", "stream_id"),
    ("substream_id", "bigint", "substream_id"),
    ("status_id", "integer", "status_id"),
    ("object_type", "integer", "object_type"),
    ("customer_identity_id", "bigint", "customer_identity_id"),
    ("customer_name", "text", "customer_name"),
    ("customer_email", "text", "customer_email"),
    ("customer_phone", "text", "customer_phone"),
    ("agent_id", "bigint", "agent_id"),
    ("message", "text", "message"),
    ("created_at", "timestamptz", "created_at"),
    ("updated_at", "timestamptz", "updated_at"),
    ("closed_at", "timestamptz", "closed_at"),
    ("raw", "jsonb", "raw"),
)
_NAMES = [name for name, _, _ in _COLUMNS]
_CHANGING = _NAMES[1:]
_HELD = ", ".join(f"o.{name}" for name in _CHANGING)
# An object that has no agent any more keeps the one who was assigned last: its recordings are that agent's calls.
_GIVEN = ", ".join(f"excluded.{name}" for name in _CHANGING).replace(
    "excluded.agent_id", "coalesce(excluded.agent_id, o.agent_id)"
)

# Any change of an object may mean a new recording, so the object is due at once.
_UPSERT = f"""
INSERT INTO recordings_commboxobject AS o ({", ".join(_NAMES)}, first_seen_at, refresh_due_at, refresh_attempts,
                                           refresh_error)
SELECT {", ".join(_NAMES)}, %(now)s, %(now)s, 0, ''
FROM unnest({", ".join(f"%({name})s::{kind}[]" for name, kind, _ in _COLUMNS)}) AS given ({", ".join(_NAMES)})
ON CONFLICT (id) DO UPDATE
SET ({", ".join(_CHANGING)}) = ROW ({_GIVEN}), refresh_due_at = %(now)s
WHERE ({_HELD}) IS DISTINCT FROM ({_GIVEN})
RETURNING o.id
"""  # noqa: S608 (nothing but the column names above)


@transaction.atomic
def upsert_objects(items: Sequence[ObjectItem], *, now: datetime) -> list[int]:
    """Store objects and return the ids of the rows that were new or different. Their channels must exist.

    Rows are written in the order of their ids, so that two listings at once wait for each other and do not deadlock.
    """
    ordered = sorted({item.object_id: item for item in items}.values(), key=lambda item: item.object_id)
    if not ordered:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, {"now": now, **_arrays(ordered)})
        written = [row[0] for row in cursor.fetchall()]
    if written:
        rebuild_docs(written)
    return written


def _arrays(items: Sequence[ObjectItem]) -> dict[str, list[Any]]:
    arrays: dict[str, list[Any]] = {
        name: [getattr(item, attribute) for item in items] for name, _, attribute in _COLUMNS
    }
    arrays["raw"] = [json.dumps(raw) for raw in arrays["raw"]]
    return arrays
