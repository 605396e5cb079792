"""What pages ask the refresh: is the source well, how old is this object, what waits, what went wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from recordings.commbox.assembly import budget_left
from recordings.models import (
    CommBoxObject,
    Delivery,
    Recording,
    RecordingState,
    SourceStatus,
    Stream,
)
from recordings.refresh import absence, keys, runs
from recordings.refresh.claims import DEATHS
from recordings.refresh.hints import Fate
from recordings.refresh.run_pages import newest_runs
from recordings.refresh.unreadable import item_groups

# A visit asks CommBox again when what we hold is older than this.
VISIT_AFTER = timedelta(minutes=2)
# A nudge is taken at once, a sweep comes each five seconds: later than this something is in the way.
TURN_AFTER = timedelta(seconds=10)
# Streams are listed every half minute: if nothing was heard for so long, nobody is asking.
SILENCE = timedelta(minutes=10)
OVERDUE = timedelta(minutes=5)
PROBLEMS_SHOWN = 5
RUNS_SHOWN = 8
MISSED = "Channels are listed every 30 seconds. Are the clock (celery beat) and a worker running?"
LAST_CONFIRMED = "Lists show what was last confirmed."
FAILURES = {
    "unreachable": "CommBox not reachable since {}.",
    "server_error": "CommBox has been failing since {}.",
    "throttled": "CommBox has asked us to wait since {}.",
    "bad_response": "CommBox has sent unreadable answers since {}.",
    "unauthorized": "CommBox has refused our API key since {}.",
    "forbidden": "CommBox has refused this server since {}.",
}
REMEDIES = {
    "unauthorized": "Nothing is refreshed until COMMBOX_API_KEY or COMMBOX_API_KEY_NEXT holds a valid key.",
    "forbidden": "Is this server's address on the account's list of allowed addresses?",
}

Banner = dict[str, str]


def banners(*, operations: bool = False) -> list[Banner]:
    """What every page says about the source: one query, and nothing while all is well.

    A refused key is for those who can put it right (`operations`); everybody else sees the age of each row.
    """
    status = SourceStatus.objects.filter(pk=1).first()
    if status is None:
        return []
    if status.mass_absence_since is not None:
        return [_missing(status.mass_absence_since)]
    if status.failing_since is not None:
        return _failing(status, status.failing_since, operations)
    if operations and (key := keys.ending_soon()):
        return [_key_ends(key)]
    if operations and runs.missed(runs.LIST):
        return [_banner("warn", "The clock has missed two turns.", MISSED)]
    heard_at = status.last_success_at
    if heard_at is None or timezone.now() - heard_at < SILENCE:
        return []
    title = f"Nothing new from CommBox since {moment(heard_at)}."
    who = "clock (celery beat)" if runs.missed(runs.LIST) else "refresh worker"
    return [_banner("warn", title, f"The {who} may not be running. {LAST_CONFIRMED}")]


def _key_ends(key: keys.KeyLine) -> Banner:
    when = f"{key.expires_at:%-d %b %Y}"
    verb = "ended" if key.has_ended else "ends"
    text = "Put the next one in on the operations page; both work meanwhile."
    return _banner("bad" if key.has_ended else "warn", f"The last CommBox API key {verb} on {when}.", text)


def _missing(since: datetime) -> Banner:
    count = absence.in_question()
    title = f"CommBox stopped reporting {count:,} recording{'s' * (count != 1)} at {moment(since)}."
    return _banner("bad", title, "None is marked as vanished until an administrator has looked.")


def _failing(status: SourceStatus, since: datetime, operations: bool) -> list[Banner]:
    remedy = REMEDIES.get(status.error_class, "")
    if remedy and not operations:
        return []
    title = FAILURES.get(status.error_class, "CommBox could not be asked since {}.").format(moment(since))
    return [_banner("bad" if remedy else "warn", title, f"{remedy} {LAST_CONFIRMED}".strip())]


def _banner(level: str, title: str, text: str) -> Banner:
    return {"level": level, "title": title, "text": text}


def moment(when: datetime) -> str:
    """14:02 UTC, with the date unless it is today's."""
    today = when.date() == timezone.now().date()
    return when.strftime("%H:%M UTC" if today else "%-d %b %Y, %H:%M UTC")


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


@dataclass(frozen=True)
class Queue:
    """What waits to be refreshed."""

    due: int
    overdue: int
    oldest_due_at: datetime | None


def queue() -> Queue:
    """Due and overdue objects; the age of the oldest says more than their number."""
    now = timezone.now()
    late = Count("pk", filter=Q(refresh_due_at__lte=now - OVERDUE))
    due = CommBoxObject.objects.filter(refresh_due_at__lte=now)
    return Queue(**due.aggregate(due=Count("pk"), overdue=late, oldest_due_at=Min("refresh_due_at")))


def streams() -> QuerySet[Stream]:
    """Every stream with its last listing."""
    return Stream.objects.order_by("id")


def set_aside() -> QuerySet[CommBoxObject]:
    """Objects that ended their worker so often that they are left alone (F19). By the index of what failed."""
    failed = CommBoxObject.objects.filter(refresh_error_at__isnull=False)
    return failed.filter(refresh_due_at=None, refresh_deaths__gte=DEATHS).order_by("-refresh_error_at")


def failing_objects(most: int = 10) -> list[CommBoxObject]:
    """Objects whose last refresh failed: those that were set aside first, then the newest failure."""
    aside = list(set_aside()[:most])
    others = CommBoxObject.objects.filter(refresh_error_at__isnull=False).exclude(
        pk__in=[thing.pk for thing in aside]
    )
    return aside + list(others.order_by("-refresh_error_at")[:most])


def unlisted_places(most: int = 20) -> Sequence[Mapping[str, Any]]:
    """Hosts of recordings that are not playable, with the reason: one line per place, not one per recording."""
    host = RawSQL("split_part(recordings_recording.url, '/', 3)", ())
    refused = Recording.objects.filter(state=RecordingState.NOT_PLAYABLE)
    groups = refused.annotate(host=host).values("host", "state_reason").annotate(files=Count("pk"))
    return list(groups.order_by("-files", "host")[:most])


@dataclass(frozen=True)
class DeliveryLine:
    """A delivery as the operations page shows it."""

    delivery: Delivery
    sentence: str


FATES = {fate.value: fate.sentence for fate in Fate}


def deliveries(most: int = 20) -> list[DeliveryLine]:
    """The newest webhook deliveries and what became of them."""
    return [
        DeliveryLine(delivery, FATES.get(delivery.outcome, ""))
        for delivery in Delivery.objects.order_by("-received_at")[:most]
    ]


def operations() -> dict[str, Any]:
    """The context of the operations page."""
    status = SourceStatus.objects.filter(pk=1).first() or SourceStatus()
    waiting = queue()
    return {
        "source": status,
        "missing": absence.in_question(),
        "last_success": _since("last good answer", status.last_success_at),
        "budget": budget_left(),
        "queue": waiting,
        "set_aside": set_aside().count(),
        "oldest": _since("the oldest since", waiting.oldest_due_at) or "nothing waits",
        "streams": streams(),
        "runs": newest_runs(most=RUNS_SHOWN).rows,
        "keys": keys.key_lines(),
        "failing": failing_objects(),
        "problems": item_groups()[:PROBLEMS_SHOWN],
        "places": unlisted_places(),
        "deliveries": deliveries(),
    }


def _since(words: str, when: datetime | None) -> str:
    return f"{words} {moment(when)}" if when else ""
