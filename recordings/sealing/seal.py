"""One batch: committed events become leaves, all or none, in the order of their numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from recordings.audit.kinds import Kind
from recordings.sealing.errors import NotOpened, Stopped
from recordings.sealing.growth import Event, Said, append
from recordings.sealing.head import Head
from recordings.sealing.heads import Heads, manifest_detail
from recordings.sealing.incidents import check_none_is_open, kept
from recordings.sealing.own import write_own
from recordings.tlog.tiles import TileError

BATCH = 1000
MANIFEST_EVERY = timedelta(hours=1)

_EVENT = "SELECT id, event_id::text, body, body_hash, recorded_at FROM audit.event e WHERE "
# The second condition on the leaf says nothing new; it keeps the planner from reading all leaves.
_UNSEALED = (
    _EVENT
    + """id > %(low)s
  AND NOT EXISTS (SELECT FROM audit.leaf l WHERE l.event_no = e.id AND l.event_no > %(low)s)
ORDER BY id LIMIT %(limit)s
"""
)


@dataclass(frozen=True)
class Sealed:
    """What a batch did: the log's size afterwards and how many leaves are new. `full`: there may be more at once.

    Every event up to the number `low_water` is sealed, or will never be there; `hashes` are those of the new leaves.
    """

    size: int
    low_water: int
    count: int = 0
    full: bool = False
    manifest: bool = False
    unsigned: bool = False
    hashes: Sequence[bytes] = field(default=(), repr=False)


def seal_batch(
    connection: psycopg.Connection[Any],
    *,
    settled: int = -1,
    manifest: bool = False,
    limit: int = BATCH,
) -> Sealed:
    """Seal up to `limit` events in one transaction; returns once it is committed.

    `settled` is a number up to which no event can appear any more (horizon.py). `manifest` asks for one after this
    batch. Nothing is sealed (`unsigned`) while the log ends with a manifest whose checkpoint is not signed: the
    manifest must stay the last leaf of that checkpoint. Raises NotOpened, and Stopped with its incident kept.
    """
    with kept(connection):
        try:
            with connection.transaction():
                return _seal(connection, settled, manifest, limit)
        except (TileError, psycopg.IntegrityError) as wrong:
            # What the head says and what the leaves are do not fit: somebody has changed one of them.
            said = str(wrong).partition("\n")[0]
            raise Stopped("head_differs", f"The log cannot go on from its end: {said}") from wrong


def _seal(connection: psycopg.Connection[Any], settled: int, manifest: bool, limit: int) -> Sealed:
    head = Head.read(connection, lock=True)
    if head is None:
        raise NotOpened("There is no log yet: `manage.py seal_trail` opens it.")
    check_none_is_open(connection)
    if head.ends_with_manifest and not is_signed(connection, head.size):
        return Sealed(head.size, head.low_water, unsigned=True)
    before = head.size
    events = unsealed(connection, head.low_water, limit)
    said, hashes = append(connection, head, events) if events else ([], [])
    wanted = manifest or _is_asked_for(said) or _is_due(head)
    if wanted := wanted and not head.ends_with_manifest:
        hashes += _append_manifest(connection, head)
    head.low_water = max(head.low_water, min(settled, events[-1].id) if len(events) == limit else settled)
    head.save(connection)
    return Sealed(head.size, head.low_water, head.size - before, len(events) == limit, wanted, hashes=hashes)


def unsealed(connection: psycopg.Connection[Any], low: int, limit: int) -> list[Event]:
    """Committed events without a leaf, in the order of their numbers."""
    rows = connection.execute(_UNSEALED, {"low": low, "limit": limit}, binary=True)
    return [Event._make(row) for row in rows.fetchall()]


def event_of(connection: psycopg.Connection[Any], number: int) -> Event:
    """One event by its number."""
    rows = connection.execute(_EVENT + "id = %s", [number], binary=True).fetchall()
    return Event._make(rows[0])


def is_signed(connection: psycopg.Connection[Any], size: int) -> bool:
    """Whether a checkpoint of exactly this size is kept."""
    return bool(connection.execute("SELECT FROM audit.checkpoint WHERE size = %s", [size]).fetchall())


def _is_asked_for(said: Sequence[Said]) -> bool:
    """Whether somebody has asked for a bundle: it is complete only under a manifest that comes after it."""
    return any(one.kind == Kind.REPORT_REQUESTED and _format(one) == "bundle" for one in said)


def _format(said: Said) -> str:
    return str(said.detail.get("format")) if isinstance(said.detail, dict) else ""


def _is_due(head: Head) -> bool:
    """Every hour – but a log that ends with a manifest has nothing new to say."""
    return head.manifest_at is None or datetime.now(UTC) - head.manifest_at >= MANIFEST_EVERY


def _append_manifest(connection: psycopg.Connection[Any], head: Head) -> list[bytes]:
    cursor = connection.cursor()
    detail = manifest_detail(Heads.kept(cursor, "obj"), Heads.kept(cursor, "act"), head.size)
    event = event_of(connection, write_own(connection, Kind.HEADS_MANIFEST, detail))
    head.manifest_n, head.manifest_at = head.size, event.recorded_at
    return append(connection, head, [event])[1]
