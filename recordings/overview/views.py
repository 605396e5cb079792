"""Show the first page: what happened lately, what needs a look, what I watched; only what the reader's roles may see.

It names no customer, so looking at it is no event of its own.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from recordings.catalog.conditions import Search
from recordings.catalog.criteria import Criteria
from recordings.catalog.finding import count
from recordings.catalog.queries import newest_recordings
from recordings.catalog.tables import NEWEST_RECORDINGS, Table
from recordings.days import moment_of, today
from recordings.db import fetch_all
from recordings.http import Request, page
from recordings.models import RecordingState, SourceStatus, Viewing
from recordings.paging import COUNTED
from recordings.permissions import Permission
from recordings.policies import any_person, can

DAYS, WEEK = 30, 7
NEWEST, WATCHED = 8, 4
# What needs attention: label, states, note where there are some, its level.
ATTENTION = (
    (
        "Changed or vanished",
        (RecordingState.CHANGED, RecordingState.VANISHED),
        "at the source, since they were first seen",
        "warn",
    ),
    (
        "Not playable",
        (RecordingState.FILE_MISSING, RecordingState.STORAGE_REFUSED, RecordingState.NOT_PLAYABLE),
        "no file, refused by storage, or outside the allowed buckets",
        "bad",
    ),
)
_PER_DAY = """
SELECT (shown_at AT TIME ZONE 'UTC')::date, count(*)
FROM recordings_searchdoc WHERE has_recording AND shown_at >= %s AND shown_at < %s GROUP BY 1
"""
_OVERDUE = """
SELECT count(*) FROM (SELECT FROM recordings_commboxobject WHERE refresh_due_at < %s LIMIT %s) due
"""
LATE = timedelta(minutes=5)


@dataclass(frozen=True)
class Tile:
    """A figure of the overview, and where it leads."""

    label: str
    value: str
    note: str
    level: str = ""
    url: str = ""


@dataclass(frozen=True)
class Watched:
    """A viewing of mine."""

    recording_id: UUID
    started_at: datetime
    purpose: str
    spans: list[tuple[int, int]] | None
    duration_seconds: int | None
    object_id: int
    channel: str

    @property
    def seconds(self) -> int:
        """How much of the recording was on screen."""
        return sum(end - start for start, end in self.spans or []) // 1000


@require_safe
@any_person
def overview(request: Request) -> HttpResponse:
    """Show recordings to those who may search, and links to everybody else."""
    may = {right.name.lower(): can(request.user, right) for right in Permission}
    context: dict[str, Any] = {"may": may}
    if may["search_objects"]:
        days = recordings_per_day()
        context |= {
            "days": days,
            "tiles": _tiles(days),
            "newest": Table(NEWEST_RECORDINGS, newest_recordings(NEWEST)),
            "source": SourceStatus.objects.filter(pk=1).first(),
        }
    if may["play_recordings"]:
        context["watched"] = watched_by(request.user.pk)
    return page(request, "overview/overview.html", context)


def recordings_per_day() -> list[tuple[str, int]]:
    """Count the recordings of each of the last DAYS days, today last."""
    last = today()
    first = last - timedelta(days=DAYS - 1)
    edges = [moment_of(first), moment_of(last + timedelta(days=1))]
    numbers: dict[date, int] = dict(fetch_all(connection, _PER_DAY, edges))
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return [(day.isoformat(), numbers.get(day, 0)) for day in days]


def overdue_objects() -> int:
    """Count the objects that should have been refreshed minutes ago, up to one more than COUNTED."""
    with connection.cursor() as cursor:
        cursor.execute(_OVERDUE, [timezone.now() - LATE, COUNTED + 1])
        return int(cursor.fetchone()[0])


def watched_by(user_id: int) -> list[Watched]:
    """Read the newest viewings of one person. A viewing begins with the first URL that is given out."""
    rows = Viewing.objects.filter(viewer=user_id, url_issued_at__isnull=False).order_by("-started_at", "-id")
    columns = ("recording_id", "started_at", "purpose", "watched", "recording__duration_seconds")
    names = ("recording__object_id", "recording__object__stream__name")
    return [Watched(*row) for row in rows.values_list(*columns, *names)[:WATCHED]]


def _tiles(days: list[tuple[str, int]]) -> list[Tile]:
    week = sum(number for _, number in days[-WEEK:])
    since = days[-WEEK][0]
    lists = reverse("catalog:recordings")
    late = overdue_objects()
    tiles = [
        Tile("Recordings, 7 days", f"{week:,}", f"{days[-1][1]:,} today", url=f"{lists}?since={since}"),
    ]
    for title, states, note, level in ATTENTION:
        number = count(Search.for_recordings(Criteria(states=states)))
        query = urlencode([("state", state.value) for state in states])
        tiles.append(
            Tile(title, _capped(number), note, level, f"{lists}?{query}")
            if number
            else Tile(title, "0", "every recording is as it was", "ok")
        )
    tiles.append(
        Tile(
            "Refresh overdue",
            _capped(late),
            "objects that should have been refreshed by now"
            if late
            else "every object was refreshed in time",
            "warn" if late else "",
        )
    )
    return tiles


def _capped(number: int) -> str:
    return f"> {COUNTED:,}" if number > COUNTED else f"{number:,}"
