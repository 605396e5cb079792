"""The password asked again before a deed that must not be done from somebody's open browser (security S12)."""

from allauth.account.adapter import get_adapter
from django.core.exceptions import ValidationError

from recordings.http import Request

WRONG = "That is not your password. Nothing was changed."


def refusal_of(request: Request, password: str) -> str:
    """Nothing when this is the signed-in person's password, else the sentence that says why the deed is not done.

    It goes through sign-in's own door: a wrong one is an event and counts against the same limits, and while failed
    attempts cannot be counted nobody passes.
    """
    adapter = get_adapter(request)
    try:
        user = adapter.authenticate(request, username=request.user.get_username(), password=password)
    except ValidationError as refused:
        return str(refused.messages[0])
    return "" if user is not None and user.pk == request.user.pk else WRONG
