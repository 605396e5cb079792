"""Show the overview: recent recordings, figures and the reader's viewings, as far as the reader may see them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from recordings.audit import Actor, AuditUnavailable, Kind, Purpose, record_once
from recordings.catalog.queries import CatalogLine, newest_recordings
from recordings.catalog.tables import NEWEST_RECORDINGS, NEWEST_WITH_CUSTOMER, Table
from recordings.days import moment_of, today, written_day
from recordings.db import Where, fetch_all
from recordings.http import Request, page
from recordings.models import SourceStatus, Viewing
from recordings.overview.first_steps import first_steps
from recordings.overview.tiles import tiles
from recordings.overview.work import work_of
from recordings.permissions import Permission
from recordings.policies import any_person, can, reach
from recordings.reach import Reach
from recordings.refresh.source_health import source_health

DAYS = 30
NEWEST, WATCHED = 8, 4
_PER_DAY = """
SELECT width_bucket(d.shown_at, %s::timestamptz[]), count(*)
FROM recordings_searchdoc d {where} GROUP BY 1
"""


@dataclass(frozen=True)
class Watched:
    """A viewing of the reader."""

    recording_id: UUID
    started_at: datetime
    purpose: str
    spans: list[tuple[int, int]] | None
    duration_seconds: int | None
    object_id: int
    channel: str

    @property
    def seconds(self) -> int:
        """How many seconds of the recording were watched."""
        return sum(end - start for start, end in self.spans or []) // 1000

    @property
    def purpose_label(self) -> str:
        return str(Purpose(self.purpose).label)


@require_safe
@any_person
def overview(request: Request) -> HttpResponse:
    """Show recordings to those who may search, and figures and links to everyone.

    An open page loads the figures again. They name no customer, so that writes no event. `seen` is the recording that
    the page lists first.
    """
    may = {right.name.lower(): can(request.user, right) for right in Permission}
    status = SourceStatus.objects.filter(pk=1).first()
    reach_of = partial(reach, request.user)
    listed = reach_of(Permission.SEARCH_OBJECTS)
    days = recordings_per_day(listed) if may["search_objects"] else []
    context: dict[str, Any] = {
        "may": may,
        "source": status,
        "days": [(written_day(day), number) for day, number in days],
        "tiles": work_of(request.user, reach_of) + tiles(reach_of, days, source_health(status)),
    }
    if may["view_operations"] and not request.htmx:
        context["first_steps"] = first_steps(status)
    if may["play_recordings"]:
        context["watched"] = watched_by(request.user.pk, reach_of(Permission.PLAY_RECORDINGS))
    if may["search_objects"]:
        lines = newest_recordings(listed, NEWEST)
        newest = str(lines[0].recording_id) if lines else ""
        context["seen"] = request.GET.get("seen", "") if request.htmx else newest
        context["has_newer"] = context["seen"] != newest
        if not request.htmx:
            context["newest"] = _newest_table(request, lines)
    return page(request, "overview/overview.html", context, fragment="now")


def _newest_table(request: Request, lines: list[CatalogLine]) -> Table[CatalogLine]:
    """List the newest recordings, with their customers if that can be recorded in the trail."""
    try:
        if lines:
            facts = {"area": "newest recordings", "found": len(lines)}
            record_once(
                Kind.SEARCHED, by=Actor.from_request(request), act={"area": facts["area"]}, detail=facts
            )
    except AuditUnavailable:
        return Table(NEWEST_RECORDINGS, lines)
    return Table(NEWEST_WITH_CUSTOMER, lines)


def recordings_per_day(reach: Reach) -> list[tuple[date, int]]:
    """Count the recordings in reach of each of the last DAYS days in the reader's time zone, today last.

    A day may have 23 or 25 hours, so each one is counted between its own edges.
    """
    zone = timezone.get_current_timezone()
    first = today(zone) - timedelta(days=DAYS - 1)
    days = [first + timedelta(days=number) for number in range(DAYS + 1)]
    edges = [moment_of(day, zone=zone) for day in days]
    within = Where("d.has_recording AND d.shown_at >= %s AND d.shown_at < %s", (edges[0], edges[-1]))
    where = within & reach.where("d")
    statement = _PER_DAY.format(where=where.clause())
    numbers: dict[int, int] = dict(fetch_all(connection, statement, [edges, *where.values]))
    return [(day, numbers.get(place, 0)) for place, day in enumerate(days[:-1], 1)]


def watched_by(user_id: int, reach: Reach) -> list[Watched]:
    """Read the newest viewings of a person, of recordings in reach. A viewing starts with its first issued URL."""
    begun = Viewing.objects.filter(viewer=user_id, url_issued_at__isnull=False)
    rows = begun.filter(reach.q("recording__object__")).order_by("-started_at", "-id")
    columns = ("recording_id", "started_at", "purpose", "watched", "recording__duration_seconds")
    names = ("recording__object_id", "recording__object__stream__name")
    return [Watched(*row) for row in rows.values_list(*columns, *names)[:WATCHED]]
