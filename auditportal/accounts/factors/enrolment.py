"""When an account without a second factor may add one with its password: in a window that an administrator opens.

A used invitation and `create_user` open one for their person only.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from auditportal.accounts.models import EnrolmentWindow, User
from auditportal.accounts.sessions import database_moment
from recordings.audit import Actor, Kind, record

OWN_LIFE = timedelta(hours=72)


def may_enrol(user: User) -> bool:
    """Return whether this account, which has no second factor, may add one now."""
    return EnrolmentWindow.objects.open().filter(Q(user=None) | Q(user=user)).exists()


def window_of_all() -> EnrolmentWindow | None:
    """Return the window that is open for everybody."""
    windows = EnrolmentWindow.objects.open().filter(user=None).select_related("opened_by")
    return windows.order_by("-until").first()


@transaction.atomic
def open_for_all(*, hours: int, by: Actor, opened_by: User) -> EnrolmentWindow:
    """Let every account without a second factor add one for some hours, in place of an earlier window."""
    EnrolmentWindow.objects.open().filter(user=None).update(closed_at=Now())
    until = database_moment() + timedelta(hours=hours)
    record(Kind.ENROLMENT_OPENED, by=by, detail={"until": until.isoformat(timespec="seconds")})
    return EnrolmentWindow.objects.create(opened_by=opened_by, until=until)


@transaction.atomic
def close_for_all(*, by: Actor) -> None:
    """Close the window of everybody."""
    if EnrolmentWindow.objects.open().filter(user=None).update(closed_at=Now()):
        record(Kind.ENROLMENT_CLOSED, by=by)


def open_for(user: User, life: timedelta = OWN_LIFE, **who: Any) -> None:
    """Let one account add a second factor. Its event is that of the act: an invitation used, a reset."""
    EnrolmentWindow.objects.create(user=user, until=database_moment() + life, **who)


def close_own(user: User) -> None:
    """Close the windows of one person: a factor was added, or reset."""
    EnrolmentWindow.objects.filter(user=user, closed_at=None).update(closed_at=Now())
