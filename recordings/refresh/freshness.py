"""How old an object's recordings are, and whether somebody asks CommBox for them now."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from recordings.models import CommBoxObject, SourceStatus

# A visit asks CommBox again when what we hold is older than this.
VISIT_AFTER = timedelta(minutes=2)
# A nudge is taken at once, a sweep comes each five seconds: later than this something is in the way.
TURN_AFTER = timedelta(seconds=10)


@dataclass(frozen=True)
class Freshness:
    """How old an object's recordings are, and whether somebody is asking for them now."""

    object_id: int
    refreshed_at: datetime | None
    due_at: datetime | None
    leased_until: datetime | None
    error: str
    error_at: datetime | None
    failing_since: datetime | None

    @property
    def stamp(self) -> str:
        """Another stamp means that there is something new to show."""
        return self.refreshed_at.isoformat() if self.refreshed_at else "never"

    @property
    def is_stale(self) -> bool:
        """Older than the account's limit: shown with a mark."""
        limit = timedelta(hours=settings.STALE_AFTER_HOURS)
        return self.refreshed_at is None or timezone.now() - self.refreshed_at > limit

    @property
    def is_old(self) -> bool:
        """Worth asking again because somebody is looking."""
        return self.refreshed_at is None or timezone.now() - self.refreshed_at > VISIT_AFTER

    @property
    def is_asked(self) -> bool:
        """A worker has it in hand."""
        return self.leased_until is not None and self.leased_until > timezone.now()

    @property
    def is_under_way(self) -> bool:
        """Somebody asks, or will as soon as it is its turn."""
        return self.is_asked or (self.due_at is not None and self.due_at <= timezone.now())

    @property
    def is_waiting(self) -> bool:
        """Its turn should have come by now: the worker is busy, or not there."""
        late = self.due_at is not None and timezone.now() - self.due_at > TURN_AFTER
        return late and not self.is_asked


_BOOKKEEPING = ("refreshed_at", "refresh_due_at", "refresh_leased_until", "refresh_error", "refresh_error_at")


def freshness_of(object_id: int) -> Freshness | None:
    """One object's freshness, None for an unknown one: two queries."""
    thing = CommBoxObject.objects.filter(pk=object_id).only(*_BOOKKEEPING).first()
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
    )
