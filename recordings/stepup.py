"""The password asked again before a deed that must not be done from somebody's open browser (security S12)."""

from django.core.cache import cache

from recordings.audit import Actor, Kind, Outcome, Target, record_committed
from recordings.counter import CannotCount, count_up
from recordings.http import Request

WRONG = "That is not your password. Nothing was changed."
TOO_MANY = "Too many wrong passwords. Nothing was changed. Wait five minutes and try again."
UNCOUNTED = (
    "Passwords cannot be checked right now, because wrong ones cannot be counted. Nothing was changed. "
    "Try again in a minute."
)
TRIES, SECONDS = 5, 300


def refusal_of(request: Request, password: str) -> str:
    """Nothing when this is the signed-in person's password, else the sentence that says why the deed is not done.

    A wrong one is an event. Wrong ones are counted per person, apart from those of sign-in: nobody is locked out of
    the portal by them, and nobody outside can use them up.
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
