"""Reading the trail is an event of its own, written before anything of it is shown.

A page that is open reads again what it shows: that is no act of a person, and writes none. It may, as long as the event
of its opening is in the trail.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from recordings.audit.actor import Actor, Target
from recordings.audit.kinds import Kind
from recordings.audit.once import record_once
from recordings.exceptions import PageTooOld
from recordings.models import AuditEvent


def log_reading(
    *, by: Actor, filters: Mapping[str, Any] | None = None, words: str = "", target: Target | None = None
) -> None:
    """Have it in the trail, committed, that somebody reads it; the same reading within a minute is one event.

    `words` is what was typed: it may be a name, so it stands in the event as a commitment. Raises AuditUnavailable
    when the event cannot be written, and then nothing may be shown.
    """
    kind = Kind.TRAIL_SEARCHED if filters or words else Kind.TRAIL_VIEWED
    detail = {"filters": dict(filters)} if filters else {}
    act = {**detail, "words": words, "target": target.ref if target else ""}
    private = {"q": words} if words else None
    record_once(kind, by=by, act=act, target=target, detail=detail, private=private)


def check_open(kind: Kind, *, by: Actor, target: Target) -> None:
    """Raise PageTooOld unless this person opened the page of `target` within a session's life: an event of `kind`."""
    since = timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    opened = AuditEvent.objects.filter(
        kind=kind, target_ref=target.ref, actor_ref=by.ref, recorded_at__gt=since
    )
    if not opened.exists():
        raise PageTooOld
