"""Sentences about people: sign-in, invitations, roles and refusals."""

from collections.abc import Callable, Iterator, Mapping

from django.utils.translation import gettext_noop as _

from recordings.audit.kinds import Kind, Outcome
from recordings.trail import labels, phrases, scope_sentences
from recordings.trail.compose import Phrase
from recordings.trail.phrases import EventText


def _sign_in_failed(text: EventText) -> Iterator[Phrase]:
    if name := text.private("object.label"):
        yield text.gettext("%(actor)s failed to sign in as “%(name)s”", name=phrases.isolated(name))
    else:
        yield text.gettext("%(actor)s failed to sign in")
    yield from phrases.reason(text)


def _account_locked(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s failed to sign in too often as %(thing)s")
    if (seconds := text.number("seconds")) is not None:
        yield text.ngettext(
            "next attempt after %(number)s second", "next attempt after %(number)s seconds", seconds
        )


def _account_unlocked(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s allowed %(thing)s to sign in again immediately")


def _confirmation_failed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s entered a wrong password to confirm an action")


def _signed_out(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s signed out")
    yield from _recorded_later(text)


def _session_ended(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s was signed out")
    yield from phrases.reason(text, _("the session expired"))
    yield from _recorded_later(text)


def _recorded_later(text: EventText) -> Iterator[Phrase]:
    """Say when it happened, of an event that could not be written at once."""
    if at := text.event.text("happened_at")[11:16]:
        yield text.gettext("at %(time)s UTC, recorded later because the audit trail was unavailable", time=at)


def _person_invited(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s invited %(thing)s")


def _invitation_mailed(text: EventText) -> Iterator[Phrase]:
    if text.event.outcome == Outcome.ERROR:
        yield text.gettext("%(actor)s could not send %(thing)s a mail with a link to choose a password")
    else:
        yield text.gettext("%(actor)s sent %(thing)s a mail with a link to choose a password")
    yield from phrases.reason(text)


def _invitation_used(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s chose a password for the account of %(thing)s")


def _invitation_refused(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s opened a link to choose a password that cannot be used")
    yield from phrases.reason(text)


def _person_changed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s changed name or mail address of %(thing)s")
    for name in ("full_name", "email"):
        before, after = (text.private(f"action_detail.{side}_{name}") for side in ("old", "new"))
        if before or after:
            yield text.gettext(
                "%(fact)s: %(before)s → %(after)s",
                fact=text.label(labels.FACTS[name]),
                before=phrases.isolated(before or "–"),
                after=phrases.isolated(after or "–"),
            )


def _person_deactivated(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s deactivated the account of %(thing)s")


def _person_reactivated(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s reactivated the account of %(thing)s")


def _people_exported(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s exported the list of people")
    if (number := text.number("people")) is not None:
        yield text.ngettext("%(number)s person", "%(number)s people", number)
    yield from phrases.typed(text)


def _role_granted(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s granted %(thing)s the role %(role)s", role=phrases.role(text))
    yield from scope_sentences.scope(text)
    if day := text.event.text("starts_at")[:10]:
        yield text.gettext("from %(day)s", day=day)
    if day := text.event.text("until")[:10]:
        yield text.gettext("until %(day)s", day=day)


def _role_revoked(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s removed the role %(role)s from %(thing)s", role=phrases.role(text))
    yield from scope_sentences.scope(text)


def _access_denied(text: EventText) -> Iterator[Phrase]:
    event = text.event
    more = text.number("more")
    if more:
        yield text.ngettext(
            "%(actor)s was refused access %(number)s more time",
            "%(actor)s was refused access %(number)s more times",
            more,
        )
        if minute := event.text("minute")[11:16]:
            yield text.gettext("in the minute from %(time)s UTC", time=minute)
        return
    if event.target_ref:
        yield text.gettext("%(actor)s was refused access to %(thing)s")
    else:
        yield text.gettext("%(actor)s was refused access")
    if right := str(event.part("authz").get("rule", "")):
        yield (text.label(labels.MISSING_RIGHTS.get(right) or labels.readable(right)),)


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
    Kind.SIGN_IN_FAILED: _sign_in_failed,
    Kind.ACCOUNT_LOCKED: _account_locked,
    Kind.ACCOUNT_UNLOCKED: _account_unlocked,
    Kind.CONFIRMATION_FAILED: _confirmation_failed,
    Kind.SIGNED_OUT: _signed_out,
    Kind.SESSION_ENDED: _session_ended,
    Kind.PERSON_INVITED: _person_invited,
    Kind.INVITATION_MAILED: _invitation_mailed,
    Kind.INVITATION_USED: _invitation_used,
    Kind.INVITATION_REFUSED: _invitation_refused,
    Kind.PERSON_CHANGED: _person_changed,
    Kind.PERSON_DEACTIVATED: _person_deactivated,
    Kind.PERSON_REACTIVATED: _person_reactivated,
    Kind.PEOPLE_EXPORTED: _people_exported,
    Kind.ROLE_GRANTED: _role_granted,
    Kind.ROLE_REVOKED: _role_revoked,
    Kind.ACCESS_DENIED: _access_denied,
}
