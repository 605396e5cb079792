"""Reading the trail is an event of its own, written before anything of it is shown."""

from collections.abc import Mapping
from typing import Any

from recordings.audit.actor import Actor, Target
from recordings.audit.kinds import Kind
from recordings.audit.once import record_once


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
