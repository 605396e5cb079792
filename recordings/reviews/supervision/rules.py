"""Who may do what with an item of supervision, by its newest disposition."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recordings.models import (
    DONE,
    CommBoxObject,
    Disposition,
    DispositionReason,
    SupervisionDisposition,
    SupervisionItem,
)
from recordings.permissions import Permission
from recordings.policies import can_use, is_own_call

# Days until the next decision, by how often an item was escalated; the last one also for every further level.
DAYS = (10, 5, 3, 1)
WAITING, WAITING_LABEL = "waiting", _("Waiting")

_R = DispositionReason
_FOUND = (_R.IDENTITY, _R.DISCLOSURE, _R.MISLEADING, _R.UNSUITABLE, _R.PRIVACY, _R.CONDUCT)
FITS: dict[str, tuple[DispositionReason, ...]] = {
    Disposition.NO_CONCERN: (_R.NOTHING_FOUND, _R.NOT_RELEVANT, _R.OTHER),
    Disposition.QUESTIONED: (_R.UNCLEAR, _R.INCOMPLETE, *_FOUND, _R.OTHER),
    Disposition.ESCALATED: (_R.AUTHORITY, _R.CONFLICT, *_FOUND, _R.OTHER),
    Disposition.VIOLATION: (*_FOUND, _R.OTHER),
    Disposition.CLOSED: (_R.RESOLVED, _R.REPORTED, _R.NO_ACTION, _R.INCOMPLETE, _R.OTHER),
}


@dataclass(frozen=True)
class Standing:
    """Where an item is: the code of its state, how often it was escalated, who decides next and until when."""

    state: str = WAITING
    number: int = 0
    level: int = 0
    holder: Any = None
    due_at: datetime | None = None

    @classmethod
    def of(cls, item: SupervisionItem) -> "Standing":
        """Read it from the newest disposition."""
        newest = newest_of(item)
        if newest is None:
            return cls(due_at=item.due_at)
        return cls(newest.disposition, newest.number, newest.level, newest.holder, newest.due_at)

    @property
    def is_open(self) -> bool:
        return self.state not in DONE

    @property
    def is_overdue(self) -> bool:
        return self.due_at is not None and self.due_at < timezone.now()

    @property
    def label(self) -> str:
        return state_label(self.state)

    @property
    def tone(self) -> str:
        return TONES.get(self.state, "info")


TONES = {
    Disposition.NO_CONCERN.value: "ok",
    Disposition.CLOSED.value: "ok",
    Disposition.QUESTIONED.value: "warn",
    Disposition.ESCALATED.value: "warn",
    Disposition.VIOLATION.value: "bad",
}


def state_label(state: str) -> str:
    """Name a state: that no disposition was made, or the newest one."""
    return str(WAITING_LABEL if state == WAITING else Disposition(state).label)


def newest_of(item: SupervisionItem) -> SupervisionDisposition | None:
    """Return the newest disposition of an item; None while it waits for the first."""
    return item.dispositions.select_related("holder", "disposed_by").order_by("-number").first()


def due_after(level: int, now: datetime | None = None) -> datetime:
    """Return the deadline of the next decision on a level, counted from now."""
    return (now or timezone.now()) + timedelta(days=DAYS[min(level, len(DAYS) - 1)])


def may_supervise(person: Any, thing: CommBoxObject) -> bool:
    """Whether a person supervises recordings of this object: it is in reach, and not a call of their own."""
    return can_use(person, Permission.SUPERVISE, thing) and not is_own_call(person, thing)


def may_dispose(person: Any, thing: CommBoxObject, standing: Standing) -> bool:
    """Whether a person decides about an open item now.

    After an escalation that is the person it was escalated to, and everybody again when that person no longer may.
    """
    if not standing.is_open or not may_supervise(person, thing):
        return False
    holder = standing.holder
    return holder is None or holder.pk == person.pk or not may_supervise(holder, thing)


def may_check(person: Any, item: SupervisionItem) -> bool:
    """Whether a person does the spot check of an item: somebody who decided nothing about it."""
    if not may_supervise(person, item.recording.object):
        return False
    return not item.dispositions.filter(disposed_by=person).exists()


def next_holders(person: Any, item: SupervisionItem) -> list[Any]:
    """List the people to whom a person can escalate an item: who may supervise it and had no part in it yet."""
    part = {person.pk, *item.dispositions.values_list("disposed_by_id", flat=True)}
    part |= set(item.dispositions.exclude(holder=None).values_list("holder_id", flat=True))
    people = get_user_model().objects.holding(Permission.SUPERVISE).order_by("full_name", "username")
    thing = item.recording.object
    return [other for other in people if other.pk not in part and may_supervise(other, thing)]
