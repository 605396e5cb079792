"""Reset a person's second factors: two administrators on pages, or the operator by a command (ASVS 6.4.4)."""

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy

from auditportal.accounts.actions import AlreadyDone
from auditportal.accounts.factors import enrolment
from auditportal.accounts.models import FactorReset, PersonSession, User
from recordings.audit import Actor, Kind, Target, record
from recordings.exceptions import PortalError
from recordings.playback.watching import end_viewings_of_person


class NotYou(PortalError):
    """An administrator would confirm what they asked for, or a reset of their own factors."""

    status = 409
    sentence = gettext_lazy("Another administrator confirms this. Nothing was changed.")


@transaction.atomic
def ask(*, user: User, asked_by: User, reason: str, by: Actor) -> FactorReset:
    """Ask another administrator to confirm a reset. Raises AlreadyDone when one waits, and NotYou for oneself."""
    if user.pk == asked_by.pk:
        raise NotYou
    User.objects.select_for_update().get(pk=user.pk)
    waiting = user.factor_resets.filter(confirmed_at=None, withdrawn_at=None)
    if waiting.pending().exists():
        raise AlreadyDone
    waiting.update(withdrawn_at=Now())  # it waited for more than a day
    record(Kind.FACTOR_RESET_ASKED, by=by, target=Target.of(user), note=reason)
    return FactorReset.objects.create(user=user, asked_by=asked_by, reason=reason)


@transaction.atomic
def confirm(*, reset: FactorReset, confirmed_by: User, by: Actor) -> None:
    """Remove the person's second factors and end their sessions. Raises NotYou, or AlreadyDone."""
    if confirmed_by.pk in (reset.asked_by_id, reset.user_id):
        raise NotYou
    pending = FactorReset.objects.pending().filter(pk=reset.pk)
    if not pending.update(confirmed_at=Now(), confirmed_by=confirmed_by):
        raise AlreadyDone
    remove_all(user=reset.user, by=by, reason=reset.reason)


@transaction.atomic
def withdraw(*, reset: FactorReset, by: Actor) -> None:
    """Take the request back. Raises AlreadyDone."""
    if not FactorReset.objects.pending().filter(pk=reset.pk).update(withdrawn_at=Now()):
        raise AlreadyDone
    record(Kind.FACTOR_RESET_WITHDRAWN, by=by, target=Target.of(reset.user))


@transaction.atomic
def remove_all(*, user: User, by: Actor, reason: str = "") -> None:
    """Remove every second factor of an account, and end its sessions and what they watch."""
    number = Authenticator.objects.filter(user=user).delete()[0]
    enrolment.close_own(user)
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    PersonSession.objects.filter(user=user, ended_at=None).update(ended_at=Now())
    end_viewings_of_person(viewer=user, by=by)
    record(Kind.FACTORS_RESET, by=by, target=Target.of(user), note=reason, detail={"factors": number})
