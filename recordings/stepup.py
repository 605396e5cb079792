"""Step-up: confirm who you are again before a sensitive act, in case somebody else uses the open browser.

A confirmation (password, code of an authenticator app, recovery code or passkey; signing in is one too) lasts five
minutes (ASVS 7.5.3). Every form of a sensitive act derives from ConfirmedForm.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.cache import cache
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.audit import Actor, Kind, Outcome, Target, record_committed
from recordings.counter import CannotCount, count_up
from recordings.http import Request

WRONG = _("The password or code is wrong. Nothing was changed.")
TOO_MANY = _("Too many wrong passwords or codes. Nothing was changed. Wait five minutes, then try again.")
UNCOUNTED = _(
    "Passwords and codes cannot be checked right now because failed attempts cannot be counted. Nothing was changed. "
    "Try again in a minute."
)
TRIES, SECONDS = 5, 300
FRESH_SECONDS = 300
_CONFIRMED_AT = "confirmed_at"  # key in the session

# What a person may type besides their password. Second factors add theirs when the portal starts.
other_secrets: list[Callable[[Any, str], bool]] = []


def is_fresh(request: Any) -> bool:
    """Return whether this session's person was confirmed within the last five minutes, by the database's clock."""
    return bool(request.session.now() - request.session.get(_CONFIRMED_AT, 0) <= FRESH_SECONDS)


def confirm(request: Any) -> None:
    """Note that this session's person has just proved who they are."""
    request.session[_CONFIRMED_AT] = request.session.now()


def refusal_of(request: Request, secret: str) -> str | Promise:
    """Return an empty text for the signed-in person's password or code, else why the act is refused.

    A wrong one is an event. Attempts are counted per person, separately from those of sign-in, so that they lock
    nobody out, and so that nobody else can use them up.
    """
    if is_fresh(request):
        return ""
    name = f"recordings.stepup:{request.user.pk}"
    try:
        if count_up(name, SECONDS) > TRIES:
            return TOO_MANY
    except CannotCount:
        return UNCOUNTED
    if request.user.check_password(secret) or any(
        is_right(request.user, secret) for is_right in other_secrets
    ):
        cache.delete(name)
        confirm(request)
        return ""
    record_committed(
        Kind.CONFIRMATION_FAILED,
        by=Actor.from_request(request),
        target=Target.of(request.user),
        outcome=Outcome.DENIED,
    )
    return WRONG


class ConfirmInput(forms.PasswordInput):
    """The field for a password or a code. parts/_field.html adds a button that asks for a passkey instead."""

    offers_passkey = True


class ConfirmedForm(forms.Form):
    """A form of a sensitive act. It asks for a confirmation when there was none within five minutes."""

    def __init__(self, *args: Any, request: Request, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request
        if not is_fresh(request):
            self.fields["password"] = forms.CharField(
                label=_("Your password or a code"),
                max_length=128,
                strip=False,
                error_messages={"required": _("Enter your password or a code.")},
                help_text=_("Required so that nobody else can do this in a browser that you left open."),
                widget=ConfirmInput(attrs={"autocomplete": "current-password"}),
            )

    def clean(self) -> dict[str, Any]:
        """Check the confirmation last, so that a typing mistake elsewhere costs no attempt."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and (refusal := refusal_of(self._request, cleaned.get("password", ""))):
            self.add_error("password", str(refusal))
        return cleaned
