"""Every run leaves a row: what it was, how far it came, what it counted, how it ended. A turn is taken once (F23).

Two beats, or one beat and its restart, send the same turn twice; whoever comes second finds it taken. A beat that was
away for an hour sends one turn when it is back, not the sixty it missed (F24).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from recordings.commbox import CommBoxError
from recordings.models import RefreshRun

DISCOVER, LIST, SWEEP = "discover", "list", "sweep"
EVERY = {DISCOVER: timedelta(seconds=600), LIST: timedelta(seconds=30), SWEEP: timedelta(seconds=5)}
KEPT = timedelta(days=30)
_AMISS = ("failed", "problems")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Tally:
    """What a run did, filled while it works."""

    counts: dict[str, int] = field(default_factory=dict)
    cursor: str = ""
    trouble: str = ""

    def add(self, **counts: int) -> None:
        """Count more of something."""
        for name, count in counts.items():
            self.counts[name] = self.counts.get(name, 0) + count

    @property
    def outcome(self) -> str:
        """failed when nothing was done for trouble, partial when something was, or could not be read."""
        if not self.trouble and not any(self.counts.get(name) for name in _AMISS):
            return "done"
        done = any(count for name, count in self.counts.items() if name not in _AMISS)
        return "partial" if done else "failed"


def slot_of(kind: str, now: datetime) -> int:
    """The number of the turn that this moment belongs to; beat's ticks wander a little around it."""
    return round((now - _EPOCH) / EVERY[kind])


@contextmanager
def taking_turn(kind: str) -> Iterator[Tally | None]:
    """Take this moment's turn of a schedule; None when somebody has it. The row is closed whatever happens."""
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
        tally.trouble = "The portal itself failed; its log says why."
        raise
    finally:
        close(run, tally)


def close(run: RefreshRun, tally: Tally) -> None:
    """Write what a run came to."""
    RefreshRun.objects.filter(pk=run.pk).update(
        finished_at=timezone.now(),
        outcome=tally.outcome,
        counts=tally.counts,
        cursor=tally.cursor,
        trouble=tally.trouble,
    )


def keep(kind: str, started_at: datetime, tally: Tally) -> None:
    """A run that is worth a row only because it did something."""
    if not any(tally.counts.values()) and not tally.trouble:
        return
    run, _ = RefreshRun.objects.get_or_create(
        kind=kind, slot=slot_of(kind, started_at), defaults={"started_at": started_at}
    )
    close(run, tally)


def forget_old() -> int:
    """Delete the rows of runs longer ago than anybody asks for."""
    return RefreshRun.objects.filter(started_at__lt=timezone.now() - KEPT).delete()[0]


def missed(kind: str) -> bool:
    """Whether a schedule has let two of its turns pass (F24). Before its first run nothing is missed."""
    newest = RefreshRun.objects.filter(kind=kind).order_by("-started_at").first()
    return newest is not None and timezone.now() - newest.started_at > 3 * EVERY[kind]
