"""Sentences about recordings: search, viewing, custody and refresh."""

from collections.abc import Callable, Iterator, Mapping

from django.utils.translation import gettext_noop as _

from recordings.audit.kinds import Kind
from recordings.trail import labels, phrases
from recordings.trail.compose import Phrase
from recordings.trail.filter_words import filters_of
from recordings.trail.phrases import EventText
from recordings.wording import clock

# --- catalog


def _searched(text: EventText) -> Iterator[Phrase]:
    area = text.event.text("area") or "objects"
    if area == "objects":
        yield text.gettext("%(actor)s searched objects")
    elif area == "recordings":
        yield text.gettext("%(actor)s searched recordings")
    elif area == "newest recordings":
        yield text.gettext("%(actor)s viewed the newest recordings")
    else:
        yield text.gettext("%(actor)s searched %(area)s", area=labels.readable(area))
    yield from phrases.typed(text)
    yield from filters_of(text)
    yield from phrases.found(text)


def _opened(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s opened %(thing)s")


def _phone_shown(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s viewed the customer's phone number of %(thing)s")


# --- viewing


def _viewing_requested(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s requested to watch %(thing)s")


def _viewing_denied(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s was refused playback of %(thing)s")
    yield from phrases.reason(text, _("the recording cannot be played"))


def _url_issued(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s was issued a URL")
    yield from phrases.life(text)


def _url_renewed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s was issued a renewed URL")
    yield from phrases.life(text)


def _url_refused(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s was refused a URL")
    yield from phrases.reason(text, _("neither storage nor CommBox provided one"))


def _download_requested(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s requested to download %(thing)s")


def _download_issued(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s was issued a download of %(thing)s")
    yield from phrases.life(text)


def _download_refused(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s was refused a download of %(thing)s")
    yield from phrases.reason(text, _("neither storage nor CommBox provided one"))


def _watched(text: EventText) -> Iterator[Phrase]:
    ranges, more = phrases.ranges(text)
    if ranges:
        yield text.gettext("%(actor)s watched %(ranges)s", ranges=ranges)
    else:
        yield text.gettext("%(actor)s watched part of the recording")
    if more:
        yield text.ngettext("and %(number)s more range", "and %(number)s more ranges", more)
    yield from phrases.speed(text)
    if (length := text.number("reported_length_seconds")) is not None:
        yield text.gettext("beyond the length of %(length)s that CommBox reports", length=clock(length))


def _watch_excess(text: EventText) -> Iterator[Phrase]:
    refused_ms = text.number("refused_ms")
    if refused_ms is None:
        yield text.gettext("The player of %(actor)s reported more watched time than can have passed")
    else:
        yield text.gettext(
            "The player of %(actor)s reported %(length)s more watched time than can have passed",
            length=clock(refused_ms // 1000),
        )
    yield text.gettext("not counted")


def _finished(text: EventText) -> Iterator[Phrase]:
    if text.event.actor.get("kind") == "system":
        yield text.gettext("%(actor)s ended a viewing of %(thing)s")
    else:
        yield text.gettext("%(actor)s finished watching")
    if (seconds := text.number("seconds")) is not None:
        yield text.gettext("%(length)s watched in total", length=clock(seconds))
    yield from phrases.reason(text)
    if (silent := text.number("unreported_seconds")) is not None:
        yield text.gettext("the player had not reported for %(length)s", length=clock(silent))


# --- custody


def _file_identified(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s saw the file of %(thing)s for the first time")
    yield from phrases.size(text)


def _file_differs(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s found that the file of %(thing)s is not the one first seen")
    yield from phrases.reason(text)


def _absence_accepted(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s confirmed that recordings missing at source no longer exist")
    number = text.event.text("recordings")
    if number.isdecimal():
        yield text.ngettext("%(number)s recording", "%(number)s recordings", int(number))


def _discovered(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s found %(thing)s at source for the first time")
    yield from phrases.size(text)


def _changed(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s found %(thing)s changed at source")
    yield from list(phrases.change(text)) or phrases.reason(text)


def _vanished(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s found %(thing)s missing at source")
    yield from phrases.reason(text)


def _reappeared(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s found %(thing)s at source again")


def _unplayable(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s marked %(thing)s as not playable")
    yield from phrases.reason(text, _("no reason was given"))


def _refresh_requested(text: EventText) -> Iterator[Phrase]:
    yield text.gettext("%(actor)s requested a refresh of %(thing)s")
    yield from phrases.reason(text)


PRESENTERS: Mapping[str, Callable[[EventText], Iterator[Phrase]]] = {
    Kind.SEARCHED: _searched,
    Kind.OBJECT_OPENED: _opened,
    Kind.RECORDING_OPENED: _opened,
    Kind.PHONE_SHOWN: _phone_shown,
    Kind.VIEWING_REQUESTED: _viewing_requested,
    Kind.VIEWING_DENIED: _viewing_denied,
    Kind.URL_ISSUED: _url_issued,
    Kind.URL_RENEWED: _url_renewed,
    Kind.URL_REFUSED: _url_refused,
    Kind.DOWNLOAD_REQUESTED: _download_requested,
    Kind.DOWNLOAD_ISSUED: _download_issued,
    Kind.DOWNLOAD_REFUSED: _download_refused,
    Kind.WATCHED: _watched,
    Kind.WATCH_EXCESS: _watch_excess,
    Kind.VIEWING_FINISHED: _finished,
    Kind.RECORDING_DISCOVERED: _discovered,
    Kind.RECORDING_CHANGED: _changed,
    Kind.RECORDING_VANISHED: _vanished,
    Kind.RECORDING_REAPPEARED: _reappeared,
    Kind.FILE_IDENTIFIED: _file_identified,
    Kind.FILE_DIFFERS: _file_differs,
    Kind.MASS_ABSENCE_ACCEPTED: _absence_accepted,
    Kind.RECORDING_UNPLAYABLE: _unplayable,
    Kind.REFRESH_REQUESTED: _refresh_requested,
}
