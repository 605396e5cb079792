"""Work through what is due: the road of the clock, and of every nudge that was lost."""

import time
from collections.abc import Iterator

from django.conf import settings

from recordings import breaker
from recordings.audit import Actor
from recordings.commbox import CommBoxError
from recordings.refresh import leases
from recordings.refresh.actions import refresh_known, settle
from recordings.refresh.fetching import Answer, Fetchers, Unasked
from recordings.refresh.listing import list_stream
from recordings.refresh.runs import Tally
from recordings.refresh.storing import RefreshOutcome

BY = Actor.system("refresh")
SWEEP_SECONDS = 20.0
# Objects stored in one transaction, objects leased ahead of their calls, and how often the leases are renewed.
TOGETHER = 100
AHEAD = 150
RENEW_SECONDS = 15.0


def refresh_due(tally: Tally | None = None, *, seconds: float = SWEEP_SECONDS) -> int:
    """Refresh due objects until none is left, the time is up or the source fails; return how many were asked for."""
    tally, asked = tally or Tally(), 0
    # All places of the budget but the one that is playback's.
    for outcome in due(until=time.monotonic() + seconds, at_once=settings.COMMBOX_REQUESTS_AT_ONCE - 1):
        asked += 1
        tally.add(refreshed=outcome.ok, failed=not outcome.ok, problems=outcome.problems)
        tally.add(events=outcome.events.total())
        tally.cursor = f"object {outcome.object_id}"
        tally.trouble = outcome.error or tally.trouble
    return asked


def due(*, until: float, at_once: int) -> Iterator[RefreshOutcome]:
    """Refresh, outcome by outcome, until that moment of the monotonic clock.

    Suspects come first, each alone (claims.py), and get half of the time at most.
    """
    yield from _suspects((time.monotonic() + until) / 2)
    with Fetchers(at_once) as fetchers:
        yield from _Crowd(fetchers, at_once).work(until)


def _suspects(until: float) -> Iterator[RefreshOutcome]:
    while time.monotonic() < until and (suspect := leases.claim_suspect()):
        if not breaker.may_call():
            leases.give_back([suspect])
            return
        yield refresh_known(object_id=suspect, by=BY)


class _Crowd:
    """Threads ask; this one claims ahead of them and stores together what they bring."""

    def __init__(self, fetchers: Fetchers, at_once: int) -> None:
        self._fetchers = fetchers
        self._ahead = self._at_once = at_once
        self._renew_at = time.monotonic() + RENEW_SECONDS

    def work(self, until: float) -> Iterator[RefreshOutcome]:
        """Until nothing is due any more; what was leased and not asked for by then is given back."""
        try:
            while self._claim(until) or self._fetchers.out:
                yield from self._settle(self._fetchers.take(TOGETHER, RENEW_SECONDS))
        finally:
            leases.give_back(self._fetchers.out)

    def _claim(self, until: float) -> bool:
        """Keep the threads busy: the faster the answers come, the further ahead, so that a slow source holds few."""
        out = self._fetchers.out
        if time.monotonic() >= until:
            self._fetchers.hold()
            return False
        if len(out) >= self._ahead or not breaker.may_call():
            return False
        self._fetchers.resume()
        claimed = leases.claim_due(1 if breaker.is_failing() else self._ahead - len(out))
        self._fetchers.ask_for(claimed)
        return bool(claimed)

    def _settle(self, answers: list[Answer]) -> list[RefreshOutcome]:
        asked = [answer for answer in answers if not isinstance(answer, Unasked)]
        outcomes = settle(asked, by=BY)
        leases.give_back(answer.object_id for answer in answers if isinstance(answer, Unasked))
        self._ahead = min(AHEAD, self._at_once + 2 * len(asked))
        if self._fetchers.out and time.monotonic() >= self._renew_at:
            leases.hold_on(self._fetchers.out)
            self._renew_at = time.monotonic() + RENEW_SECONDS
        return outcomes


def refresh_if_due(object_id: int) -> RefreshOutcome | None:
    """Refresh one object now, unless it is not due, somebody works on it, or the source is being left alone."""
    if not breaker.may_call() or not leases.claim_one(object_id):
        return None
    return refresh_known(object_id=object_id, by=BY)


def list_due(tally: Tally | None = None) -> int:
    """List every stream that is due; return how many objects differed. One stream's failure stops no other."""
    tally = tally or Tally()
    while breaker.may_call() and (stream := leases.claim_stream()):
        try:
            tally.add(channels=1, objects=list_stream(stream))
            tally.cursor = (
                f"{stream} until {stream.listed_until:%Y-%m-%d %H:%M}" if stream.listed_until else ""
            )
        except CommBoxError as error:
            tally.add(failed=1)
            tally.trouble = f"{stream}: {error.sentence}"
    return tally.counts.get("objects", 0)
