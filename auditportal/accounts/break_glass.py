"""Accounts for emergencies: each sign-in is an event and an alarm that administrators have to acknowledge."""

import structlog
from django.db import transaction
from django.db.models.functions import Now

from auditportal.accounts import mail
from auditportal.accounts.models import BreakGlassUse, User
from auditportal.accounts.tasks import mail_alarms
from recordings.audit import Actor, Kind, Target, record
from recordings.nudge import nudge

logger = structlog.get_logger("portal.accounts")


@transaction.atomic
def mark(*, user: User, on: bool, by: Actor, reason: str = "") -> bool:
    """Say whether an account is for emergencies. Return False when it was so already."""
    changed = User.objects.filter(pk=user.pk).exclude(is_break_glass=on).update(is_break_glass=on)
    if changed:
        detail = {"on": "yes" if on else "no"}
        record(Kind.BREAK_GLASS_CHANGED, by=by, target=Target.of(user), detail=detail, note=reason)
    return bool(changed)


@transaction.atomic
def note_use(*, user: User, by: Actor) -> None:
    """Record a sign-in with such an account, and raise the alarm: on pages, by mail, in the metrics."""
    BreakGlassUse.objects.create(user=user)
    record(Kind.BREAK_GLASS_USED, by=by, target=Target.of(user))
    logger.error("break-glass account used", user=user.pk)
    if mail.is_set_up():
        nudge(mail_alarms)


@transaction.atomic
def acknowledge(*, use: BreakGlassUse, acknowledged_by: User, by: Actor) -> bool:
    """Take the alarm off the pages. Return False when somebody has done so."""
    open_ones = BreakGlassUse.objects.filter(pk=use.pk, acknowledged_at=None)
    changed = open_ones.update(acknowledged_at=Now(), acknowledged_by=acknowledged_by)
    if changed:
        record(Kind.BREAK_GLASS_ACKNOWLEDGED, by=by, target=Target.of(use.user))
    return bool(changed)
