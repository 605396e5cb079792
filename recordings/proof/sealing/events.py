"""Read committed events from the database, and check and parse their bytes."""

import hashlib
from typing import Any, NamedTuple

import psycopg

from recordings.audit.kinds import Kind
from recordings.proof.event_form import FormError, read_event
from recordings.proof.sealing.errors import Stopped

ACTOR = "system:sealer"
# Only the log writes events of these kinds, about itself.
LOG_KINDS = frozenset(
    [
        Kind.LOG_OPENED.value,
        Kind.HEADS_MANIFEST.value,
        Kind.SEALER_INCIDENT.value,
        Kind.KEY_ROTATED.value,
        Kind.BACKUP_RESTORED.value,
    ]
)
# PostgreSQL formats the time as entries need it: cheaper than parsing and formatting it in Python.
COLUMNS = """
id, event_id::text, body, body_hash, to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
"""
_EVENT = f"SELECT {COLUMNS} FROM audit.event e WHERE "  # noqa: S608  (constants only)
# The second condition on the leaf is redundant, but it keeps the planner from reading all leaves.
_UNSEALED = f"""{_EVENT} id > %(above)s
  AND NOT EXISTS (SELECT FROM audit.leaf l WHERE l.event_no = e.id AND l.event_no > %(above)s)
ORDER BY id LIMIT %(limit)s
"""


class Event(NamedTuple):
    """A committed event. `recorded_at` is the database's time, formatted as in entries."""

    id: int
    event_id: str
    body: bytes
    body_hash: bytes
    recorded_at: str


class EventContent(NamedTuple):
    """The parts of an event's body that the sealer uses."""

    kind: str
    outcome: str
    actor: str
    target: str
    parent: str
    detail: dict[str, Any]

    @property
    def is_log_event(self) -> bool:
        """Whether the event claims to be written by the log about itself."""
        return self.kind in LOG_KINDS or self.actor == ACTOR


def examine(event: Event) -> EventContent | None:
    """Check and parse the bytes of an event; None when they are not a valid event (docs/trail-format.md, section 3).

    Raises Stopped when they are not the bytes that were recorded: only a superuser can change those.
    """
    if hashlib.sha256(event.body).digest() != event.body_hash:
        raise Stopped("event_altered", f"The body of event {event.event_id} does not match its hash.")
    try:
        body = read_event(event.body)
    except FormError:
        return None
    if body["id"] != event.event_id:
        raise Stopped("event_altered", f"The body of event {event.event_id} is the body of another event.")
    target = body.get("object", {})
    return EventContent(
        body["type"],
        body["outcome"],
        body["actor"]["ref"],
        target.get("ref", ""),
        target.get("parent", ""),
        body.get("action_detail", {}),
    )


def unsealed(connection: psycopg.Connection[Any], above: int, limit: int) -> list[Event]:
    """List up to `limit` committed events without a leaf, with numbers above `above`, in the order of their numbers."""
    rows = connection.execute(_UNSEALED, {"above": above, "limit": limit}, binary=True)
    return [Event._make(row) for row in rows.fetchall()]


def event_of(connection: psycopg.Connection[Any], number: int) -> Event:
    """Read an event by its number."""
    rows = connection.execute(_EVENT + "id = %s", [number], binary=True).fetchall()
    return Event._make(rows[0])


def events_of(connection: psycopg.Connection[Any], event_ids: list[str]) -> dict[str, Event]:
    """Read the events with these ids, by id; those that do not exist are left out."""
    rows = connection.execute(_EVENT + "event_id = ANY(%s::uuid[])", [event_ids], binary=True)
    return {event.event_id: event for event in map(Event._make, rows.fetchall())}
