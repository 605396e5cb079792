"""The sentences of events about calibrations."""

from collections.abc import Callable, Iterator, Mapping

from recordings.audit.kinds import Kind
from recordings.trail import phrases
from recordings.trail.compose import Phrase
from recordings.trail.phrases import EventText


def _created(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s created %(thing)s")
    yield from _facts(text)


def _opened(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s compared the answers in %(thing)s")
    yield from _title(text)


def _closed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s closed scoring in %(thing)s")
    yield from _title(text)
    if (number := text.number("missing")) is not None:
        yield text.ngettext("%(number)s evaluation missing", "%(number)s evaluations missing", number)


def _commented(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s commented on %(thing)s in a calibration")
    if comment := text.private("action_detail.comment"):
        yield text.gettext("“%(reason)s”", reason=phrases.isolated(comment))


def _agreed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s recorded the agreed card of %(thing)s")
    before, score = text.event.text("score_before"), text.event.text("score")
    if before:
        yield text.gettext("score %(before)s → %(after)s", before=before, after=score or "–")
    elif score:
        yield text.gettext("score %(score)s", score=score)
    if reason := text.private("action_detail.reason"):
        yield text.gettext("“%(reason)s”", reason=phrases.isolated(reason))


def _title(text: EventText) -> Iterator[Phrase]:
    if title := text.private("object.label"):
        yield text.gettext("“%(title)s”", title=phrases.isolated(title))


def _facts(text: EventText) -> Iterator[Phrase]:
    yield from _title(text)
    if (number := text.number("version")) is not None:
        yield text.gettext("version %(version)s", version=number)
    if (number := text.number("participants")) is not None:
        yield text.ngettext("%(number)s participant", "%(number)s participants", number)
    if (number := text.number("recordings")) is not None:
        yield text.ngettext("%(number)s recording", "%(number)s recordings", number)


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
    Kind.CALIBRATION_CREATED: _created,
    Kind.CALIBRATION_OPENED: _opened,
    Kind.CALIBRATION_CLOSED: _closed,
    Kind.CALIBRATION_COMMENTED: _commented,
    Kind.CALIBRATION_AGREED: _agreed,
}
