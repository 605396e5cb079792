"""Add, use and remove second factors. Each change and its event are one transaction."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from auditportal.accounts.factors import passkeys, recovery, totp
from auditportal.accounts.factors.enrolment import close_own
from auditportal.accounts.factors.gate import needs_passkey
from auditportal.accounts.factors.passkeys import PASSKEY
from auditportal.accounts.models import User
from recordings.audit import Actor, Kind, Outcome, Target, record, record_committed
from recordings.counter import count_up
from recordings.exceptions import PortalError

MAIN = (PASSKEY, totp.APP)
CODE_TRIES, CODE_SECONDS = 5, 300


class LastFactor(PortalError):
    """The account would have no second factor, or an administrator no passkey."""

    status = 409
    sentence: str | Promise = gettext_lazy(
        "This is your last second factor. Add another before you remove it. Nothing was changed."
    )


class LastPasskey(LastFactor):
    """An administrator would have no passkey."""

    sentence = gettext_lazy(
        "Administrators need a passkey, and this is your last. Add another before you remove it. Nothing was changed."
    )


class TooManyCodes(Exception):
    """The next code can be tried in five minutes at the latest."""


@transaction.atomic
def add_passkey(*, request: HttpRequest, user: User, name: str, answer: Any, by: Actor) -> Authenticator:
    """Store the passkey that the browser made. Raises NotProven."""
    row = passkeys.register(request, user, name, answer)
    close_own(user)
    record(Kind.FACTOR_ADDED, by=by, target=Target.of(user), detail={"factor": row.type})
    return row


@transaction.atomic
def add_app(*, user: User, secret: bytes, step: int, by: Actor) -> Authenticator:
    """Store the secret of an authenticator app, in place of an earlier one."""
    Authenticator.objects.filter(user=user, type=totp.APP).delete()
    row = totp.add(user, secret, step)
    close_own(user)
    record(Kind.FACTOR_ADDED, by=by, target=Target.of(user), detail={"factor": row.type})
    return row


def make_recovery_codes(*, user: User, by: Actor) -> list[str]:
    """Make new recovery codes in place of the earlier ones, and return them. Nobody can show them again."""
    hashes, codes = recovery.new()
    with transaction.atomic():
        recovery.replace(user, hashes)
        record(Kind.RECOVERY_CODES_MADE, by=by, target=Target.of(user))
    return codes


@transaction.atomic
def remove(*, row: Authenticator, by: Actor) -> None:
    """Remove a passkey or the authenticator app of the person who asks. Raises LastFactor or LastPasskey."""
    user = User.objects.select_for_update().get(pk=row.user_id)
    others = Authenticator.objects.filter(user=user, type__in=MAIN).exclude(pk=row.pk)
    if not others.exists():
        raise LastFactor
    if row.type == PASSKEY and needs_passkey(user) and not others.filter(type=PASSKEY).exists():
        raise LastPasskey
    record(Kind.FACTOR_REMOVED, by=by, target=Target.of(user), detail={"factor": row.type})
    row.delete()


def use_code(user: User, code: str) -> Authenticator | None:
    """Use up a code of the authenticator app or a recovery code. Return what it belongs to, None for a wrong one."""
    code = code.strip()
    for row in Authenticator.objects.filter(user=user, type__in=(totp.APP, recovery.CODES)):
        if row.type == totp.APP and len(code) == totp.DIGITS and totp.use(row, code):
            return row
        if row.type == recovery.CODES and recovery.looks_like_one(code) and recovery.use(row, code):
            return row
    return None


def try_code(*, user: User, code: str, by: Actor) -> Authenticator | None:
    """Use a code as the second step of sign-in; None for a wrong one, which is an event.

    Five in five minutes for each account, counted before they are checked. Raises TooManyCodes or CannotCount.
    """
    name = f"auditportal.accounts.factors:{user.pk}"
    if count_up(name, CODE_SECONDS) > CODE_TRIES:
        raise TooManyCodes
    row = use_code(user, code)
    if row is None:
        refused(user=user, factor="code", by=by)
    else:
        cache.delete(name)
    return row


def refused(*, user: User | None, factor: str, by: Actor, reason: str = "") -> None:
    """Record a second step, or a sign-in with a passkey, that failed."""
    record_committed(
        Kind.FACTOR_REFUSED,
        by=by,
        target=Target.of(user) if user else Target("page", "/accounts/login/"),
        outcome=Outcome.DENIED,
        detail={"factor": factor} | ({"reason": reason} if reason else {}),
    )
