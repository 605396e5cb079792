"""Put recordings into the queue, and decide about them. Each row and its event are one transaction."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from recordings.audit import Actor, Kind, Target, record
from recordings.models import (
    DONE,
    Disposition,
    ItemSource,
    Recording,
    SupervisionDisposition,
    SupervisionItem,
)
from recordings.models.fields import Spans, uuid7
from recordings.playback.queries import watched_of
from recordings.playback.spans import MAX_SPANS, total_ms
from recordings.reviews.evaluations import share_watched
from recordings.reviews.supervision.errors import NotHolder, NotOpen, Overtaken
from recordings.reviews.supervision.rules import WAITING, Standing, due_after, may_dispose

_LOCK = "SELECT pg_advisory_xact_lock(hashtext('recordings.supervision'), hashtext(%s))"
Moment = tuple[int, int]


@dataclass(frozen=True)
class Decision:
    """What an officer decided. `to`: to whom it is escalated. `due_at`: else the usual deadline of the level."""

    disposition: Disposition
    reason: str
    note: str = ""
    moment: Moment | None = None
    to: Any = None
    due_at: datetime | None = None


@transaction.atomic
def add_to_queue(
    *,
    recording: Recording,
    source: ItemSource,
    by: Actor,
    person: Any = None,
    source_ref: str = "",
    due_at: datetime | None = None,
    reason: str = "",
) -> tuple[SupervisionItem, bool]:
    """Put a recording into the queue, and tell whether it is new there: a recording has one open item.

    `source_ref`: what drew it, such as `plan:<id>`. `person`: who added it; None for the portal.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [str(recording.pk)])
    if item := open_item_of(recording):
        return item, False
    item_id, due_at = uuid7(), due_at or due_after(0)
    event = record(
        Kind.SUPERVISION_QUEUED,
        by=by,
        target=Target.of(recording),
        detail={
            "item": str(item_id),
            "source": source.value,
            "due_at": stamp(due_at),
            **({"source_ref": source_ref} if source_ref else {}),
        },
        private={"reason": reason},
    )
    item = SupervisionItem.objects.create(
        id=item_id,
        recording=recording,
        source=source,
        source_ref=source_ref,
        added_by=person,
        due_at=due_at,
        event_id=event,
    )
    return item, True


def open_item_of(recording: Recording) -> SupervisionItem | None:
    """Return the open item of a recording; None without one."""
    newest = SupervisionDisposition.objects.filter(item=OuterRef("pk")).order_by("-number")
    rows = SupervisionItem.objects.filter(recording=recording)
    rows = rows.annotate(state=Coalesce(Subquery(newest.values("disposition")[:1]), Value(WAITING)))
    return rows.exclude(state__in=DONE).order_by("-added_at").first()


@transaction.atomic
def dispose(
    *, item: SupervisionItem, base: int, decision: Decision, person: Any, by: Actor
) -> SupervisionDisposition:
    """Decide about an item. `base`: the number of the newest disposition that the person saw.

    Of two people at the same time one decides; the other gets Overtaken. Raises NotOpen and NotHolder too.
    """
    # 1. As it is now, not as the page showed it.
    standing = Standing.of(item)
    if base != standing.number:
        raise Overtaken
    if not standing.is_open:
        raise NotOpen
    if not may_dispose(person, item.recording.object, standing):
        raise NotHolder
    # 2. Who decides next, and until when.
    is_escalated = decision.disposition == Disposition.ESCALATED
    level = standing.level + is_escalated
    holder = decision.to if is_escalated else standing.holder
    due_at = None if decision.disposition in DONE else decision.due_at or due_after(level)
    # 3. The event with what was watched, then the row. Its number is unique, so the second of two fails.
    watched = watched_of(item.recording_id, person.pk).mine
    detail = {
        "item": str(item.pk),
        "number": standing.number + 1,
        "disposition": decision.disposition.value,
        "reason": decision.reason,
        "level": level,
        **moment_detail(decision.moment),
        **watched_detail(watched, item.recording),
        **({"due_at": stamp(due_at)} if due_at else {}),
        **({"holder": f"user:{holder.pk}"} if holder and due_at else {}),
    }
    event = record(
        Kind.SUPERVISION_DISPOSED,
        by=by,
        target=Target.of(item.recording),
        detail=detail,
        private={"note": decision.note},
    )
    start, end = decision.moment or (None, None)
    return add_disposition(
        item=item,
        number=standing.number + 1,
        disposed_by=person,
        disposition=decision.disposition,
        reason=decision.reason,
        from_ms=start,
        to_ms=end,
        level=level,
        holder=holder if due_at else None,
        due_at=due_at,
        watched=watched,
        watched_percent=share_watched(watched, item.recording),
        event_id=event,
    )


def add_disposition(**fields: Any) -> SupervisionDisposition:
    """Add a row. Raises Overtaken when the item has one of this number: the caller's transaction is rolled back."""
    try:
        with transaction.atomic():
            return SupervisionDisposition.objects.create(disposed_at=timezone.now(), **fields)
    except IntegrityError as error:
        raise Overtaken from error


def moment_detail(moment: Moment | None) -> dict[str, int]:
    """Return where a disposition points, for an event."""
    return {} if moment is None else {"from_ms": moment[0], "to_ms": moment[1]}


def watched_detail(watched: Spans, recording: Recording) -> dict[str, Any]:
    """Return what was watched until now, for an event."""
    percent = share_watched(watched, recording)
    return {
        "spans": [list(span) for span in watched[:MAX_SPANS]],
        "watched_ms": total_ms(watched),
        **({} if percent is None else {"watched_percent": percent}),
    }


def stamp(at: datetime) -> str:
    """Write a time for an event, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
