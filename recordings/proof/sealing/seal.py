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
from recordings.proof.sealing.log_events import LATE_EVENTS, MALFORMED_EVENTS
from recordings.proof.sealing.signing import NOT_SIGNED, Signing, SigningFailure
from recordings.proof.sealing.stable_prefix import StablePrefix
from recordings.proof.sealing.vetting import LastSigned

BATCH = 1000
MANIFEST_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class SealResult:
    """The result of sealing one batch.

    `size` is the log's size afterwards, `count` the number of new leaves. `full` means that more events may be waiting.
    `manifest` says whether the batch ended with a manifest. `unsigned` means that nothing was sealed because the last
    manifest is not signed yet. `failure` is the reason why the signer did not sign.
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
) -> SealResult:
    """Seal up to `limit` committed events in one transaction, have the log signed and publish its checkpoint.

    `stable` is the prefix of the trail in which no event can appear any more. `manifest` requests a heads manifest
    after this batch. Raises NotOpened, NotYet, or Stopped with its incident recorded. After any of them `log` may
    differ from the database: load it again (start.load). When the signer does not sign, nothing is raised: the leaves
    are committed, and `failure` has the reason.
    """
    log.manifest_due |= manifest
    with record_stops(connection), _convert_conflicts(), connection.transaction():
        # 1. Lock the end of the log: one sealer continues, any others wait.
        now = lock(connection, log)
        # 2. Add committed leaves that this process did not write to the log in memory. Each is recomputed from its
        #    event and must be equal. Nothing is sealed while an incident that stops sealing is open.
        has_incidents = catch_up(connection, log, last_signed)
        if has_incidents:
            check_not_stopped(connection)
        # 3. Read the next committed events without a leaf, in the order of their numbers. While the log ends with an
        #    unsigned manifest, read none: a manifest must be the last leaf of its checkpoint.
        unsigned = log.ends_with_manifest and log.signed != log.size
        events = [] if unsigned else unsealed(connection, log.complete_to, limit)
        # 4. Check each event and add its leaf, then the leaves of incidents that other processes reported.
        batch = Batch(log, connection, stamp(now))
        manifest_due = _add_leaves(batch, events) or log.manifest_due
        if has_incidents and not unsigned:
            write_reported_incidents(connection, batch)
        # 5. End the batch with a manifest when one was requested, and every hour, unless the log already ends with one.
        full = len(events) == limit
        sealed_until = log.sealed_until if full else max(log.sealed_until, stable.time)
        hour_passed = datetime.now(UTC) - datetime.fromisoformat(log.manifest_at) >= MANIFEST_EVERY
        wanted = (manifest_due or hour_passed) and not batch.ends_with_manifest
        written = wanted and batch.add_manifest(now, sealed_until)
        # 6. Grow the tree in memory. This changes the batch's own copy of the edge, not the log.
        tiles = batch.grow_tree()
        # 7. Write the leaves, the tiles and the log_head row, and commit.
        if batch.leaves:
            batch.save(tiles)
    # 8. Only after the commit: update the log in memory.
    batch.adopt()
    if not unsigned:
        log.complete_to = max(log.complete_to, min(stable.number, events[-1].id) if full else stable.number)
        log.sealed_until, log.manifest_due = sealed_until, manifest_due and wanted and not written
    failure = None
    try:
        # 9. The signer signs the committed root. If it does not, sealing continues: its next signature covers this
        #    batch as well.
        signed = signing.sign(connection, log)
        # 10. Publish the checkpoint. Viewings wait for its row, and witnesses and anchors receive it.
        if signed:
            signing.publish(connection, log, signed)
    except NOT_SIGNED as error:
        failure = error
    return SealResult(log.size, len(batch.leaves), full, written, unsigned, failure)


@contextmanager
def _convert_conflicts() -> Iterator[None]:
    """Convert a violated database constraint to NotYet or Stopped."""
    try:
        yield
    except psycopg.IntegrityError as conflict:
        duplicate = isinstance(conflict, psycopg.errors.UniqueViolation)
        if duplicate and conflict.diag.table_name == "event":
            raise NotYet("Another writer used an event id that the log had reserved.") from conflict
        # Leaves, tiles or the log_head row contradict one another: one of them was changed from outside.
        sentence = str(conflict).partition("\n")[0]
        raise Stopped("head_differs", f"No leaf can be added at the end of the log: {sentence}") from conflict


def _add_leaves(batch: Batch, events: Sequence[Event]) -> bool:
    """Add a leaf for each event. An incident is added before events that came late or cannot be read.

    Returns whether an event needs a heads manifest after it: a bundle is complete only under one written after its
    request, and a frozen population is drawn with the checkpoint of the first one after it.
    """
    read = [(event, examine(event)) for event in events]
    for event, content in read:
        if content is not None and content.is_log_event:
            raise Stopped(
                "own_event_foreign",
                f"Event {event.event_id} claims to be written by the log ({content.kind}, {content.actor}), but no "
                "sealer wrote it. Closing this incident (seal_trail --close-incidents) seals the event as malformed.",
            )
    closed_until, manifest_needed = batch.closed_until, False

    def incident_code(item: tuple[Event, EventContent | None]) -> str:
        event, content = item
        if content is None:
            return MALFORMED_EVENTS
        return LATE_EVENTS if event.recorded_at < closed_until else ""

    for code, run in groupby(read, incident_code):
        group = list(run)
        if code:
            batch.add_incident(code, len(group))
        for event, content in group:
            if content is None:
                batch.add_malformed(event, late=event.recorded_at < closed_until)
                continue
            batch.add(event, content, late=code == LATE_EVENTS)
            is_bundle = content.kind == Kind.REPORT_REQUESTED and content.detail.get("format") == "bundle"
            if is_bundle or content.kind in (Kind.SAMPLE_FROZEN, Kind.SUPERVISION_FROZEN):
                manifest_needed = True
    return manifest_needed
