"""Parse CommBox's times: UTC in several formats. An unreadable time counts as missing."""

import re
from datetime import UTC, datetime, timedelta, timezone

_CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_TAIL = r"(?:[.,:](?P<fraction>[0-9]{1,9}))?\s?(?P<half>[AaPp][Mm])?\s?(?P<zone>[Zz]|[+-][0-9]{2}:?[0-9]{2})?"
_FORMS = [
    re.compile(rf"{date}[Tt ]{_CLOCK}{_TAIL}")
    for date in (
        r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})",  # nearly everywhere
        r"(?P<day>[0-9]{2})-(?P<month>[0-9]{2})-(?P<year>[0-9]{4})",  # webhook CreateDate
        r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})",  # follow-up data, transcripts
    )
]
LONGEST = 64


def parse_time(value: object) -> datetime | None:
    """Parse a time into an aware datetime in UTC. Without a zone it is UTC; digits beyond microseconds are dropped.

    Returns None for anything unreadable, and for year 1, which .NET uses for a missing time.
    """
    if not isinstance(value, str) or len(value) > LONGEST:
        return None
    text = value.strip().removeprefix("[").removesuffix("]")
    for form in _FORMS:
        if match := form.fullmatch(text):
            return _moment(match)
    return None


def _moment(match: re.Match[str]) -> datetime | None:
    try:
        moment = datetime(
            int(match["year"]),
            int(match["month"]),
            int(match["day"]),
            _hour(match["hour"], match["half"]),
            int(match["minute"]),
            int(match["second"]),
            int((match["fraction"] or "0")[:6].ljust(6, "0")),
            tzinfo=_zone(match["zone"]),
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year > 1 else None


def _hour(text: str, half: str | None) -> int:
    hour = int(text)
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("a clock with AM and PM has twelve hours")
    return hour % 12 + (12 if half.upper() == "PM" else 0)


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
