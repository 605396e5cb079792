"""Work through what is due: the road of the clock, and of every nudge that was lost."""

import time
from collections.abc import Iterator

from recordings.audit import Actor
from recordings.commbox import CommBoxError
from recordings.refresh import claims, source
from recordings.refresh.actions import RefreshOutcome, refresh_object
from recordings.refresh.listing import list_stream

BY = Actor.system("refresh")
BATCH = 5
SWEEP_SECONDS = 20.0


def refresh_due(*, seconds: float = SWEEP_SECONDS) -> int:
    """Refresh due objects until none is left, the time is up or the source fails; return how many were asked for."""
    return sum(1 for _ in due(until=time.monotonic() + seconds))


def refresh_if_due(object_id: int) -> RefreshOutcome | None:
    """Refresh one object now, unless it is not due, somebody works on it, or the source is being left alone."""
    if not source.may_ask() or not claims.claim_one(object_id):
        return None
    return refresh_object(object_id=object_id, by=BY)


def list_due() -> int:
    """List every stream that is due; return how many objects differed. One stream's failure stops no other."""
    written = 0
    while source.may_ask() and (stream := claims.claim_stream()):
        try:
            written += list_stream(stream)
        except CommBoxError:
            continue
    return written


def due(*, until: float) -> Iterator[RefreshOutcome]:
    """Claim and refresh, outcome by outcome, until that moment of the monotonic clock."""
    while time.monotonic() < until and source.may_ask():
        claimed = claims.claim_due(1 if source.is_failing() else BATCH)
        if not claimed:
            return
        yield from _each(claimed)


def _each(claimed: list[int]) -> Iterator[RefreshOutcome]:
    """One after the other; when the source starts to fail, the rest goes back into the queue unasked."""
    left = list(claimed)
    try:
        while left and not (len(left) < len(claimed) and source.is_failing()):
            yield refresh_object(object_id=left.pop(0), by=BY)
    finally:
        claims.give_back(left)
