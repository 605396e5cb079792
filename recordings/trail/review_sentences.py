"""The sentences of events about quality reviews."""

from collections.abc import Callable, Iterator, Mapping

from recordings.audit.kinds import Kind
from recordings.trail import phrases
from recordings.trail.compose import Phrase
from recordings.trail.phrases import EventText


def _scorecard_created(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s created a draft of %(thing)s")
    yield from _version(text)


def _scorecard_imported(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s imported %(thing)s from a file")
    yield from _version(text)


def _scorecard_activated(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s activated %(thing)s")
    yield from _version(text)
    if (number := text.number("questions")) is not None:
        yield text.ngettext("%(number)s question", "%(number)s questions", number)


def _scorecard_retired(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s retired %(thing)s")
    yield from _version(text)
    if (number := text.number("replaced_by")) is not None:
        yield text.gettext("replaced by version %(version)s", version=number)


def _version(text: EventText) -> Iterator[Phrase]:
    """Say the title that it had then, and its version."""
    if title := text.private("object.label"):
        yield text.gettext("“%(title)s”", title=phrases.isolated(title))
    if (number := text.number("version")) is not None:
        yield text.gettext("version %(version)s", version=number)


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
    Kind.SCORECARD_CREATED: _scorecard_created,
    Kind.SCORECARD_IMPORTED: _scorecard_imported,
    Kind.SCORECARD_ACTIVATED: _scorecard_activated,
    Kind.SCORECARD_RETIRED: _scorecard_retired,
}
