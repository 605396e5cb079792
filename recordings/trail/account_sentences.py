"""Sentences about accounts: sign-in and second factors."""

from collections.abc import Callable, Iterator, Mapping

from django.utils.translation import gettext_noop as _

from recordings.audit.kinds import Kind
from recordings.trail import phrases
from recordings.trail.compose import Phrase
from recordings.trail.phrases import EventText

# By the code of what proved a person's identity, as the actor of an event has it.
_SIGNED_IN_WITH = {
    "webauthn": _("with a passkey"),
    "password+webauthn": _("with password and passkey"),
    "password+totp": _("with password and a code of an authenticator app"),
    "password+recovery_codes": _("with password and a recovery code"),
}
_ADDED = {
    "webauthn": _("%(actor)s added a passkey"),
    "totp": _("%(actor)s set up an authenticator app"),
}
_REMOVED = {
    "webauthn": _("%(actor)s removed a passkey"),
    "totp": _("%(actor)s removed the authenticator app"),
}
_REFUSED = {
    "passkey": _("%(actor)s failed to sign in with a passkey as %(thing)s"),
    "code": _("%(actor)s entered a wrong code at sign-in as %(thing)s"),
}


def _signed_in(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s signed in")
    if words := _SIGNED_IN_WITH.get(str(text.event.actor.get("authn", ""))):
        yield text.gettext(words)


def _factor_added(text: EventText) -> Iterator[Phrase]:
    yield text.gettext(_ADDED.get(text.event.text("factor"), _("%(actor)s added a second factor")))


def _factor_removed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext(_REMOVED.get(text.event.text("factor"), _("%(actor)s removed a second factor")))


def _factor_refused(text: EventText) -> Iterator[Phrase]:
    words = _REFUSED.get(
        text.event.text("factor"), _("%(actor)s failed the second step of sign-in as %(thing)s")
    )
    yield text.gettext(words)
    yield from phrases.reason(text)


def _codes_made(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s made new recovery codes")


def _enrolment_opened(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s let everybody without a second factor add one")
    if until := text.event.text("until"):
        yield text.gettext("until %(time)s UTC", time=f"{until[:10]} {until[11:16]}")


def _enrolment_closed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s closed the time in which second factors can be added")


def _reset_asked(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s asked to reset the second factors of %(thing)s")


def _reset_withdrawn(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s withdrew the request to reset the second factors of %(thing)s")


def _factors_reset(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s reset the second factors of %(thing)s")
    if (number := text.number("factors")) is not None:
        yield text.ngettext("%(number)s removed", "%(number)s removed", number)


def _password_changed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s changed their password")


def _sessions_ended(text: EventText) -> Iterator[Phrase]:
    number = text.number("sessions")
    if number is None:
        yield text.gettext("%(actor)s ended sessions of %(thing)s")
    else:
        yield text.ngettext(
            "%(actor)s ended %(number)s session of %(thing)s",
            "%(actor)s ended %(number)s sessions of %(thing)s",
            number,
        )


def _break_glass_changed(text: EventText) -> Iterator[Phrase]:
    if text.event.text("on") == "no":
        yield text.gettext("%(actor)s made the break-glass account of %(thing)s an ordinary one")
    else:
        yield text.gettext("%(actor)s made the account of %(thing)s a break-glass account")


def _break_glass_used(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s signed in with a break-glass account")


def _break_glass_acknowledged(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s acknowledged the use of the break-glass account of %(thing)s")


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
    Kind.SIGNED_IN: _signed_in,
    Kind.FACTOR_ADDED: _factor_added,
    Kind.FACTOR_REMOVED: _factor_removed,
    Kind.FACTOR_REFUSED: _factor_refused,
    Kind.RECOVERY_CODES_MADE: _codes_made,
    Kind.ENROLMENT_OPENED: _enrolment_opened,
    Kind.ENROLMENT_CLOSED: _enrolment_closed,
    Kind.FACTOR_RESET_ASKED: _reset_asked,
    Kind.FACTOR_RESET_WITHDRAWN: _reset_withdrawn,
    Kind.FACTORS_RESET: _factors_reset,
    Kind.PASSWORD_CHANGED: _password_changed,
    Kind.SESSIONS_ENDED: _sessions_ended,
    Kind.BREAK_GLASS_CHANGED: _break_glass_changed,
    Kind.BREAK_GLASS_USED: _break_glass_used,
    Kind.BREAK_GLASS_ACKNOWLEDGED: _break_glass_acknowledged,
}
