"""Read committed events from the database, and check and parse their bytes."""

import hashlib
from typing import Any, NamedTuple

import psycopg

from recordings.audit.kinds import Kind
from recordings.proof.event_form import FormError, read_event
from recordings.proof.sealing.errors import Stopped

ACTOR = "system:sealer"
# What only the log writes about itself.
OWN_KINDS = frozenset(
    [
        Kind.LOG_OPENED.value,
        Kind.HEADS_MANIFEST.value,
        Kind.SEALER_INCIDENT.value,
        Kind.KEY_ROTATED.value,
        Kind.BACKUP_RESTORED.value,
    ]
)
# The time as entries have it: formatting it here costs less than parsing and formatting it in Python.
COLUMNS = """
id, event_id::text, body, body_hash, to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
"""
_EVENT = f"SELECT {COLUMNS} FROM audit.event e WHERE "  # noqa: S608  (our own words)
# The second condition on the leaf says nothing new; it keeps the planner from reading all leaves.
_UNSEALED = f"""{_EVENT} id > %(low)s
  AND NOT EXISTS (SELECT FROM audit.leaf l WHERE l.event_no = e.id AND l.event_no > %(low)s)
ORDER BY id LIMIT %(limit)s
"""


class Event(NamedTuple):
    """A committed event; the time at which the database recorded it, as entries have it."""

    id: int
    event_id: str
    body: bytes
    body_hash: bytes
    recorded_at: str


class EventContent(NamedTuple):
    """What the sealer reads in an event's bytes."""

    kind: str
    outcome: str
    actor: str
    target: str
    parent: str
    detail: dict[str, Any]

    @property
    def is_own(self) -> bool:
        """Whether it speaks as the log does of itself."""
        return self.kind in OWN_KINDS or self.actor == ACTOR


def examine(event: Event) -> EventContent | None:
    """Check the bytes of an event and parse them; None when they are no event (docs/trail-format.md, section 3).

    Raises Stopped when they are not the bytes that were recorded: then a superuser was at work.
    """
    if hashlib.sha256(event.body).digest() != event.body_hash:
        raise Stopped("event_altered", f"The bytes of event {event.event_id} do not hash to its body hash.")
    try:
        body = read_event(event.body)
    except FormError:
        return None
    if body["id"] != event.event_id:
        raise Stopped("event_altered", f"The bytes of event {event.event_id} are not that event.")
    target = body.get("object", {})
    return EventContent(
        body["type"],
        body["outcome"],
        body["actor"]["ref"],
        target.get("ref", ""),
        target.get("parent", ""),
        body.get("action_detail", {}),
    )


def unsealed(connection: psycopg.Connection[Any], low: int, limit: int) -> list[Event]:
    """Committed events above the number `low` without a leaf, in the order of their numbers."""
    rows = connection.execute(_UNSEALED, {"low": low, "limit": limit}, binary=True)
    return [Event._make(row) for row in rows.fetchall()]


def event_of(connection: psycopg.Connection[Any], number: int) -> Event:
    """One event by its number."""
    rows = connection.execute(_EVENT + "id = %s", [number], binary=True).fetchall()
    return Event._make(rows[0])


def events_of(connection: psycopg.Connection[Any], event_ids: list[str]) -> dict[str, Event]:
    """The events that are there, by their ids."""
    rows = connection.execute(_EVENT + "event_id = ANY(%s::uuid[])", [event_ids], binary=True)
    return {event.event_id: event for event in map(Event._make, rows.fetchall())}
