"""Search objects and recordings, and open one object. What is shown is in the trail first."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from recordings.audit import Actor, AuditUnavailable, Kind, Target
from recordings.audit.reading import check_open
from recordings.catalog import queries
from recordings.catalog.criteria import NO_RECORDING
from recordings.catalog.forms import SearchForm
from recordings.catalog.logs import record_opening, record_phone_shown, record_search
from recordings.catalog.queries import CatalogLine, OpenedObject
from recordings.catalog.tables import OBJECTS, OF_ONE_OBJECT, RECORDINGS, Column, Table
from recordings.catalog.text import watermark_in
from recordings.concurrency import two_at_once
from recordings.days import Period
from recordings.exceptions import UnknownObject
from recordings.http import Request, is_poll, page
from recordings.paging import BY_TIME, Page, TimeKey, start_by_time
from recordings.permissions import Permission
from recordings.policies import can, permission_required
from recordings.trail.queries import trail_under

LIST = "catalog/list.html"
SEARCH_LABELS = {"objects": "Search objects", "recordings": "Search recordings"}
TRAIL_SHOWN = 12
FURTHER = "further"  # in an address: look at everything, however long it takes
_OBJECT_ID = re.compile(r"[0-9]{1,19}\Z")


@require_safe
@permission_required(Permission.SEARCH_OBJECTS)
@two_at_once
def object_list(request: Request) -> HttpResponse:
    """List objects that match words and filters, the one with the newest recording first.

    Without words they are those with a recording; the others have a filter of their own.
    """
    lede = "Conversations with a recording, the newest first; words also find those without one"
    return _search_list(request, "objects", lede, queries.objects_page, OBJECTS)


@require_safe
@permission_required(Permission.SEARCH_OBJECTS)
@two_at_once
def recording_list(request: Request) -> HttpResponse:
    """List recordings of all objects, newest first, by the same words and filters."""
    lede = "Every recording of every conversation, newest first"
    return _search_list(request, "recordings", lede, queries.recordings_page, RECORDINGS)


def _search_list(
    request: Request,
    area: str,
    lede: str,
    search: Callable[..., Page[CatalogLine, TimeKey]],
    columns: Sequence[Column[CatalogLine]],
) -> HttpResponse:
    form = SearchForm(request.GET)
    context: dict[str, Any] = {
        "form": form,
        "area": area,
        "label": SEARCH_LABELS[area],
        "lede": lede,
        "all_url": request.path,
        "periods": list(Period),
    }
    if not form.is_valid():
        return page(request, LIST, context, fragment="results", status=400)
    criteria, started = form.criteria(), perf_counter()
    # A first answer comes soon, and asks for the rest by itself where it could not look at everything.
    results = search(criteria, start_by_time(request.GET), patient=FURTHER in request.GET)
    took = round((perf_counter() - started) * 1000)

    # Without an event nothing is shown that was searched for by somebody's words; a plain list says that it is missing.
    logged = True
    try:
        record_search(by=Actor.from_request(request), area=area, criteria=criteria, page=results)
    except AuditUnavailable:
        if criteria.words.strip():
            raise
        logged = False

    # The address to keep and to send around: htmx would write every field that was left empty.
    key = urlencode({name: request.GET[name] for name in BY_TIME if request.GET.get(name)})
    query = "&".join(filter(None, [form.query(), key]))
    noun = area if results.capped or results.count != 1 else area[:-1]
    opened_from = f"?{urlencode({queries.LIST_PARAMETER: form.query()})}"
    lines = [replace(line, opened_from=opened_from) for line in results.rows]
    others = "&".join(filter(None, [form.query(), urlencode({"state": NO_RECORDING})]))
    shown = len(results.rows)
    some = "All" if shown == results.count and not results.capped else f"{shown:,} of"
    so_far = f"{results.total} {noun} so far" if results.looked_back_to else ""
    context |= {
        "page": results,
        "table": Table(columns, lines),
        "logged": logged,
        "trail_url": _trail_url(request, criteria.words) if results.hint else "",
        "others_url": f"?{others}" if area == "objects" and not criteria.states else "",
        "further_url": f"{request.path}?{query}&{FURTHER}=1" if results.looked_back_to else "",
        "total": so_far or f"{results.total} {noun}",
        "shown": f"{so_far or f'{some} {results.total} {noun}'} · {took} ms",
        **results.urls(BY_TIME, form.query()),
    }
    response = page(request, LIST, context, fragment="results")
    response.headers["HX-Push-Url"] = request.path + (f"?{query}" if query else "")
    return response


def _trail_url(request: Request, words: str) -> str:
    """Where a viewing is found by its watermark; nothing for other words and for those who may not read the trail."""
    watermark = watermark_in(words)
    may_read = watermark and can(request.user, Permission.READ_TRAIL)
    return f"{reverse('trail:trail')}?{urlencode({'q': watermark})}" if may_read else ""


@require_safe
@permission_required(Permission.OPEN_OBJECTS)
def object_page(request: Request, object_id: str) -> HttpResponse:
    """Show one object: who, where, when, and its recordings; for those who may, its trail."""
    opened, by = _object_or_404(object_id), Actor.from_request(request)
    if is_poll(request):
        check_open(Kind.OBJECT_OPENED, by=by, target=Target.of(opened.thing))
    else:
        record_opening(by=by, thing=opened.thing)
    return page(request, "catalog/object.html", _object_context(request, opened), fragment="recordings")


@require_POST
@permission_required(Permission.OPEN_OBJECTS)
def show_phone(request: Request, object_id: str) -> HttpResponse:
    """Show the customer's phone number in full, which is an event of its own."""
    opened, by = _object_or_404(object_id), Actor.from_request(request)
    record_phone_shown(by=by, thing=opened.thing)
    if request.htmx:
        return page(request, "catalog/object.html", {"object": opened, "phone_shown": True}, fragment="phone")
    record_opening(by=by, thing=opened.thing)
    context = {**_object_context(request, opened), "phone_shown": True}
    return page(request, "catalog/object.html", context)


def _object_or_404(object_id: str) -> OpenedObject:
    """The object of this number. Raises UnknownObject."""
    opened = queries.object_of(int(object_id)) if _OBJECT_ID.match(object_id) else None
    if opened is None:
        raise UnknownObject
    return opened


def _object_context(request: Request, opened: OpenedObject) -> dict[str, Any]:
    number, lines = queries.recordings_of(opened.thing.pk)
    may_read_trail = can(request.user, Permission.READ_TRAIL)
    events = trail_under(opened.thing.pk, TRAIL_SHOWN, viewer=request.user) if may_read_trail else []
    # An event does not say again what it is about on the page of that very object.
    itself = f"object {opened.thing.pk}"
    return {
        "object": opened,
        "recordings": lines,
        "table": Table(OF_ONE_OBJECT, lines),
        "number": number,
        "may_play": can(request.user, Permission.PLAY_RECORDINGS),
        "may_refresh": can(request.user, Permission.REFRESH_CATALOG),
        "may_read_trail": may_read_trail,
        "events": [
            replace(event, about=tuple(part for part in event.about if part.text != itself))
            for event in events
        ],
    }
