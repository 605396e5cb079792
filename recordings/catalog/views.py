"""Search objects and recordings, and open one object. What is shown is in the trail first."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from recordings.audit import Actor, AuditUnavailable
from recordings.catalog import queries
from recordings.catalog.criteria import Criteria
from recordings.catalog.forms import SearchForm
from recordings.catalog.logs import log_opening, log_search
from recordings.catalog.queries import Line
from recordings.catalog.tables import OBJECTS, OF_ONE_OBJECT, RECORDINGS, Column, Table
from recordings.exceptions import UnknownObject
from recordings.http import Request, page
from recordings.paging import BY_TIME, Page, Start, TimeKey, start_by_time
from recordings.permissions import Permission
from recordings.policies import can, permission_required
from recordings.trail.queries import EventRow, trail_under

LIST = "catalog/list.html"
TRAIL_SHOWN = 12
_OBJECT_ID = re.compile(r"[0-9]{1,19}\Z")


@require_safe
@permission_required(Permission.SEARCH_OBJECTS)
def object_list(request: Request) -> HttpResponse:
    """Objects that match words and filters, the one with the newest recording first."""
    lede = "Conversations, the one with the newest recording first"
    return _list(request, "objects", lede, queries.objects, OBJECTS)


@require_safe
@permission_required(Permission.SEARCH_OBJECTS)
def recording_list(request: Request) -> HttpResponse:
    """Recordings of all objects, newest first, by the same words and filters."""
    lede = "Every recording of every conversation, newest first"
    return _list(request, "recordings", lede, queries.recordings, RECORDINGS)


def _list(
    request: Request,
    area: str,
    lede: str,
    search: Callable[[Criteria, Start[TimeKey]], Page[Line, TimeKey]],
    columns: Sequence[Column[Line]],
) -> HttpResponse:
    form = SearchForm(request.GET)
    context: dict[str, Any] = {"form": form, "area": area, "lede": lede, "all_url": request.path}
    if not form.is_valid():
        return page(request, LIST, context, fragment="results", status=400)
    criteria, started = form.criteria(), perf_counter()
    found = search(criteria, start_by_time(request.GET))
    took = round((perf_counter() - started) * 1000)
    logged = _log(request, area, criteria, found)
    context |= {
        "page": found,
        "table": Table(columns, found.rows),
        "logged": logged,
        **_words(found, form, area, took),
    }
    response = page(request, LIST, context, fragment="results")
    # The address to keep and to send around: htmx would write every field that was left empty.
    key = urlencode({name: request.GET[name] for name in BY_TIME if request.GET.get(name)})
    query = "&".join(filter(None, [form.query(), key]))
    response.headers["HX-Push-Url"] = request.path + (f"?{query}" if query else "")
    return response


def _log(request: Request, area: str, criteria: Criteria, found: Page[Line, TimeKey]) -> bool:
    """Whether the search is in the trail. Without it nothing is shown that was looked for by somebody's words."""
    try:
        log_search(by=Actor.from_request(request), area=area, criteria=criteria, page=found)
    except AuditUnavailable:
        if criteria.words.strip():
            raise
        return False
    return True


@require_safe
@permission_required(Permission.OPEN_OBJECTS)
def object_page(request: Request, object_id: str) -> HttpResponse:
    """One object: who, where, when, and its recordings; for those who may, its trail."""
    found = queries.object_of(int(object_id)) if _OBJECT_ID.match(object_id) else None
    if found is None:
        raise UnknownObject
    log_opening(by=Actor.from_request(request), thing=found.thing)
    number, lines = queries.recordings_of(found.thing.pk)
    may_read_trail = can(request.user, Permission.READ_TRAIL)
    events = trail_under(found.thing.pk, TRAIL_SHOWN, viewer=request.user) if may_read_trail else []
    context = {
        "object": found,
        "recordings": lines,
        "table": Table(OF_ONE_OBJECT, lines),
        "number": number,
        "may_play": can(request.user, Permission.PLAY_RECORDINGS),
        "may_refresh": can(request.user, Permission.REFRESH_CATALOG),
        "may_read_trail": may_read_trail,
        "events": [_without(event, f"object {found.thing.pk}") for event in events],
    }
    return page(request, "catalog/object.html", context, fragment="recordings")


def _without(event: EventRow, words: str) -> EventRow:
    """The event, not saying again what it is about on the page of that very thing."""
    return replace(event, about=tuple(part for part in event.about if part.text != words))


def _words(found: Page[Line, TimeKey], form: SearchForm, area: str, took: int) -> dict[str, Any]:
    """The honest words about how much there is, and the links to more."""
    noun = area if found.capped or found.count != 1 else area[:-1]
    shown = len(found.rows)
    some = "All" if shown == found.count and not found.capped else f"{shown:,} of"
    return {
        "total": f"{found.total} {noun}",
        "shown": f"{some} {found.total} {noun} · {took} ms",
        **found.urls(BY_TIME, form.query()),
    }
