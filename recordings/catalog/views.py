"""Search objects and recordings, and show an object. Each is recorded in the trail before it is shown."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from recordings.audit import Actor, AuditUnavailable, Kind, Target
from recordings.audit.reading import check_open
from recordings.catalog import list_words, queries
from recordings.catalog.class_views import class_context
from recordings.catalog.criteria import NO_RECORDING
from recordings.catalog.forms import SearchForm
from recordings.catalog.list_words import ListWords
from recordings.catalog.logs import record_opening, record_phone_shown, record_search
from recordings.catalog.masks import UnmaskForm
from recordings.catalog.object_list import ObjectList
from recordings.catalog.queries import CatalogLine, OpenedObject
from recordings.catalog.tables import OBJECTS, RECORDINGS, Column, Table, object_url, of_one_object
from recordings.catalog.text import watermark_in
from recordings.concurrency import two_at_once
from recordings.days import Period
from recordings.exceptions import UnknownObject
from recordings.http import Request, is_poll, page
from recordings.paging import BY_TIME, Page, TimeKey, start_by_time
from recordings.permissions import Permission
from recordings.policies import can, can_use, permission_required, reach, refuse, usable
from recordings.trail.queries import trail_under

LIST = "catalog/list.html"
TRAIL_SHOWN = 12
FURTHER = "further"  # in an address: look at everything, however long that takes
_OBJECT_ID = re.compile(r"[0-9]{1,19}\Z")


@require_safe
@permission_required(Permission.SEARCH_OBJECTS)
@two_at_once
def object_list(request: Request) -> HttpResponse:
    """List the objects that match words and filters, the one with the newest recording first.

    Without words, these are objects with a recording. A filter finds the others.
    """
    return _search_list(request, "objects", list_words.OBJECTS, queries.objects_page, OBJECTS)


@require_safe
@permission_required(Permission.SEARCH_OBJECTS)
@two_at_once
def recording_list(request: Request) -> HttpResponse:
    """List recordings of all objects, newest first, by the same words and filters."""
    return _search_list(request, "recordings", list_words.RECORDINGS, queries.recordings_page, RECORDINGS)


def _search_list(
    request: Request,
    area: str,
    words: ListWords,
    search: Callable[..., Page[CatalogLine, TimeKey]],
    columns: Sequence[Column[CatalogLine]],
) -> HttpResponse:
    in_reach = reach(request.user, Permission.SEARCH_OBJECTS)
    form = SearchForm(request.GET, in_reach)
    context: dict[str, Any] = {
        "form": form,
        "area": area,
        "words": words,
        "all_url": request.path,
        "periods": list(Period),
    }
    if not form.is_valid():
        return page(request, LIST, context, fragment="results", status=400)
    criteria, started = form.criteria(), perf_counter()
    # The first response comes soon. If it could not look at everything, it requests the rest.
    results = search(criteria, in_reach, start_by_time(request.GET), patient=FURTHER in request.GET)
    took = round((perf_counter() - started) * 1000)

    # A search for words is not shown without its event. A list without words is shown, and says that it is not logged.
    logged = True
    try:
        record_search(by=Actor.from_request(request), area=area, criteria=criteria, page=results)
    except AuditUnavailable:
        if criteria.words.strip():
            raise
        logged = False

    # The address for the browser: htmx would include every empty field.
    key = urlencode({name: request.GET[name] for name in BY_TIME if request.GET.get(name)})
    query = "&".join(filter(None, [form.query(), key]))
    parameter = queries.OBJECTS_PARAMETER if area == "objects" else queries.LIST_PARAMETER
    opened_from = f"?{urlencode({parameter: form.query()})}"
    lines = [replace(line, opened_from=opened_from) for line in results.rows]
    others = "&".join(filter(None, [form.query(), urlencode({"state": NO_RECORDING})]))
    context |= {
        "page": results,
        "table": Table(columns, lines),
        "logged": logged,
        "trail_url": _trail_url(request, criteria.words) if results.hint else "",
        "others_url": f"?{others}" if area == "objects" and not criteria.states else "",
        "further_url": f"{request.path}?{query}&{FURTHER}=1" if results.looked_back_to else "",
        "total": words.count_of(results),
        "shown": " · ".join([words.shown_of(results), gettext("%(number)s ms") % {"number": f"{took:,}"}]),
        **results.urls(BY_TIME, form.query()),
    }
    response = page(request, LIST, context, fragment="results")
    response.headers["HX-Push-Url"] = request.path + (f"?{query}" if query else "")
    return response


def _trail_url(request: Request, words: str) -> str:
    """Return the address where the trail shows a viewing, if the words are its watermark and the person may read it."""
    watermark = watermark_in(words)
    may_read = watermark and can(request.user, Permission.READ_TRAIL)
    return f"{reverse('trail:trail')}?{urlencode({'q': watermark})}" if may_read else ""


def object_or_404(request: Request, object_id: str) -> OpenedObject:
    """Return the object with this number, if the person may open it. Raises UnknownObject and BeyondLevel."""
    if not _OBJECT_ID.match(object_id):
        raise UnknownObject
    opened, target = queries.object_of(int(object_id)), Target("object", f"object:{int(object_id)}")
    return usable(request, Permission.OPEN_OBJECTS, opened, target=target, unknown=UnknownObject())


def _refuse_object(request: Request, object_id: str) -> None:
    """Answer somebody who may open no object at all, but may list some."""
    if can(request.user, Permission.SEARCH_OBJECTS):
        object_or_404(request, object_id)


@require_safe
@permission_required(Permission.OPEN_OBJECTS, refusal=_refuse_object)
def object_page(request: Request, object_id: str) -> HttpResponse:
    """Show an object and its recordings, and its trail to those who may read it."""
    opened, by = object_or_404(request, object_id), Actor.from_request(request)
    if is_poll(request):
        check_open(Kind.OBJECT_OPENED, by=by, target=Target.of(opened.thing))
    else:
        record_opening(by=by, thing=opened.thing)
    return page(request, "catalog/object.html", object_context(request, opened), fragment="recordings")


@require_POST
@permission_required(Permission.OPEN_OBJECTS, refusal=_refuse_object)
def show_phone(request: Request, object_id: str) -> HttpResponse:
    """Show the customer's whole phone number. This is an event."""
    opened, by = object_or_404(request, object_id), Actor.from_request(request)
    if not can_use(request.user, Permission.SEE_PERSONAL_DATA, opened.thing):
        refuse(request, Permission.SEE_PERSONAL_DATA, target=Target.of(opened.thing))
    record_phone_shown(by=by, thing=opened.thing)
    if request.htmx:
        return page(request, "catalog/object.html", {"object": opened, "phone_shown": True}, fragment="phone")
    record_opening(by=by, thing=opened.thing)
    context = {**object_context(request, opened), "phone_shown": True}
    return page(request, "catalog/object.html", context)


