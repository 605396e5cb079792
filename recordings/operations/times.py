"""Write a time inside a sentence, where a <time> element cannot stand."""

from datetime import datetime

from django.utils import timezone

from recordings.days import today
from recordings.wording import local_day


def moment(when: datetime) -> str:
    """Write a time in the reader's zone, with the zone: "14:02 UTC"; with the date unless it is today's."""
    local = timezone.localtime(when)
    clock = f"{local:%H:%M} {timezone.get_current_timezone_name()}"
    is_today = local.date() == today(timezone.get_current_timezone())
    return clock if is_today else f"{local_day(when)} {clock}"
