"""Read how old an object's recordings are, and whether a refresh is under way."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from recordings.models import CommBoxObject, SourceStatus

# Opening an object refreshes it when its recordings were confirmed longer ago than this.
VISIT_AFTER = timedelta(minutes=2)
# A sweep runs every five seconds, so a refresh that has not started after this is blocked by something.
TURN_AFTER = timedelta(seconds=10)


@dataclass(frozen=True)
class Freshness:
    """How old an object's recordings are, and the state of its next refresh. `error` is English, as stored."""

    object_id: int
    refreshed_at: datetime | None
    due_at: datetime | None
    leased_until: datetime | None
    error: str
    error_at: datetime | None
    failing_since: datetime | None
    # Where the object is, as scopes see it.
    stream_id: int
    agent_id: int | None
    sensitivity: str

    @property
    def stamp(self) -> str:
        """Changes whenever the recordings have been refreshed."""
        return self.refreshed_at.isoformat() if self.refreshed_at else "never"

    @property
    def is_stale(self) -> bool:
        """Older than STALE_AFTER_HOURS: marked on pages."""
        limit = timedelta(hours=settings.STALE_AFTER_HOURS)
        return self.refreshed_at is None or timezone.now() - self.refreshed_at > limit

    @property
    def is_old(self) -> bool:
        """Old enough to refresh because a person opened the object."""
        return self.refreshed_at is None or timezone.now() - self.refreshed_at > VISIT_AFTER

    @property
    def is_leased(self) -> bool:
        """A worker is refreshing it."""
        return self.leased_until is not None and self.leased_until > timezone.now()

    @property
    def is_under_way(self) -> bool:
        """It is being refreshed, or is due."""
        return self.is_leased or (self.due_at is not None and self.due_at <= timezone.now())

    @property
    def is_waiting(self) -> bool:
        """It has been due for longer than TURN_AFTER: the worker is busy or not running."""
        late = self.due_at is not None and timezone.now() - self.due_at > TURN_AFTER
        return late and not self.is_leased


_PLACE = ("stream_id", "agent_id", "sensitivity")
_BOOKKEEPING = ("refreshed_at", "refresh_due_at", "refresh_leased_until", "refresh_error", "refresh_error_at")


def freshness_of(object_id: int) -> Freshness | None:
    """Read the freshness of one object; None when it is unknown. Two queries."""
    thing = CommBoxObject.objects.filter(pk=object_id).only(*_BOOKKEEPING, *_PLACE).first()
    if thing is None:
        return None
    return Freshness(
        object_id=object_id,
        refreshed_at=thing.refreshed_at,
        due_at=thing.refresh_due_at,
        leased_until=thing.refresh_leased_until,
        error=thing.refresh_error,
        error_at=thing.refresh_error_at,
        failing_since=SourceStatus.objects.filter(pk=1).values_list("failing_since", flat=True).first(),
        stream_id=thing.stream_id,
        agent_id=thing.agent_id,
        sensitivity=thing.sensitivity,
    )
