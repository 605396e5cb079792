"""The sentences of events about the numbers of evaluations."""

from collections.abc import Callable, Iterator, Mapping

from django.utils.translation import gettext_noop as _

from recordings.audit.kinds import Kind
from recordings.trail.compose import Phrase
from recordings.trail.filter_words import filters_of
from recordings.trail.phrases import EventText

_PAGES = {
    "overview": _("%(actor)s viewed the scores of evaluations"),
    "agents": _("%(actor)s viewed the numbers of agents"),
    "scorers": _("%(actor)s viewed the numbers of scorers"),
    "questions": _("%(actor)s viewed the numbers of questions"),
}


def _numbers_opened(text: EventText) -> Iterator[Phrase]:
    yield text.gettext(_PAGES.get(text.event.text("area"), _("%(actor)s viewed the numbers of evaluations")))
    yield from filters_of(text)


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {Kind.NUMBERS_OPENED: _numbers_opened}
