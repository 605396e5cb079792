"""One batch: committed events become leaves, all or none, in the order of their numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import psycopg

from recordings.audit.kinds import Kind
from recordings.proof.sealing.batch import GARBLED, LATE, Batch
from recordings.proof.sealing.entries import stamp
from recordings.proof.sealing.errors import NotOpened, NotYet, Stopped
from recordings.proof.sealing.events import Event, Said, examine, unsealed
from recordings.proof.sealing.incidents import check_none_is_open, kept, tell_incidents
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.stable_prefix import Settled
from recordings.proof.sealing.vetting import Signed, Vetting

BATCH = 1000
MANIFEST_EVERY = timedelta(hours=1)

_LOCK = "SELECT tag_key, clock_timestamp() FROM audit.log_head FOR UPDATE"
_LOOK = "SELECT (SELECT coalesce(max(n), -1) FROM audit.leaf), EXISTS (SELECT FROM audit.incident)"
_Read = tuple[Event, Said | None]


@dataclass(frozen=True)
class Sealed:
    """What a batch did: the log's size afterwards and how many leaves are new. `full`: there may be more at once."""

    size: int
    count: int = 0
    full: bool = False
    manifest: bool = False
    unsigned: bool = False


def seal_batch(
    connection: psycopg.Connection[Any],
    log: Log,
    *,
    settled: Settled = Settled(),  # noqa: B008  (it cannot be changed)
    manifest: bool = False,
    limit: int = BATCH,
    signed: Signed | None = None,
) -> Sealed:
    """Seal up to `limit` events in one transaction; returns once it is committed. When this raises, `log` may not be
    what is in the database: count it again (start.load).

    `settled` is what no event can be before any more (horizon.py). `manifest` asks for one after this batch. Nothing
    is sealed (`unsigned`) while the log ends with a manifest whose checkpoint is not signed: the manifest must stay
    the last leaf of that checkpoint. Raises NotOpened, NotYet, and Stopped with its incident kept.
    """
    log.manifest_owed |= manifest
    with kept(connection):
        try:
            with connection.transaction():
                now, incidents = lock(connection, log, signed)
                if incidents:
                    check_none_is_open(connection)
                if log.ends_with_manifest and log.signed != log.size:
                    return Sealed(log.size, unsigned=True)
                batch = Batch(log, connection, stamp(now))
                events = unsealed(connection, log.low, limit)
                owed = _add(batch, events) or log.manifest_owed
                if incidents:
                    tell_incidents(connection, batch)
                full = len(events) == limit
                sealed_until = log.sealed_until if full else max(log.sealed_until, settled.time)
                wanted = (owed or _is_due(log)) and not batch.ends_with_manifest
                written = wanted and batch.manifest(now, sealed_until)
                if batch.leaves:
                    batch.save()
        except psycopg.errors.UniqueViolation as twice:
            if twice.diag.table_name == "event":
                raise NotYet(
                    "Somebody else has written an event under an id that the log reserved."
                ) from twice
            raise _cannot_go_on(twice) from twice
        except psycopg.IntegrityError as wrong:
            raise _cannot_go_on(wrong) from wrong
    batch.adopt()
    log.low = max(log.low, min(settled.number, events[-1].id) if full else settled.number)
    log.sealed_until, log.manifest_owed = sealed_until, owed and wanted and not written
    return Sealed(log.size, len(batch.leaves), full, written)


def _cannot_go_on(wrong: Exception) -> Stopped:
    """What the leaves are and what is written after them do not fit: somebody has changed one of them."""
    said = str(wrong).partition("\n")[0]
    return Stopped("head_differs", f"The log cannot go on from its end: {said}")


def lock(
    connection: psycopg.Connection[Any], log: Log, signed: Signed | None = None
) -> tuple[datetime, bool]:
    """Be the only one who adds leaves, in the transaction that is open, and know all that are there.

    Returns the database's time, and whether there are incidents. What the row says is not believed.
    """
    rows = connection.execute(_LOCK).fetchall()
    if not rows:
        raise NotOpened("There is no log yet: `manage.py seal_trail` opens it.")
    key, now = rows[0]
    if bytes(key) != log.tag_key:
        raise Stopped(
            "head_differs", "The tag key in audit.log_head is not the one that the log was opened with."
        )
    ((last, incidents),) = connection.execute(_LOOK).fetchall()
    if last >= log.size:
        Vetting(connection, log, signed).take()
    elif last < log.size - 1:
        raise Stopped("head_differs", f"The log has {log.size} leaves; the last in the database is {last}.")
    return now.astimezone(UTC), incidents


def _add(batch: Batch, events: Sequence[Event]) -> bool:
    """Give each event the next leaf; those that came late or cannot be read stand behind an incident that says so.

    Returns whether somebody asks for a bundle: it is complete only under a manifest that comes after.
    """
    read = [(event, examine(event)) for event in events]
    for event, said in read:
        if said is not None and said.is_own:
            raise Stopped(
                "own_event_foreign",
                f"Event {event.event_id} speaks as the log does of itself ({said.kind}, {said.actor}), and no sealer "
                "wrote it. Settled (seal_trail --settle), it is sealed as an event that nobody believes.",
            )
    closed_until, asked = batch.closed_until, False
    for code, run in groupby(read, lambda one: _code(one, closed_until)):
        group = list(run)
        if code:
            batch.report(code, len(group))
        for event, said in group:
            if said is None:
                batch.add_malformed(event, late=event.recorded_at < closed_until)
            else:
                batch.add(event, said, late=code == LATE)
                asked = asked or _asks_for_bundle(said)
    return asked


def _code(one: _Read, closed_until: str) -> str:
    event, said = one
    if said is None:
        return GARBLED
    return LATE if event.recorded_at < closed_until else ""


def _asks_for_bundle(said: Said) -> bool:
    return said.kind == Kind.REPORT_REQUESTED and said.detail.get("format") == "bundle"


def _is_due(log: Log) -> bool:
    """Every hour – but a log that ends with a manifest has nothing new to say."""
    return datetime.now(UTC) - datetime.fromisoformat(log.manifest_at) >= MANIFEST_EVERY
