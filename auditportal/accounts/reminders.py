"""Mails to administrators: a break-glass account was used, a recertification is due.

Rows say what was mailed, so that a task may be lost or doubled. What the mail server refuses is tried again with
the next run.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from auditportal.accounts import mail
from auditportal.accounts.access_models import Decision, Recertification
from auditportal.accounts.actions import ADMINISTRATOR
from auditportal.accounts.models import BreakGlassUse, Grant, User

# How long before the due date of a recertification, and when it is over.
REMINDERS = tuple(timedelta(days=days) for days in (14, 7, 3, 1, 0))
# An older use was seen on the pages, or the mail server has been away for too long.
ALARM_LIFE = timedelta(days=1)


@transaction.atomic
def mail_break_glass_uses() -> None:
    """Mail administrators about each use of a break-glass account that they have not been mailed about."""
    unsent = BreakGlassUse.objects.filter(mailed_at=None, used_at__gt=Now() - ALARM_LIFE)
    for use in unsent.select_for_update(skip_locked=True, of=("self",)).select_related("user"):
        page = reverse("people:security", args=[use.user_id])
        if _mail("break_glass", administrators().exclude(pk=use.user_id), page, partial(_about, use)):
            use.mailed_at = timezone.now()
            use.save(update_fields=["mailed_at"])


def _about(use: BreakGlassUse, _administrator: User) -> dict[str, Any]:
    return {"use": use, "time": _utc(use.used_at)}


@transaction.atomic
def remind_of_recertification() -> None:
    """Mail administrators who have grants to decide, once after each of REMINDERS before the due date."""
    opened = Recertification.objects.filter(closed_at=None).select_for_update(skip_locked=True).first()
    now = timezone.now()
    if opened is None:
        return
    moments = [at for before in REMINDERS if opened.opened_at < (at := opened.due_at - before) <= now]
    if not moments or (opened.reminded_at and opened.reminded_at >= max(moments)):
        return
    undecided = opened.grants.filter(decision=Decision.OPEN)

    def context(administrator: User) -> dict[str, Any]:
        number = undecided.exclude(grant__user=administrator).count()
        return (
            {"number": number, "time": _utc(opened.due_at), "is_over": opened.due_at <= now} if number else {}
        )

    page = reverse("access:recertification", args=[opened.pk])
    if _mail("recertification", administrators(), page, context):
        opened.reminded_at = now
        opened.save(update_fields=["reminded_at"])


def administrators() -> QuerySet[User]:
    """Return the active administrators who have a mail address."""
    held = Grant.objects.current().filter(role=ADMINISTRATOR)
    return User.objects.filter(is_active=True, pk__in=held.values("user")).exclude(email="").order_by("pk")


def _utc(when: datetime) -> str:
    """Write a moment as a mail does, without markup."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M}"


def _mail(name: str, people: QuerySet[User], page: str, context: Callable[[User], dict[str, Any]]) -> bool:
    """Mail those for whom there is a context; return whether the server took a mail, or none was to be sent."""
    if not mail.is_set_up():
        return False
    url, taken, refused = settings.PUBLIC_URL.rstrip("/") + page, 0, 0
    with mail.connection() as server:
        for person in people:
            if not (words := context(person)):
                continue
            try:
                mail.send(name, to=person.email, language=person.language, through=server, url=url, **words)
                taken += 1
            except mail.NotSent:
                refused += 1
    return bool(taken or not refused)
