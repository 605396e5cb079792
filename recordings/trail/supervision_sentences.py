"""The sentences of events about supervision."""

from collections.abc import Callable, Iterator, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_noop as _

from recordings.audit.kinds import Kind
from recordings.models.supervision import Disposition, DispositionReason, ItemSource
from recordings.trail import phrases
from recordings.trail.compose import Phrase
from recordings.trail.phrases import EventText
from recordings.wording import clock, in_english

_ACTS = {
    Disposition.NO_CONCERN.value: _("%(actor)s had no concern about %(thing)s"),
    Disposition.QUESTIONED.value: _("%(actor)s questioned %(thing)s"),
    Disposition.ESCALATED.value: _("%(actor)s escalated %(thing)s"),
    Disposition.VIOLATION.value: _("%(actor)s found a violation in %(thing)s"),
    Disposition.CLOSED.value: _("%(actor)s closed the supervision of %(thing)s"),
}
# Of the same reasons and sources as models/supervision.py, in the language of the sentence.
_REASONS = {reason.value: reason.label for reason in DispositionReason}
_SOURCES = {source.value: source.label for source in ItemSource}


def _opened(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s viewed the queue of supervision")


def _queued(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s put %(thing)s into the queue of supervision")
    yield from _label(text, _SOURCES, text.event.text("source"))
    if reason := text.private("action_detail.reason"):
        yield text.gettext("“%(reason)s”", reason=phrases.isolated(reason))
    yield from _due(text)


def _disposed(text: EventText) -> Iterator[Phrase]:
    code = text.event.text("disposition")
    yield text.gettext(_ACTS.get(code, _("%(actor)s decided about %(thing)s")))
    yield from _label(text, _REASONS, text.event.text("reason"))
    if holder := text.event.text("holder"):
        person = phrases.named("person", holder, "", text.language)
        yield text.gettext("%(person)s decides next", person=person)
    yield from _moment_and_watched(text)
    yield from _due(text)
    yield from _note(text)


def _frozen(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s froze the closed items of supervision for spot checks")
    yield from _period(text)
    if (number := text.number("units")) is not None:
        yield text.ngettext("%(number)s item", "%(number)s items", number)
    if (share := text.number("share")) is not None:
        yield text.gettext("%(percent)s %% to draw", percent=share)
    if (draw := text.number("draw_number")) is not None and draw > 1:
        yield text.gettext("draw %(number)s of this period", number=draw)


def _drawn(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s drew items of supervision for spot checks")
    if (number := text.number("picks")) is not None:
        yield text.ngettext("%(number)s item", "%(number)s items", number)
    if text.event.text("self_drawn"):
        yield text.gettext("self-drawn: no outside witness gave the seed")


def _checked(text: EventText) -> Iterator[Phrase]:
    if text.event.text("verdict") == "agrees":
        yield text.gettext("%(actor)s agreed in a spot check of %(thing)s")
    else:
        yield text.gettext("%(actor)s disagreed in a spot check of %(thing)s")
    yield from _moment_and_watched(text)
    yield from _due(text)
    yield from _note(text)


def _reminded(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s reminded %(thing)s of recordings to supervise")
    if (number := text.number("due")) is not None:
        yield text.ngettext("%(number)s to decide", "%(number)s to decide", number)
    if number := text.number("overdue"):
        yield text.ngettext("%(number)s overdue", "%(number)s overdue", number)


def _label(text: EventText, labels: Mapping[str, str | Promise], code: str) -> Iterator[Phrase]:
    if code in labels:
        yield (text.label(in_english(labels[code])),)


def _moment_and_watched(text: EventText) -> Iterator[Phrase]:
    start, end = text.number("from_ms"), text.number("to_ms")
    if start is not None and end is not None:
        moment = clock(start // 1000) if start == end else f"{clock(start // 1000)}–{clock(end // 1000)}"
        yield text.gettext("at %(moment)s", moment=moment)
    if (percent := text.number("watched_percent")) is not None:
        yield text.gettext("%(percent)s %% watched", percent=percent)


def _due(text: EventText) -> Iterator[Phrase]:
    if at := text.event.text("due_at"):
        yield text.gettext("due %(day)s", day=at[:10])


def _period(text: EventText) -> Iterator[Phrase]:
    since, until = text.event.text("since"), text.event.text("until")
    if since and until:
        yield text.gettext("%(since)s to %(until)s", since=since, until=until)


def _note(text: EventText) -> Iterator[Phrase]:
    if note := text.private("action_detail.note"):
        yield text.gettext("“%(reason)s”", reason=phrases.isolated(note))


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
    Kind.SUPERVISION_OPENED: _opened,
    Kind.SUPERVISION_QUEUED: _queued,
    Kind.SUPERVISION_DISPOSED: _disposed,
    Kind.SUPERVISION_FROZEN: _frozen,
    Kind.SUPERVISION_DRAWN: _drawn,
    Kind.SUPERVISION_CHECKED: _checked,
    Kind.SUPERVISION_REMINDED: _reminded,
}
