"""Judge the state of CommBox for the pages: does it respond, how recently, and does listing keep up."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext, pgettext

from recordings.models import RefreshRun, SourceStatus, Stream
from recordings.refresh import runs
from recordings.wording import interval, stored

# A response is late after so many turns of the schedule that asks for it, and missing after SILENCE.
LATE_TURNS = 3
SILENCE = timedelta(minutes=10)
# A run that has not finished after so long was interrupted with its worker.
LEFT_BEHIND = timedelta(hours=1)


@dataclass(frozen=True)
class SourceHealth:
    """The state in a word with its level (ok, warn, bad or empty), and why, in the reader's language.

    `was_asked`: CommBox has responded successfully at least once.
    """

    word: str
    level: str
    note: str
    was_asked: bool = True


def source_health(status: SourceStatus | None = None) -> SourceHealth:
    """Judge the state now: three queries, one fewer with `status` given."""
    status = status or SourceStatus.objects.filter(pk=1).first() or SourceStatus()
    now, answered_at = timezone.now(), status.last_success_at
    error = stored(status.error)
    if status.failing_since is not None:
        return SourceHealth(pgettext("CommBox", "Failing"), "bad", error, was_asked=answered_at is not None)
    if answered_at is None:
        note = error or gettext("CommBox has not responded yet")
        return SourceHealth(
            pgettext("CommBox", "Never asked"), "warn" if error else "", note, was_asked=False
        )
    every = runs.EVERY[runs.LIST if Stream.objects.exists() else runs.DISCOVER]
    if (silent := now - answered_at) > LATE_TURNS * every:
        note = gettext("no response for %(age)s; one is expected every %(interval)s") % {
            "age": _rounded(silent),
            "interval": interval(every),
        }
        level = "bad" if silent > max(SILENCE, LATE_TURNS * every) else "warn"
        return SourceHealth(pgettext("CommBox", "Not responding"), level, note)
    if slow := _slowness(now):
        return SourceHealth(pgettext("CommBox", "Slow"), "warn", slow)
    note = gettext("last response %(age)s ago") % {"age": _rounded(silent)}
    return SourceHealth(pgettext("CommBox", "Responding"), "ok", note)


def is_slow(run: RefreshRun, now: datetime) -> bool:
    """Return whether a listing or discovery takes, or took, longer than the time until the next one.

    A sweep is never slow: it works for as long as objects are due.
    """
    if run.kind not in (runs.LIST, runs.DISCOVER):
        return False
    return (run.finished_at or now) - run.started_at > runs.EVERY[run.kind]


def _slowness(now: datetime) -> str:
    """Return why listing does not keep up, judged by its newest run; empty when it does."""
    run = RefreshRun.objects.filter(kind=runs.LIST).order_by("-started_at").first()
    if run is None or not is_slow(run, now):
        return ""
    note = (
        gettext("a listing has been running for %(age)s; it should take at most %(interval)s")
        if run.finished_at is None
        else gettext("the last listing took %(age)s; it should take at most %(interval)s")
    )
    limit = interval(runs.EVERY[runs.LIST])
    return note % {"age": _rounded((run.finished_at or now) - run.started_at), "interval": limit}


def _rounded(length: timedelta) -> str:
    """Write a length in whole seconds below two minutes, else in whole minutes or hours."""
    seconds = int(length.total_seconds())
    if seconds < 120:
        return gettext("%(number)s s") % {"number": seconds}
    if seconds < 7200:
        return gettext("%(number)s m") % {"number": seconds // 60}
    return gettext("%(number)s h") % {"number": seconds // 3600}
