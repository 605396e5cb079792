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


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
    Kind.SIGNED_IN: _signed_in,
    Kind.FACTOR_ADDED: _factor_added,
    Kind.FACTOR_REMOVED: _factor_removed,
    Kind.FACTOR_REFUSED: _factor_refused,
    Kind.RECOVERY_CODES_MADE: _codes_made,
}
