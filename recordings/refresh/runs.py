"""Store a row for every run of a schedule: its counts, the last item, and how it ended. Each turn runs once.

A turn is a slot of time. Two celery beats, or one that restarts, may send the same turn twice; the second finds the row
of the first. A beat that was stopped for an hour sends one turn when it is back, not all those it missed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop

from recordings.commbox import CommBoxError
from recordings.models import RefreshRun

DISCOVER, LIST, SWEEP = "discover", "list", "sweep"
EVERY = {DISCOVER: timedelta(seconds=600), LIST: timedelta(seconds=30), SWEEP: timedelta(seconds=5)}
KEPT = timedelta(days=30)
_AMISS = ("failed", "problems")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Tally:
    """What a run did. `cursor`: the last item, as data. `trouble`: the English sentence of its last failure."""

    counts: dict[str, int] = field(default_factory=dict)
    cursor: str = ""
    trouble: str = ""

    def add(self, **counts: int) -> None:
        """Add to counts by name."""
        for name, count in counts.items():
            self.counts[name] = self.counts.get(name, 0) + count

    @property
    def outcome(self) -> str:
        """Return "done" without failures and problems, else "partial" when anything succeeded, else "failed"."""
        if not self.trouble and not any(self.counts.get(name) for name in _AMISS):
            return "done"
        done = any(count for name, count in self.counts.items() if name not in _AMISS)
        return "partial" if done else "failed"


def slot_of(kind: str, now: datetime) -> int:
    """Return the number of the turn nearest to this time: celery beat is not exact."""
    return round((now - _EPOCH) / EVERY[kind])


@contextmanager
def taking_turn(kind: str) -> Iterator[Tally | None]:
    """Take the current turn of a schedule; None when it is taken. The row is closed even when the block raises."""
    now = timezone.now()
    run, ours = RefreshRun.objects.get_or_create(
        kind=kind, slot=slot_of(kind, now), defaults={"started_at": now}
    )
    if not ours:
        yield None
        return
    with _closing(run) as tally:
        yield tally


@contextmanager
def _closing(run: RefreshRun) -> Iterator[Tally]:
    tally = Tally()
    try:
        yield tally
    except CommBoxError as error:
        tally.trouble = error.sentence
        raise
    except Exception:
        tally.trouble = gettext_noop("The portal failed. Its log contains the reason.")
        raise
    finally:
        close(run, tally)


def close(run: RefreshRun, tally: Tally) -> None:
    """Store how a run ended."""
    RefreshRun.objects.filter(pk=run.pk).update(
        finished_at=timezone.now(),
        outcome=tally.outcome,
        counts=tally.counts,
        cursor=tally.cursor,
        trouble=tally.trouble,
    )


def keep(kind: str, started_at: datetime, tally: Tally) -> None:
    """Store a finished run, unless it did nothing."""
    if not any(tally.counts.values()) and not tally.trouble:
        return
    run, _ = RefreshRun.objects.get_or_create(
        kind=kind, slot=slot_of(kind, started_at), defaults={"started_at": started_at}
    )
    close(run, tally)


def forget_old() -> int:
    """Delete the rows of runs older than KEPT; return how many."""
    return RefreshRun.objects.filter(started_at__lt=timezone.now() - KEPT).delete()[0]


def missed(kind: str) -> bool:
    """Return whether a schedule has missed two turns. Before its first run it has missed none."""
    newest = RefreshRun.objects.filter(kind=kind).order_by("-started_at").first()
    return newest is not None and timezone.now() - newest.started_at > 3 * EVERY[kind]