def _list_around(request: Request, opened: OpenedObject) -> ObjectList | None:
    """The list that the object was opened from, for those who may search. A poll is no search of a person."""
    listed = ObjectList.read(
        request.GET.get(queries.OBJECTS_PARAMETER), reach(request.user, Permission.SEARCH_OBJECTS)
    )
    if listed is None or is_poll(request) or not can(request.user, Permission.SEARCH_OBJECTS):
        return listed
    with suppress(AuditUnavailable):  # then nobody is searched for, and the page does without neighbours
        return listed.around(opened.thing.pk, by=Actor.from_request(request))
    return listed


def object_context(request: Request, opened: OpenedObject) -> dict[str, Any]:
    number, lines = queries.recordings_of(opened.thing.pk)
    in_list = _list_around(request, opened)
    may_read_trail = can_use(request.user, Permission.READ_TRAIL, opened.thing)
    events = trail_under(opened.thing.pk, TRAIL_SHOWN, viewer=request.user) if may_read_trail else []
    # On the page of the object, its events need not name it.
    itself = object_url(opened.thing.pk)
    return {
        "object": opened,
        "sensitivity": class_context(request.user, opened.thing),
        "unmask_form": UnmaskForm(),
        "recordings": lines,
        "in_list": in_list,
        "table": Table(of_one_object(f"?{in_list.query}" if in_list else ""), lines),
        "number": number,
        "may_play": can_use(request.user, Permission.PLAY_RECORDINGS, opened.thing),
        "may_refresh": can_use(request.user, Permission.REFRESH_CATALOG, opened.thing),
        "may_read_trail": may_read_trail,
        "events": [
            replace(event, about=tuple(part for part in event.about if part.href != itself))
            for event in events
        ],
    }
