"""Step-up: confirm your password again before a sensitive action, in case somebody else uses the open browser."""

from django.core.cache import cache
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.audit import Actor, Kind, Outcome, Target, record_committed
from recordings.counter import CannotCount, count_up
from recordings.http import Request

WRONG = _("The password is wrong. Nothing was changed.")
TOO_MANY = _("Too many wrong passwords. Nothing was changed. Wait five minutes, then try again.")
UNCOUNTED = _(
    "Passwords cannot be checked right now because failed attempts cannot be counted. Nothing was changed. "
    "Try again in a minute."
)
TRIES, SECONDS = 5, 300


def refusal_of(request: Request, password: str) -> str | Promise:
    """Return an empty text for the signed-in person's password, else why the action is refused.

    A wrong password is an event. Attempts are counted per person, separately from those of sign-in, so that they lock
    nobody out, and so that nobody else can use them up.
    """
    name = f"recordings.stepup:{request.user.pk}"
    try:
        if count_up(name, SECONDS) > TRIES:
            return TOO_MANY
    except CannotCount:
        return UNCOUNTED
    if request.user.check_password(password):
        cache.delete(name)
        return ""
    record_committed(
        Kind.CONFIRMATION_FAILED,
        by=Actor.from_request(request),
        target=Target.of(request.user),
        outcome=Outcome.DENIED,
    )
    return WRONG
