"""Record that the trail is read, before anything of it is shown.

An open page reloads parts of itself. That is not an act of a person and writes no event, but it requires the event of
the page's opening.
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
    """Commit the event of a reading; the same reading within a minute is one event.

    `words` is what was typed. It may be a name, so the event only commits to it. Raises AuditUnavailable; then nothing
    may be shown.
    """
    kind = Kind.TRAIL_SEARCHED if filters or words else Kind.TRAIL_VIEWED
    detail = {"filters": dict(filters)} if filters else {}
    act = {**detail, "words": words, "target": target.ref if target else ""}
    private = {"q": words} if words else None
    record_once(kind, by=by, act=act, target=target, detail=detail, private=private)


def check_open(kind: Kind, *, by: Actor, target: Target) -> None:
    """Raise PageTooOld unless an event of `kind` says that this person opened `target` within a session's lifetime."""
    since = timezone.now() - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    opened = AuditEvent.objects.filter(
        kind=kind, target_ref=target.ref, actor_ref=by.ref, recorded_at__gt=since
    )
    if not opened.exists():
        raise PageTooOld
