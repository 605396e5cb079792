"""Write times, lengths, sizes and states the same on every page, in the reader's language and time zone."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from django.utils import timezone, translation
from django.utils.formats import get_format
from django.utils.functional import Promise, lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext


def gettext_noop(message: str) -> str:
    """Mark a message for translation. Django's own function needs settings, and libraries work without them."""
    return message


TONES = {
    "playable": "ok",
    "changed_at_source": "warn",
    "vanished_at_source": "bad",
    "file_missing": "bad",
    "storage_refused": "bad",
    "not_playable": "warn",
    "unchanged": "ok",
    "differs": "bad",
}
# How days and times are written where auditportal/formats/ has nothing else for a language: ISO 8601 reads the same
# in London and in New York.
_ISO = {"DAY": "%Y-%m-%d", "MINUTE": "%Y-%m-%d %H:%M", "SECOND": "%Y-%m-%d %H:%M:%S"}
# Below so many seconds, an age is written in this unit.
_AGES = (
    (60, 1, gettext_noop("%(number)s s ago")),
    (3600, 60, gettext_noop("%(number)s m ago")),
    (86_400, 3600, gettext_noop("%(number)s h ago")),
    (60 * 86_400, 86_400, gettext_noop("%(number)s d ago")),
)
_INTERVALS = (
    (86_400, gettext_noop("%(number)s d")),
    (3600, gettext_noop("%(number)s h")),
    (60, gettext_noop("%(number)s m")),
    (1, gettext_noop("%(number)s s")),
)


def in_english(text: str | Promise) -> str:
    """Return the English of a text that may be translated: what is stored must not depend on who stored it."""
    with translation.override("en"):
        return str(text)


def filled(message: str | Promise, **values: object) -> Promise:
    """Fill the named places of a message when it is shown, in the language of whoever reads it then."""
    text: Any = lazy(lambda: str(message) % values, str)()
    return cast("Promise", text)


def stored(text: str | Promise) -> str:
    """Translate an English text that was stored: the whole of it, or each of its sentences that is a known message.

    Numbers may stand in a message as %(n1)s, %(n2)s and so on, in the order of the English text.
    """
    text = str(text)
    if not text or (translated := gettext(text)) != text:
        return translated if text else ""
    numbers = _NUMBER.findall(text)
    places = iter(range(1, len(numbers) + 1))
    message = _NUMBER.sub(lambda _: f"%(n{next(places)})s", text)
    if numbers and (translated := gettext(message)) != message:
        return translated % {f"n{place}": number for place, number in enumerate(numbers, 1)}
    sentences = _SENTENCE_END.split(text)
    return " ".join(map(stored, sentences)) if len(sentences) > 1 else text


_NUMBER = re.compile(r"[0-9]+")
_SENTENCE_END = re.compile(r"(?<=\.) (?=[A-Z])")


def how_long_ago(when: datetime, now: datetime) -> str:
    """Write an age in its largest whole unit: "12 s ago", "2 m ago", "5 h ago", "3 d ago", then the local date."""
    seconds = int((now - when).total_seconds())
    if seconds < 1:
        return pgettext("age", "now")
    for below, unit, words in _AGES:
        if seconds < below:
            return gettext(words) % {"number": seconds // unit}
    return local_day(when)


def local_day(when: datetime) -> str:
    """Write the day in the reader's time zone, as their language writes days: 2026-11-20, 20.11.2026."""
    return _local(when, "DAY")


def _local(when: datetime, style: str) -> str:
    own = get_format(style)
    return f"{timezone.localtime(when):{_ISO[style] if own == style else own}}"


def _time_element(when: datetime, attributes: str, words: str) -> SafeString:
    """Write a <time> of digits and words of our own: there is nothing to escape, and lists hold a hundred of them."""
    return SafeString(  # markup: digits, and words of ours
        f'<time datetime="{when.isoformat()}"{attributes}>{words}</time>'
    )


def _exact(when: datetime) -> str:
    return f' title="{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"'


def ago(when: datetime | None) -> SafeString | str:
    """Write a <time> that says its age and, on hover, the exact moment; times.js keeps it true."""
    if when is None:
        return gettext("never")
    return _time_element(when, f"{_exact(when)} data-age", how_long_ago(when, timezone.now()))


def moment(when: datetime | None) -> SafeString | str:
    """Write a <time> to the second in the reader's time zone, with UTC on hover."""
    return _local_element(when, "SECOND")


def moment_minute(when: datetime | None) -> SafeString | str:
    """Write a <time> to the minute in the reader's time zone, with UTC on hover."""
    return _local_element(when, "MINUTE")


def _local_element(when: datetime | None, style: str) -> SafeString | str:
    if when is None:
        return gettext("not given")
    return _time_element(when, _exact(when), _local(when, style))


def time_of_day(when: datetime) -> SafeString:
    """Write a <time> of hours and minutes in the reader's time zone, with the day and UTC on hover."""
    return _time_element(when, _exact(when), f"{timezone.localtime(when):%H:%M}")


def utc(when: datetime | None) -> SafeString | str:
    """Write a <time> to the second in UTC, the same in every language: what evidence says."""
    return _utc(when, "%Y-%m-%d %H:%M:%S")


def utc_minute(when: datetime | None) -> SafeString | str:
    """Write a <time> to the minute in UTC, the same in every language."""
    return _utc(when, "%Y-%m-%d %H:%M")


def _utc(when: datetime | None, precision: str) -> SafeString | str:
    if when is None:
        return gettext("not given")
    return _time_element(when, " data-utc", f"{when.astimezone(UTC):{precision}}")


def moment_and_utc(when: datetime) -> SafeString:
    """Write a <time> in the reader's time zone and, below it, in UTC, as evidence has it."""
    in_utc = f"{utc(when)} UTC"
    if timezone.get_current_timezone_name() == "UTC":
        return SafeString(in_utc)  # markup: a time
    return SafeString(f'{moment(when)}<span class="sub">{in_utc}</span>')  # markup: two times


def clock(seconds: float | None) -> str:
    """Write a length as people say it: 0:07, 9:02, 1:02:03; what cannot be one is shown as it came."""
    return gettext("unknown") if seconds is None else _clock(seconds)


@lru_cache(4096, typed=True)
def _clock(seconds: float) -> str:
    if seconds < 0:
        return f"{seconds} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def interval(every: timedelta) -> str:
    """Write how often something happens, in its largest whole unit: "10 s", "5 m", "1 h", "1 d"."""
    seconds = int(every.total_seconds())
    unit, words = next(
        (step for step in _INTERVALS if seconds % step[0] == 0 and seconds >= step[0]), _INTERVALS[-1]
    )
    return gettext(words) % {"number": seconds // unit}


def size(count: int | None) -> SafeString | str:
    """Write a size in binary units, the exact bytes on hover."""
    if count is None:
        return gettext("unknown")
    value, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(value) < 1024 or unit == "TiB":
            break
        value /= 1024
    text = f"{count} B" if unit == "B" else f"{value:.1f} {unit}"
    return format_html(
        '<bdi dir="ltr" title="{}">{}</bdi>', gettext("%(number)s bytes") % {"number": f"{count:,}"}, text
    )


def tag_of(state: str) -> str:
    """Choose the tone of a recording's state: ok, warn, bad or info."""
    return TONES.get(state, "info")


def plain_id(value: object) -> str:
    """Write an id as text: never with thousands separators."""
    return "" if value is None else str(value)
