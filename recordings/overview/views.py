"""Show the first page: what happened lately, what needs a look, what I watched; what the reader may see."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from recordings.audit import Actor, AuditUnavailable, Kind, record_once
from recordings.catalog.queries import CatalogLine, newest_recordings
from recordings.catalog.tables import NEWEST_RECORDINGS, NEWEST_WITH_CUSTOMER, Table
from recordings.days import moment_of, today
from recordings.db import fetch_all
from recordings.http import Request, page
from recordings.models import SourceStatus, Viewing
from recordings.overview.tiles import tiles
from recordings.permissions import Permission
from recordings.policies import any_person, can
from recordings.refresh.source_health import source_health

DAYS = 30
NEWEST, WATCHED = 8, 4
_PER_DAY = """
SELECT (shown_at AT TIME ZONE 'UTC')::date, count(*)
FROM recordings_searchdoc WHERE has_recording AND shown_at >= %s AND shown_at < %s GROUP BY 1
"""


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
    """Show recordings to those who may search, and figures and links to everybody.

    The figures are fetched again while the page stays open. That names no customer, so it writes no event; `seen` tells
    which recording the page lists first.
    """
    may = {right.name.lower(): can(request.user, right) for right in Permission}
    status = SourceStatus.objects.filter(pk=1).first()
    days = recordings_per_day() if may["search_objects"] else []
    context: dict[str, Any] = {
        "may": may,
        "source": status,
        "days": days,
        "tiles": tiles(partial(can, request.user), days, source_health(status)),
    }
    if may["play_recordings"]:
        context["watched"] = watched_by(request.user.pk)
    if may["search_objects"]:
        lines = newest_recordings(NEWEST)
        newest = str(lines[0].recording_id) if lines else ""
        context["seen"] = request.GET.get("seen", "") if request.htmx else newest
        context["has_newer"] = context["seen"] != newest
        if not request.htmx:
            context["newest"] = _newest_table(request, lines)
    return page(request, "overview/overview.html", context, fragment="now")


def _newest_table(request: Request, lines: list[CatalogLine]) -> Table[CatalogLine]:
    """List the newest recordings with their customers, or without while that cannot be recorded."""
    try:
        if lines:
            facts = {"area": "newest recordings", "found": len(lines)}
            record_once(
                Kind.SEARCHED, by=Actor.from_request(request), act={"area": facts["area"]}, detail=facts
            )
    except AuditUnavailable:
        return Table(NEWEST_RECORDINGS, lines)
    return Table(NEWEST_WITH_CUSTOMER, lines)


def recordings_per_day() -> list[tuple[str, int]]:
    """Count the recordings of each of the last DAYS days, today last."""
    last = today()
    first = last - timedelta(days=DAYS - 1)
    edges = [moment_of(first), moment_of(last + timedelta(days=1))]
    numbers: dict[date, int] = dict(fetch_all(connection, _PER_DAY, edges))
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return [(day.isoformat(), numbers.get(day, 0)) for day in days]


def watched_by(user_id: int) -> list[Watched]:
    """Read the newest viewings of one person. A viewing begins with the first URL that is given out."""
    rows = Viewing.objects.filter(viewer=user_id, url_issued_at__isnull=False).order_by("-started_at", "-id")
    columns = ("recording_id", "started_at", "purpose", "watched", "recording__duration_seconds")
    names = ("recording__object_id", "recording__object__stream__name")
    return [Watched(*row) for row in rows.values_list(*columns, *names)[:WATCHED]]
