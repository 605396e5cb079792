"""Judge the source for the pages: does CommBox answer, how long ago did it, and does listing keep up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from recordings.models import RefreshRun, SourceStatus, Stream
from recordings.refresh import runs
from recordings.wording import interval

# A good answer is late when so many turns of the schedule that asks for it have passed, and missing after SILENCE.
LATE_TURNS = 3
SILENCE = timedelta(minutes=10)
# A run that has not ended after so long was left behind by a worker that ended before it.
LEFT_BEHIND = timedelta(hours=1)


@dataclass(frozen=True)
class SourceHealth:
    """The source in a word with its level (ok, warn, bad or empty), and why. `was_asked`: a good answer ever came."""

    word: str
    level: str
    note: str
    was_asked: bool = True


def source_health(status: SourceStatus | None = None) -> SourceHealth:
    """Judge the source now: three queries, one fewer with `status` given."""
    status = status or SourceStatus.objects.filter(pk=1).first() or SourceStatus()
    now, heard_at = timezone.now(), status.last_success_at
    if status.failing_since is not None:
        return SourceHealth("Failing", "bad", status.error, was_asked=heard_at is not None)
    if heard_at is None:
        note = status.error or "CommBox has not answered yet"
        return SourceHealth("Never asked", "warn" if status.error else "", note, was_asked=False)
    every = runs.EVERY[runs.LIST if Stream.objects.exists() else runs.DISCOVER]
    if (silent := now - heard_at) > LATE_TURNS * every:
        note = f"no good answer for {_rounded(silent)}; one is expected every {interval(every)}"
        return SourceHealth("Silent", "bad" if silent > max(SILENCE, LATE_TURNS * every) else "warn", note)
    if slow := _slowness(now):
        return SourceHealth("Slow", "warn", slow)
    return SourceHealth("Answering", "ok", f"last good answer {_rounded(silent)} ago")


def is_slow(run: RefreshRun, now: datetime) -> bool:
    """Tell whether a run takes, or took, longer than the time until the next. A sweep may: it works off what is due."""
    if run.kind not in (runs.LIST, runs.DISCOVER):
        return False
    return (run.finished_at or now) - run.started_at > runs.EVERY[run.kind]


def _slowness(now: datetime) -> str:
    """Why listing does not keep up, judged by its newest run; empty when it does."""
    run = RefreshRun.objects.filter(kind=runs.LIST).order_by("-started_at").first()
    if run is None or not is_slow(run, now):
        return ""
    turn = interval(runs.EVERY[runs.LIST])
    if run.finished_at is None:
        return f"a listing has been running for {_rounded(now - run.started_at)}; it has {turn}"
    return f"the last listing took {_rounded(run.finished_at - run.started_at)}; it has {turn}"


def _rounded(length: timedelta) -> str:
    """A length in whole seconds below two minutes, in whole minutes or hours above."""
    seconds = int(length.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
