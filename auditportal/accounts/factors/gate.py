"""What a session lacks before it may open a page with data: no page opens with a password alone (ASVS 6.3.3)."""

from enum import Enum
from ipaddress import ip_address
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

from auditportal.accounts.actions import ADMINISTRATOR
from auditportal.accounts.factors.enrolment import may_enrol
from auditportal.accounts.factors.passkeys import PASSKEY
from auditportal.accounts.factors.totp import APP
from auditportal.accounts.models import User
from recordings.audit import AUTHN

# How somebody signed in, and a second factor of which the identity provider's token says that it was used.
PASSWORD, SINGLE_SIGN_ON, PROVIDER = "password", "single sign-on", "provider"


class Stage(Enum):
    """How far a signed-in person's session has come."""

    PROVEN = "proven"  # with a second factor
    ENROLS = "enrols"  # the account has none, and may add one
    CLOSED = "closed"  # the account has none, and may not add one
    SIGNS_IN_AGAIN = "signs in again"  # the account has one, which was not used in this session


def is_easy(request: HttpRequest) -> bool:
    """Return whether a password is enough: in the demo, from this machine, unless DEMO_SIGN_IN=full."""
    if not settings.EASY_SIGN_IN:
        return False
    try:
        return ip_address(str(request.META.get("REMOTE_ADDR", ""))).is_loopback
    except ValueError:
        return False


def is_open(request: Any) -> bool:
    """Return whether this session may open pages with data. Administrators need a passkey."""
    if is_easy(request):
        return True
    factor = factor_in(request)
    return bool(factor) and (factor == PASSKEY or not needs_passkey(request.user))


def factor_in(request: Any) -> str:
    """Return the kind of the second factor that was used last in this session; empty with the first step alone."""
    first, _, factor = str(request.session.get(AUTHN, PASSWORD)).partition("+")
    return factor or ("" if first in (PASSWORD, SINGLE_SIGN_ON) else first)


def used(request: Any, factor: str) -> None:
    """Note that this session's person has just used or added a factor."""
    first = str(request.session.get(AUTHN, PASSWORD)).partition("+")[0]
    request.session[AUTHN] = f"{first if first == SINGLE_SIGN_ON else PASSWORD}+{factor}"


def needs_passkey(user: User) -> bool:
    """Return whether a role of this person asks for a passkey."""
    return any(role.code == ADMINISTRATOR for role in user.roles)


def stage_of(request: Any) -> Stage:
    """Return how far the session of a signed-in person has come."""
    if factor_in(request) or is_easy(request):
        return Stage.PROVEN
    if has_factor(request.user):
        return Stage.SIGNS_IN_AGAIN
    # The window is about passwords that somebody else may know. Here the identity provider says who it is.
    is_single_sign_on = request.session.get(AUTHN, PASSWORD) == SINGLE_SIGN_ON
    return Stage.ENROLS if is_single_sign_on or may_enrol(request.user) else Stage.CLOSED


def has_factor(user: User) -> bool:
    """Return whether the account has a passkey or an authenticator app."""
    return bool(Authenticator.objects.filter(user=user, type__in=(PASSKEY, APP)).exists())
