"""Reading the trail is an event of its own, written before anything of it is shown."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from recordings.audit.actor import Actor, Target
from recordings.audit.kinds import Kind
from recordings.audit.opened import COLUMNS, OpenedRow, open_events, stored
from recordings.audit.record import record_durably
from recordings.models import AuditEvent

COALESCED = timedelta(minutes=1)


def log_reading(
    *, by: Actor, filters: Mapping[str, Any] | None = None, words: str = "", target: Target | None = None
) -> None:
    """Have it in the trail, committed, that somebody reads it; the same reading within a minute is one event.

    `words` is what was typed: it may be a name, so it stands in the event as a commitment. Raises AuditUnavailable
    when the event cannot be written, and then nothing may be shown.
    """
    kind = Kind.TRAIL_SEARCHED if filters or words else Kind.TRAIL_VIEWED
    detail = {"filters": dict(filters)} if filters else {}
    reference = target.ref if target else ""
    if any(_same(event, kind, detail, words, reference) for event in _lately(by, kind)):
        return
    record_durably(kind, by=by, target=target, detail=detail, private={"q": words} if words else None)


def _lately(by: Actor, kind: Kind) -> list[OpenedRow]:
    since = timezone.now() - COALESCED
    events = AuditEvent.objects.filter(recorded_at__gte=since, actor_ref=by.ref, kind=kind)
    return open_events(stored(events.order_by("-recorded_at").values_list(*COLUMNS)[:50]))


def _same(event: OpenedRow, kind: Kind, detail: Mapping[str, Any], words: str, target: str) -> bool:
    asked = (kind, detail.get("filters", {}), words, target)
    return (
        event.kind,
        event.detail.get("filters", {}),
        event.private("action_detail.q"),
        event.target_ref,
    ) == asked
