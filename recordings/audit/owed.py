"""Events that are written later: ends of sessions while the trail is unavailable, and repeated refusals.

Signing out must not wait for the trail. Someone who is refused a hundred times a second must not fill the trail: the
first refusals of a minute are events each, the others are one event with their number.
"""

from datetime import datetime, timedelta

import structlog
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection
from django.db.models import F, Q
from django.utils import timezone

from recordings.audit.actor import Actor, Target
from recordings.audit.event import Detail
from recordings.audit.kinds import Kind, Outcome
from recordings.audit.once import record_once
from recordings.audit.record import committed, record
from recordings.exceptions import AuditUnavailable
from recordings.models import OwedEvent

logger = structlog.get_logger("portal.trail")

REFUSALS_A_MINUTE = 20
MINUTE = timedelta(minutes=1)
ALARMING = timedelta(minutes=2)
_AT_ONCE = 500
_COUNT = """
INSERT INTO recordings_owedevent (kind, actor_ref, session, happened_at, count, written)
VALUES (%s, %s, %s, %s, 1, 0)
ON CONFLICT (kind, actor_ref, session, happened_at) DO UPDATE SET count = recordings_owedevent.count + 1
RETURNING id, written
"""


def owe(kind: Kind, *, by: Actor) -> None:
    """Store an event to be written later. Raises DatabaseError when it cannot be stored."""
    logger.error("event owed to the trail", kind=kind.value, actor=by.ref)
    OwedEvent.objects.create(kind=kind, actor_ref=by.ref, session=by.session, happened_at=timezone.now())


def record_refusal(*, by: Actor, target: Target, method: str, rule: str) -> None:
    """Record a refusal of access, or count it. Raises AuditUnavailable.

    The same refusal within a minute, and all after the first REFUSALS_A_MINUTE of a session, are counted and written as
    one event after the minute.
    """
    minute = timezone.now().replace(second=0, microsecond=0)
    try:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, [Kind.ACCESS_DENIED.value, by.ref, by.session, minute])
            key, written = cursor.fetchone()
    except DatabaseError as error:
        raise AuditUnavailable from error
    if written >= REFUSALS_A_MINUTE:
        return
    is_new = record_once(
        Kind.ACCESS_DENIED,
        by=by,
        act={"target": target.ref, "method": method, "rule": rule},
        target=target,
        outcome=Outcome.DENIED,
        detail={"method": method},
        rule=rule,
    )
    if is_new:
        OwedEvent.objects.filter(pk=key).update(written=F("written") + 1)


def overdue() -> "Q":
    """Match stored events that should have been written by now, which is an alarm."""
    return ~Q(kind=Kind.ACCESS_DENIED) & Q(happened_at__lt=timezone.now() - ALARMING)


def write_owed() -> int:
    """Write stored events, each in one transaction with the deletion of its row. Return the number of rows.

    Raises AuditUnavailable at the first event that cannot be written; the others stay stored too.
    """
    now = timezone.now()
    due = OwedEvent.objects.exclude(kind=Kind.ACCESS_DENIED, happened_at__gt=now - MINUTE)
    keys = list(due.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE])
    return sum(_write(key) for key in keys)


def _write(key: int) -> bool:
    with committed():
        owed = OwedEvent.objects.select_for_update(skip_locked=True).filter(pk=key).first()
        if owed is None:
            return False
        more = owed.count - owed.written
        if owed.kind == Kind.ACCESS_DENIED and more:
            detail: Detail = {"more": more, "minute": _text(owed.happened_at)}
            record(Kind.ACCESS_DENIED, by=_actor(owed), outcome=Outcome.DENIED, detail=detail)
        elif owed.kind != Kind.ACCESS_DENIED:
            by = _actor(owed)
            target = Target("person", by.ref, by.name, subject=by.ref)
            record(Kind(owed.kind), by=by, target=target, detail={"happened_at": _text(owed.happened_at)})
        owed.delete()
    return True


def _actor(owed: OwedEvent) -> Actor:
    user = get_user_model().objects.filter(pk=owed.actor_ref.removeprefix("user:")).first()
    name = str(getattr(user, "display_name", ""))
    return Actor(owed.actor_ref, "person", name, session=owed.session)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
