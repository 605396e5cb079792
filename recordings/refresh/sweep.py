"""Work through what is due: the road of the clock, and of every nudge that was lost."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import connection

from recordings.audit import Actor
from recordings.commbox import CommBoxError
from recordings.refresh import claims, source
from recordings.refresh.actions import refresh_known
from recordings.refresh.listing import list_stream
from recordings.refresh.runs import Tally
from recordings.refresh.storing import RefreshOutcome

BY = Actor.system("refresh")
BATCH = 5
SWEEP_SECONDS = 20.0


def refresh_due(tally: Tally | None = None, *, seconds: float = SWEEP_SECONDS) -> int:
    """Refresh due objects until none is left, the time is up or the source fails; return how many were asked for."""
    tally, until = tally or Tally(), time.monotonic() + seconds
    # All places of the budget but the one that is playback's; with the usual two, no thread is worth starting.
    at_once = settings.COMMBOX_REQUESTS_AT_ONCE - 1
    if at_once == 1:
        return _drain(tally, until)
    with ThreadPoolExecutor(at_once, "refresh") as pool:
        return sum(pool.map(lambda _: _drain_alone(tally, until), range(at_once)))


def _drain_alone(tally: Tally, until: float) -> int:
    """In a thread, with a database connection of its own that ends with it."""
    try:
        return _drain(tally, until)
    finally:
        connection.close()


def _drain(tally: Tally, until: float) -> int:
    asked = 0
    for outcome in due(until=until):
        asked += 1
        tally.add(refreshed=outcome.ok, failed=not outcome.ok, problems=outcome.problems)
        tally.add(events=outcome.events.total())
        tally.cursor = f"object {outcome.object_id}"
    return asked


def refresh_if_due(object_id: int) -> RefreshOutcome | None:
    """Refresh one object now, unless it is not due, somebody works on it, or the source is being left alone."""
    if not source.may_ask() or not claims.claim_one(object_id):
        return None
    return refresh_known(object_id=object_id, by=BY)


def list_due(tally: Tally | None = None) -> int:
    """List every stream that is due; return how many objects differed. One stream's failure stops no other."""
    tally = tally or Tally()
    while source.may_ask() and (stream := claims.claim_stream()):
        try:
            tally.add(channels=1, objects=list_stream(stream))
            tally.cursor = (
                f"{stream} until {stream.listed_until:%Y-%m-%d %H:%M}" if stream.listed_until else ""
            )
        except CommBoxError as error:
            tally.add(failed=1)
            tally.trouble = f"{stream}: {error.sentence}"
    return tally.counts.get("objects", 0)


def due(*, until: float) -> Iterator[RefreshOutcome]:
    """Claim and refresh, outcome by outcome, until that moment of the monotonic clock."""
    while time.monotonic() < until and source.may_ask():
        claimed = claims.claim_due(1 if source.is_failing() else BATCH)
        if not claimed:
            return
        yield from _each(claimed)


def _each(claimed: list[int]) -> Iterator[RefreshOutcome]:
    """One after the other; when the source starts to fail, the rest goes back into the queue unasked."""
    left, failing = list(claimed), False
    try:
        while left and not failing:
            outcome = refresh_known(object_id=left.pop(0), by=BY)
            failing = bool(left) and not outcome.ok and source.is_failing()
            yield outcome
    finally:
        if left:
            claims.give_back(left)
