"""The functions of recordings/wording.py as template filters."""

from django import template

from recordings import wording

register = template.Library()

for _function in (
    wording.ago,
    wording.moment,
    wording.moment_minute,
    wording.time_of_day,
    wording.moment_and_utc,
    wording.utc,
    wording.utc_minute,
    wording.clock,
    wording.interval,
    wording.size,
    wording.tag_of,
    wording.plain_id,
    wording.stored,
):
    register.filter(_function.__name__, _function)
