"""Sentences about assurance and reports."""

from collections.abc import Callable, Iterator, Mapping

from django.utils.translation import gettext_noop as _

from recordings.audit.kinds import Kind
from recordings.trail import labels, phrases
from recordings.trail.compose import Phrase
from recordings.trail.filter_words import filters_of
from recordings.trail.phrases import EventText

_ASSURANCE_PAGES = {
    "map": _("%(actor)s viewed the assurance map"),
    "list": _("%(actor)s viewed the assurance list"),
}


# --- assurance


def _media_failed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s found a problem in the file of %(thing)s")
    yield from phrases.reason(text)


def _assurance_opened(text: EventText) -> Iterator[Phrase]:
    area = text.event.text("area")
    if area in _ASSURANCE_PAGES:
        yield text.gettext(_ASSURANCE_PAGES[area])
    elif area:
        yield text.gettext("%(actor)s viewed assurance: %(area)s", area=labels.readable(area))
    else:
        yield text.gettext("%(actor)s viewed assurance")
    yield from filters_of(text)


def _stated(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s created %(thing)s")
    if month := text.event.text("month"):
        yield text.gettext("for %(month)s", month=month)
    if version := text.event.text("version"):
        yield text.gettext("version %(version)s", version=version)
    if (expected := text.number("expected")) is not None:
        yield text.ngettext("%(number)s recording expected", "%(number)s recordings expected", expected)
    if (found := text.number("found")) is not None:
        yield text.ngettext("%(number)s found", "%(number)s found", found)
    if (exceptions := text.number("exceptions")) is not None:
        yield text.ngettext("%(number)s exception", "%(number)s exceptions", exceptions)


def _statement_downloaded(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s downloaded %(thing)s")
    yield from _format(text)


def _format(text: EventText) -> Iterator[Phrase]:
    if code := text.event.text("format"):
        yield (text.label(labels.FORMATS.get(code) or labels.readable(code)),)


# --- reports


def _report_requested(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s requested %(thing)s")
    if label := labels.REPORTS.get(text.event.text("kind")):
        yield (text.label(label),)
    yield from _format(text)
    yield from phrases.typed(text)
    yield from filters_of(text)


def _report_built(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s built %(thing)s")
    if (rows := text.number("rows")) is not None:
        kind = text.event.text("kind")
        if kind == "viewings":
            yield text.ngettext("%(number)s viewing", "%(number)s viewings", rows)
        elif kind == "access":
            yield text.ngettext("%(number)s person", "%(number)s people", rows)
        elif kind == "scores":
            yield text.ngettext("%(number)s evaluation", "%(number)s evaluations", rows)
        elif kind == "numbers":
            yield text.ngettext("%(number)s row", "%(number)s rows", rows)
        else:
            yield text.ngettext("%(number)s event", "%(number)s events", rows)
    if text.event.text("limited"):
        yield text.gettext("limited to the scope of the person")
    yield from phrases.size(text)


def _report_failed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s could not build %(thing)s")
    yield from phrases.reason(text, _("no reason was given"))


def _report_downloaded(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s downloaded %(thing)s")
    if start := text.number("first_byte"):
        yield text.gettext("from byte %(number)s", number=start)
    yield from phrases.size(text)


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
    Kind.MEDIA_FAILED: _media_failed,
    Kind.ASSURANCE_OPENED: _assurance_opened,
    Kind.ASSURANCE_STATED: _stated,
    Kind.STATEMENT_DOWNLOADED: _statement_downloaded,
    Kind.REPORT_REQUESTED: _report_requested,
    Kind.REPORT_BUILT: _report_built,
    Kind.REPORT_FAILED: _report_failed,
    Kind.REPORT_DOWNLOADED: _report_downloaded,
}
