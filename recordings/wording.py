"""Write times, lengths, sizes and states the same on every page."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

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
_STEPS = ((60, 1, "s"), (3600, 60, "m"), (86_400, 3600, "h"), (60 * 86_400, 86_400, "d"))


def how_long_ago(when: datetime, now: datetime) -> str:
    """Write an age in its largest whole unit: "12 s ago", "2 m ago", "5 h ago", "3 d ago", then the date."""
    seconds = int((now - when).total_seconds())
    if seconds < 1:
        return "now"
    for below, unit, letter in _STEPS:
        if seconds < below:
            return f"{seconds // unit} {letter} ago"
    return when.strftime("%-d %b %Y")


def _time_element(when: datetime, attributes: str, words: str) -> SafeString:
    """Write a <time> of digits and words of our own: there is nothing to escape, and lists hold a hundred of them."""
    return SafeString(f'<time datetime="{when.isoformat()}"{attributes}>{words}</time>')


def ago(when: datetime | None) -> SafeString | str:
    """Write a <time> that says its age and, on hover, the exact moment; times.js keeps it true."""
    if when is None:
        return "never"
    exact = f' title="{when:%Y-%m-%d %H:%M:%S} UTC" data-age'
    return _time_element(when, exact, how_long_ago(when, timezone.now()))


def utc(when: datetime | None) -> SafeString | str:
    """Write a <time> to the second, UTC."""
    if when is None:
        return "not given"
    return _time_element(when, " data-utc", f"{when:%Y-%m-%d %H:%M:%S}")


def utc_minute(when: datetime | None) -> SafeString | str:
    """Write a <time> to the minute, UTC, for lists."""
    if when is None:
        return "not given"
    return _time_element(when, " data-utc", f"{when:%Y-%m-%d %H:%M}")


@lru_cache(4096, typed=True)
def clock(seconds: float | None) -> str:
    """Write a length as people say it: 0:07, 9:02, 1:02:03; what cannot be one is shown as it came."""
    if seconds is None:
        return "unknown"
    if seconds < 0:
        return f"{seconds} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def interval(every: timedelta) -> str:
    """Write how often something happens, in its largest whole unit: "10 s", "5 m", "1 h", "1 d"."""
    seconds = int(every.total_seconds())
    for unit, letter in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds % unit == 0 and seconds >= unit:
            return f"{seconds // unit} {letter}"
    return f"{seconds} s"


def size(count: int | None) -> SafeString | str:
    """Write a size in binary units, the exact bytes on hover."""
    if count is None:
        return "unknown"
    value, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(value) < 1024 or unit == "TiB":
            break
        value /= 1024
    text = f"{count} B" if unit == "B" else f"{value:.1f} {unit}"
    return format_html('<span title="{} bytes">{}</span>', f"{count:,}", text)


def tag_of(state: str) -> str:
    """Choose the tone of a recording's state: ok, warn, bad or info."""
    return TONES.get(state, "info")


def plain_id(value: Any) -> str:
    """Write an id as text: never with thousands separators."""
    return "" if value is None else str(value)
