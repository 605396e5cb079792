"""Compare the recording rate of each channel with its own past.

CommBox does not report that a call took place: activity type 27 exists once a recording does, and no other documented
activity means a call. A conversation without a recording may be a call that was not recorded, or no call at all. In a
channel that has recorded nearly all of its conversations, one without a recording counts as missing. In other channels
only the recording rate is monitored, and a drop is flagged.

A day is compared with the eight weeks before its calendar month (UTC). So neither missing recordings nor drops depend
on the days that a person looks at, and the map agrees with the statement of the month.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import exp, fsum, lgamma, log, log1p

from django.conf import settings
from django.db import connection
from django.utils import timezone

from recordings.assurance.classified import MissingIn
from recordings.assurance.window import BEFORE, Window
from recordings.days import moment_of, today
from recordings.db import fetch_all

VIDEO_MODULE = 26
# A channel records nearly all conversations when it recorded this share of at least so many before the month.
NEARLY_ALL, ENOUGH = 0.95, 20
# A rate is a drop when chance alone would give so few recordings in less than one of 2,000 cases.
CHANCE = 1 / 2000
WEEK, SHOWN = 7, 3

# Each object has one search row marked `newest`: on the day of its newest recording, or the day it began.
_PER_DAY = """
SELECT d.stream_id, (d.shown_at AT TIME ZONE 'UTC')::date, count(*), count(*) FILTER (WHERE d.has_recording)
FROM recordings_searchdoc d JOIN recordings_stream s ON s.id = d.stream_id
WHERE d.newest AND d.shown_at >= %s AND d.shown_at < %s AND (s.module_id = %s OR d.has_recording)
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Share:
    """A number of conversations, and how many of them had a recording."""

    conversations: int = 0
    recorded: int = 0

    def __add__(self, other: "Share") -> "Share":
        return Share(self.conversations + other.conversations, self.recorded + other.recorded)

    @property
    def percent(self) -> int | None:
        return round(100 * self.recorded / self.conversations) if self.conversations else None

    @property
    def nearly_all(self) -> bool:
        return self.conversations >= ENOUGH and self.recorded >= NEARLY_ALL * self.conversations


def is_drop(now: Share, past: Share) -> bool:
    """Return whether a share is significantly below the past. False when there are too few conversations to compare.

    One conversation of each kind is added to the past, so that one miss after a perfect past is not a drop.
    """
    if past.conversations < ENOUGH or not now.conversations:
        return False
    usual = (past.recorded + 1) / (past.conversations + 2)
    return chance_of_at_most(now.recorded, now.conversations, usual) < CHANCE


def chance_of_at_most(recorded: int, conversations: int, usual: float) -> float:
    """Compute the probability of so few recordings or fewer: the lower tail of the binomial distribution.

    Exact, because a normal approximation flags far too many drops when the usual rate is near 1.
    """
    terms = (
        lgamma(conversations + 1)
        - lgamma(k + 1)
        - lgamma(conversations - k + 1)
        + k * log(usual)
        + (conversations - k) * log1p(-usual)
        for k in range(recorded + 1)
    )
    return fsum(map(exp, terms))


@dataclass(frozen=True)
class Channel:
    """The shares of a channel: before each month of the window, in its last week, and on days with a drop.

    `before` has a key for the first day of each month.
    """

    stream_id: int
    before: dict[date, Share]
    week: Share
    drops: list[tuple[date, Share]] = field(default_factory=list)

    @property
    def past(self) -> Share:
        """Before the newest month of the window."""
        return self.before[max(self.before)]

    @property
    def counts_missing(self) -> bool:
        """Return whether a conversation of the newest month without a recording counts as missing."""
        return self.past.nearly_all

    @property
    def months_with_missing(self) -> list[date]:
        """Return the months in which a conversation without a recording counts as missing."""
        return [month for month, past in self.before.items() if past.nearly_all]

    @property
    def last_drops(self) -> list[tuple[date, Share]]:
        """The newest days with a drop, as many as a table cell shows."""
        return self.drops[: -SHOWN - 1 : -1]

    @property
    def more_drops(self) -> int:
        return max(0, len(self.drops) - SHOWN)

    @property
    def trend(self) -> str:
        """Return "few" when there are too few conversations to compare, else "drop" or "usual"."""
        if self.past.conversations < ENOUGH:
            return "few"
        return "drop" if is_drop(self.week, self.past) or self.drops else "usual"


def channels(window: Window) -> list[Channel]:
    """Compare each video channel of a window with the weeks before its months, ordered by id. One query."""
    # Conversations of the last minutes may still be in progress, so they are left out.
    until = min(window.ends_at, timezone.now() - settings.ASSURANCE_LATE)
    months = sorted({day.replace(day=1) for day in window.days})
    rows = fetch_all(connection, _PER_DAY, [moment_of(months[0]) - BEFORE, until, VIDEO_MODULE])
    shares_of: dict[int, dict[date, Share]] = {}
    for stream_id, day, conversations, recorded in rows:
        shares_of.setdefault(stream_id, {})[day] = Share(conversations, recorded)

    week_begins = min(window.last, today()) - timedelta(days=WEEK - 1)
    compared = []
    for stream_id, days in sorted(shares_of.items()):
        before = {
            month: sum((share for day, share in days.items() if month - BEFORE <= day < month), Share())
            for month in months
        }
        week = sum((share for day, share in days.items() if day >= week_begins), Share())
        drops = [
            (day, share)
            for day, share in sorted(days.items())
            if day >= window.since and is_drop(share, before[day.replace(day=1)])
        ]
        compared.append(Channel(stream_id, before, week, drops))
    return compared


def where_missing_counts(known: Iterable[Channel]) -> MissingIn:
    """Return the channels and months in which a closed conversation without a recording counts as missing."""
    return [(channel.stream_id, month) for channel in known for month in channel.months_with_missing]
