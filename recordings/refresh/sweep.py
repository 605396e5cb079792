"""Refresh what is due, on schedule and after every nudge."""

import time
from collections.abc import Iterator, Sequence

from django.conf import settings

from recordings import breaker
from recordings.audit import Actor
from recordings.commbox import CommBoxError
from recordings.refresh import leases
from recordings.refresh.actions import RefreshResult, refresh
from recordings.refresh.fetching import Failed, Fetchers, Good, Unasked
from recordings.refresh.listing import list_stream
from recordings.refresh.runs import Tally

BY = Actor.system("refresh")
SWEEP_SECONDS = 20.0
# Responses stored together, objects leased before their calls start, and how often the leases are extended.
TOGETHER = 100
AHEAD = 150
EXTEND_SECONDS = 15.0


def refresh_if_due(object_id: int) -> RefreshResult | None:
    """Refresh one object now, unless it is not due, is leased, or the circuit breaker is open."""
    if not breaker.may_call() or not leases.claim_one(object_id):
        return None
    (result,) = refresh([object_id], by=BY)
    return result


def refresh_due(tally: Tally | None = None, *, seconds: float = SWEEP_SECONDS) -> int:
    """Refresh due objects until none is left, the time is up or CommBox fails; return how many were refreshed."""
    tally, asked = tally or Tally(), 0
    # One place of the budget is reserved for playback.
    for result in due(until=time.monotonic() + seconds, at_once=settings.COMMBOX_REQUESTS_AT_ONCE - 1):
        asked += 1
        tally.add(refreshed=result.ok, failed=not result.ok, problems=result.problems)
        tally.add(events=result.events.total())
        tally.cursor = str(result.object_id)
        tally.trouble = result.error or tally.trouble
    return asked


def due(*, until: float, at_once: int) -> Iterator[RefreshResult]:
    """Refresh due objects until that time of the monotonic clock, and yield their results.

    Suspects come first, each alone (leases.py), and take at most half of the time.
    """
    half = (time.monotonic() + until) / 2
    while time.monotonic() < half and (suspect := leases.claim_suspect()):
        if not breaker.may_call():
            leases.release([suspect])
            break
        yield from refresh([suspect], by=BY)
    with Fetchers(at_once) as fetchers:
        yield from _Sweep(fetchers, at_once).run(until)


class _Sweep:
    """One sweep: threads fetch, while this thread leases ahead and stores what is ready."""

    def __init__(self, fetchers: Fetchers, at_once: int) -> None:
        self._fetchers = fetchers
        self._ahead = self._at_once = at_once
        self._extend_at = time.monotonic() + EXTEND_SECONDS

    def run(self, until: float) -> Iterator[RefreshResult]:
        """Refresh until nothing is due; release what was leased and not fetched."""
        try:
            while (leased := self._claim(until)) or self._fetchers.pending:
                yield from refresh(leased, by=BY, fetch=self._fetch)
        finally:
            leases.release(self._fetchers.pending)

    def _claim(self, until: float) -> list[int]:
        """Lease objects ahead of the threads: the more, the faster responses come, so that a slow CommBox holds few."""
        pending = self._fetchers.pending
        if time.monotonic() >= until:
            self._fetchers.pause()
            return []
        if len(pending) >= self._ahead or not breaker.may_call():
            return []
        self._fetchers.resume()
        return leases.claim_due(1 if breaker.is_failing() else self._ahead - len(pending))

    def _fetch(self, leased: Sequence[int]) -> list[Good | Failed]:
        """Queue these for the threads; return the answers that are ready, of these or of earlier ones."""
        self._fetchers.submit(leased)
        collected = self._fetchers.collect(TOGETHER, EXTEND_SECONDS)
        leases.release(answer.object_id for answer in collected if isinstance(answer, Unasked))
        answers = [answer for answer in collected if not isinstance(answer, Unasked)]
        self._ahead = min(AHEAD, self._at_once + 2 * len(answers))
        if self._fetchers.pending and time.monotonic() >= self._extend_at:
            leases.extend(self._fetchers.pending)
            self._extend_at = time.monotonic() + EXTEND_SECONDS
        return answers


def list_due(tally: Tally | None = None) -> int:
    """List every channel that is due; return how many objects differed. A failure does not stop the others."""
    tally = tally or Tally()
    while breaker.may_call() and (stream := leases.claim_stream()):
        try:
            tally.add(channels=1, objects=list_stream(stream))
            tally.cursor = (
                f"{stream} · {stream.listed_until:%Y-%m-%d %H:%M} UTC" if stream.listed_until else str(stream)
            )
        except CommBoxError as error:
            tally.add(failed=1)
            tally.cursor, tally.trouble = str(stream), error.sentence
    return tally.counts.get("objects", 0)
