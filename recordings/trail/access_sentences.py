"""Sentences about who has access: looked up, asked for, and recertified."""

from collections.abc import Callable, Iterator, Mapping

from django.utils.translation import gettext_noop as _

from recordings.audit.kinds import Kind, Outcome
from recordings.trail import labels, phrases
from recordings.trail.compose import Part, Phrase
from recordings.trail.phrases import EventText


def _checked(text: EventText) -> Iterator[Phrase]:
    if day := text.event.text("day"):
        yield text.gettext("%(actor)s looked up who could see %(thing)s on %(day)s", day=day)
    else:
        yield text.gettext("%(actor)s looked up who can see %(thing)s")


def _exported(text: EventText) -> Iterator[Phrase]:
    if day := text.event.text("day"):
        yield text.gettext("%(actor)s saved who could see %(thing)s on %(day)s", day=day)
    else:
        yield text.gettext("%(actor)s saved who can see %(thing)s")
    yield from _digest(text)


def _requested(text: EventText) -> Iterator[Phrase]:
    yield text.gettext(
        "%(actor)s asked for access to “%(number)s”",
        number=phrases.isolated(text.private("action_detail.thing")),
    )
    yield from _level(text)


def _request_decided(text: EventText) -> Iterator[Phrase]:
    number = phrases.isolated(text.private("action_detail.thing"))
    if text.event.outcome == Outcome.GRANTED:
        yield text.gettext("%(actor)s agreed to access of %(thing)s to “%(number)s”", number=number)
    else:
        yield text.gettext("%(actor)s refused %(thing)s access to “%(number)s”", number=number)
    yield from _level(text)


def _opened(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s opened %(thing)s")
    if (grants := text.number("grants")) is not None:
        yield text.ngettext("%(number)s grant", "%(number)s grants", grants)
    if day := text.event.text("due"):
        yield text.gettext("due %(day)s", day=day)


def _recertified(text: EventText) -> Iterator[Phrase]:
    role = _role(text)
    if text.event.text("decision") == "keep":
        yield text.gettext("%(actor)s recertified the role %(role)s of %(thing)s", role=role)
    else:
        yield text.gettext("%(actor)s did not recertify the role %(role)s of %(thing)s", role=role)


def _closed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s closed %(thing)s")
    if (kept := text.number("kept")) is not None:
        yield text.ngettext("%(number)s grant kept", "%(number)s grants kept", kept)
    if (removed := text.number("removed")) is not None:
        yield text.ngettext("%(number)s grant removed", "%(number)s grants removed", removed)
    if undecided := text.number("undecided"):
        yield text.ngettext("%(number)s grant undecided", "%(number)s grants undecided", undecided)


def _saved(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s saved %(thing)s as a file")
    yield from _digest(text)


def _role(text: EventText) -> Part:
    code = text.event.text("role")
    return text.label(labels.role(code) if code else _("(not named)"))


def _level(text: EventText) -> Iterator[Phrase]:
    if level := text.event.text("level"):
        yield text.gettext("level “%(level)s”", level=text.label(labels.LEVELS.get(level, level)))


def _digest(text: EventText) -> Iterator[Phrase]:
    if digest := text.event.text("sha256")[:12]:
        yield text.gettext("SHA-256 %(digest)s…", digest=digest)


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
    Kind.ACCESS_CHECKED: _checked,
    Kind.ACCESS_EXPORTED: _exported,
    Kind.ACCESS_REQUESTED: _requested,
    Kind.ACCESS_REQUEST_DECIDED: _request_decided,
    Kind.RECERTIFICATION_OPENED: _opened,
    Kind.GRANT_RECERTIFIED: _recertified,
    Kind.RECERTIFICATION_CLOSED: _closed,
    Kind.RECERTIFICATION_EXPORTED: _saved,
}
