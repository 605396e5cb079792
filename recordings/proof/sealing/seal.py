"""Seal one batch: committed events become leaves under a signed root, all of them or none."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import psycopg

from recordings.audit.kinds import Kind
from recordings.proof.sealing.batch import Batch
from recordings.proof.sealing.entries import stamp
from recordings.proof.sealing.errors import NotYet, Stopped
from recordings.proof.sealing.events import Event, EventContent, examine, unsealed
from recordings.proof.sealing.incidents import (
    check_not_stopped,
    record_stops,
    write_reported_incidents,
)
from recordings.proof.sealing.locking import catch_up, lock
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.log_events import GARBLED, LATE
from recordings.proof.sealing.signing import NOT_SIGNED, Signing, SigningFailure
from recordings.proof.sealing.stable_prefix import StablePrefix
from recordings.proof.sealing.vetting import LastSigned

BATCH = 1000
MANIFEST_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class Sealed:
    """What a batch did: the log's size afterwards and how many leaves are new. `full`: there may be more at once.

    `unsigned`: nothing was sealed, because a manifest had no signature yet. `failure`: why the signer did not sign.
    """

    size: int
    count: int = 0
    full: bool = False
    manifest: bool = False
    unsigned: bool = False
    failure: SigningFailure | None = None


def seal_batch(
    connection: psycopg.Connection[Any],
    log: Log,
    signing: Signing,
    *,
    stable: StablePrefix = StablePrefix(),  # noqa: B008  (it cannot be changed)
    manifest: bool = False,
    limit: int = BATCH,
    last_signed: LastSigned | None = None,
) -> Sealed:
    """Seal up to `limit` committed events in one transaction, then have the log signed and its checkpoint published.

    `stable` is what no event can be before any more. `manifest` asks for a heads manifest after this batch. Raises
    NotOpened, NotYet, and Stopped with its incident recorded; after any of them `log` may not be what is in the
    database: load it again (start.load). A signer that does not sign raises nothing: the leaves are committed.
    """
    log.manifest_owed |= manifest
    with record_stops(connection), _conflicts_explained(), connection.transaction():
        # 1. Lock the end of the log: of several sealers one goes on, the others wait.
        now = lock(connection, log)
        # 2. Bring the log in memory up to the committed leaves: each that this process did not write is made again from
        #    its event, and must be the same. Nothing is sealed while an incident that stops sealing is open.
        has_incidents = catch_up(connection, log, last_signed)
        if has_incidents:
            check_not_stopped(connection)
        # 3. Read the next committed events that have no leaf, in the order of their numbers. They wait while the log
        #    ends with a manifest that is not signed: it must be the last leaf of its checkpoint.
        unsigned = log.ends_with_manifest and log.signed != log.size
        events = [] if unsigned else unsealed(connection, log.low, limit)
        # 4. Check each event and make its leaf; then the leaves of incidents that others have reported.
        batch = Batch(log, connection, stamp(now))
        owed = _add_leaves(batch, events) or log.manifest_owed
        if has_incidents and not unsigned:
            write_reported_incidents(connection, batch)
        # 5. End the batch with a manifest when somebody waits for one, and every hour – but a log that ends with one
        #    has nothing new to say.
        full = len(events) == limit
        sealed_until = log.sealed_until if full else max(log.sealed_until, stable.time)
        is_due = datetime.now(UTC) - datetime.fromisoformat(log.manifest_at) >= MANIFEST_EVERY
        wanted = (owed or is_due) and not batch.ends_with_manifest
        written = wanted and batch.add_manifest(now, sealed_until)
        # 6. Grow the tree in memory: the batch's own copy of its edge, of which the log knows nothing yet.
        tiles = batch.grow_tree()
        # 7. Write leaves, tiles and the end of the log in this transaction, and commit it.
        if batch.leaves:
            batch.save(tiles)
    # 8. Only now, after the commit, the log in memory takes the batch over.
    batch.adopt()
    if not unsigned:
        log.low = max(log.low, min(stable.number, events[-1].id) if full else stable.number)
        log.sealed_until, log.manifest_owed = sealed_until, owed and wanted and not written
    failure = None
    try:
        # 9. The signer signs the committed root. When it does not, sealing goes on: its next signature covers this
        #    batch, too.
        signed = signing.sign(connection, log)
        # 10. Publish the checkpoint: its row is what viewings wait for, and what witnesses and anchors are sent.
        if signed:
            signing.publish(connection, log, signed)
    except NOT_SIGNED as error:
        failure = error
    return Sealed(log.size, len(batch.leaves), full, written, unsigned, failure)


@contextmanager
def _conflicts_explained() -> Iterator[None]:
    """Turn a constraint that the database enforced into NotYet or Stopped."""
    try:
        yield
    except psycopg.IntegrityError as conflict:
        twice = isinstance(conflict, psycopg.errors.UniqueViolation)
        if twice and conflict.diag.table_name == "event":
            raise NotYet(
                "Somebody else has written an event under an id that the log reserved."
            ) from conflict
        # The leaves and what is written after them do not fit: somebody has changed one of them.
        sentence = str(conflict).partition("\n")[0]
        raise Stopped("head_differs", f"The log cannot go on from its end: {sentence}") from conflict


def _add_leaves(batch: Batch, events: Sequence[Event]) -> bool:
    """Give each event the next leaf; before those that came late or cannot be read goes an incident that says so.

    Returns whether somebody asks for a bundle: it is complete only under a manifest that comes after.
    """
    read = [(event, examine(event)) for event in events]
    for event, content in read:
        if content is not None and content.is_own:
            raise Stopped(
                "own_event_foreign",
                f"Event {event.event_id} speaks as the log does of itself ({content.kind}, {content.actor}), and no "
                "sealer wrote it. Settled (seal_trail --settle), it is sealed as an event that nobody believes.",
            )
    closed_until, bundle_requested = batch.closed_until, False

    def incident_code(item: tuple[Event, EventContent | None]) -> str:
        event, content = item
        if content is None:
            return GARBLED
        return LATE if event.recorded_at < closed_until else ""

    for code, run in groupby(read, incident_code):
        group = list(run)
        if code:
            batch.add_incident(code, len(group))
        for event, content in group:
            if content is None:
                batch.add_malformed(event, late=event.recorded_at < closed_until)
                continue
            batch.add(event, content, late=code == LATE)
            if content.kind == Kind.REPORT_REQUESTED and content.detail.get("format") == "bundle":
                bundle_requested = True
    return bundle_requested
