"""Sentences about identity providers: their tokens, the people and groups they manage, groups that have a role."""

from collections.abc import Callable, Iterator, Mapping

from recordings.audit.kinds import Kind
from recordings.trail import labels, phrases, scope_sentences
from recordings.trail.compose import Part, Phrase
from recordings.trail.phrases import EventText


def _person_created(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s created the account of %(thing)s")


def _person_removed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s removed the account of %(thing)s from provisioning")


def _single_sign_on_required(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s had %(thing)s sign in through single sign-on only")


def _identity_linked(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s linked the account of %(thing)s with an identity of the identity provider")


def _token_created(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s created the provisioning token “%(thing)s”")
    if label := labels.TOKEN_SCOPES.get(text.event.text("scope")):
        yield (text.label(label),)
    if day := text.event.text("expires_at")[:10]:
        yield text.gettext("until %(day)s", day=day)


def _token_revoked(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s revoked the provisioning token “%(thing)s”")


def _provisioning_read(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s read people and groups for provisioning")


def _provisioning_refused(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("A provisioning request of %(actor)s was refused")
    if (status := text.number("status")) is not None:
        yield text.gettext("status %(status)s", status=status)
    yield from phrases.reason(text)


def _group_created(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s created the group “%(thing)s”")


def _group_changed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s changed the group “%(thing)s”")


def _group_removed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s removed the group “%(thing)s”")


def _member_added(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s added %(thing)s to the group “%(group)s”", group=_group(text))


def _member_removed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s removed %(thing)s from the group “%(group)s”", group=_group(text))


def _group_role_added(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s gave the group “%(thing)s” the role %(role)s", role=phrases.role(text))
    yield from scope_sentences.scope(text)


def _group_role_ended(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s took the role %(role)s from the group “%(thing)s”", role=phrases.role(text))
    yield from scope_sentences.scope(text)


def _group(text: EventText) -> Part:
    return Part(phrases.isolated(text.private("action_detail.group")), is_value=True)


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
    Kind.SINGLE_SIGN_ON_REQUIRED: _single_sign_on_required,
    Kind.IDENTITY_LINKED: _identity_linked,
    Kind.PERSON_CREATED: _person_created,
    Kind.PERSON_REMOVED: _person_removed,
    Kind.PROVISIONING_ALLOWED: _token_created,
    Kind.PROVISIONING_REVOKED: _token_revoked,
    Kind.PROVISIONING_READ: _provisioning_read,
    Kind.PROVISIONING_REFUSED: _provisioning_refused,
    Kind.GROUP_CREATED: _group_created,
    Kind.GROUP_CHANGED: _group_changed,
    Kind.GROUP_REMOVED: _group_removed,
    Kind.MEMBER_ADDED: _member_added,
    Kind.MEMBER_REMOVED: _member_removed,
    Kind.GROUP_ROLE_ADDED: _group_role_added,
    Kind.GROUP_ROLE_ENDED: _group_role_ended,
}
