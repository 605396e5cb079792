"""Read the moments that people type: 1:23, 1:23–1:40 or 83."""

import re

from django.utils.translation import gettext_lazy as _

from recordings.exceptions import PortalError
from recordings.models import Recording
from recordings.wording import clock

_CLOCK = r"(?:(?:([0-9]{1,2}):)?([0-9]{1,3}):)?([0-9]{1,6})"
_MOMENT = re.compile(rf"\s*{_CLOCK}\s*(?:[-–]\s*{_CLOCK}\s*)?")


class NotAMoment(PortalError):
    """The text is no second or range of the recording."""

    status = 422
    sentence = _("Write a moment such as 1:23, or a range such as 1:23-1:40.")


BEYOND = _("The recording is shorter than that.")


def read_moment(text: str, recording: Recording) -> tuple[int, int]:
    """Return start and end of a second or range in milliseconds. Raises NotAMoment."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise NotAMoment
    start = _seconds(*match.groups()[:3])
    end = _seconds(*match.groups()[3:]) if match[6] else start
    if end < start:
        raise NotAMoment
    if recording.duration_seconds and end > recording.duration_seconds:
        raise NotAMoment(BEYOND)
    return start * 1000, end * 1000


def moment_in_words(start_ms: int, end_ms: int) -> str:
    """Write a second as 1:23, a range as 1:23–1:40."""
    ends = dict.fromkeys([clock(start_ms // 1000), clock(end_ms // 1000)])
    return "–".join(ends)


def _seconds(hours: str | None, minutes: str | None, seconds: str) -> int:
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds)
