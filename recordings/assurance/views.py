"""The map of what was expected and found, and the list behind each of its cells."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.forms import Form
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from recordings.assurance import heatmap
from recordings.assurance.board import Board, board
from recordings.assurance.findings import Finding
from recordings.assurance.forms import BoardForm, ListForm
from recordings.assurance.listing import as_of, listing, reasons
from recordings.assurance.rates import Channel, channels
from recordings.assurance.sampling import night
from recordings.assurance.tables import ExpectedRecordings
from recordings.assurance.window import DAYS
from recordings.audit import Actor, Kind, record_once
from recordings.catalog.queries import agents_and_streams
from recordings.catalog.tables import Table
from recordings.http import Request, page
from recordings.models import MediaOutcome
from recordings.paging import BY_TIME, start_by_time
from recordings.permissions import Permission
from recordings.policies import can, permission_required

# The map shows so many lines, those with most that is wrong; the table below it shows all.
MOST_LINES = 60


@require_safe
@permission_required(Permission.VIEW_ASSURANCE)
def board_page(request: Request) -> HttpResponse:
    """Expected against found of 35 days, as a map and as a table. It names agents, so that it was read is an event."""
    form = BoardForm(request.GET)
    if not form.is_valid():
        return page(request, "assurance/board.html", {"form": form}, status=400)
    _log(request, "map", form)
    window = form.window
    known = channels(window)
    found = board(window, form.axis, [one.stream_id for one in known if one.is_sure], stream=form.channel_id)
    agents, streams = agents_and_streams()
    names = agents if form.axis == "agent" else streams
    context = {
        "form": form,
        "board": found,
        "head": heatmap.heat_head(found),
        "rows": heatmap.heat_rows(found, form, names, MOST_LINES),
        "totals": heatmap.total_rows(found, form, names),
        "hidden": max(0, len(found.lines) - MOST_LINES),
        "findings": list(Finding),
        **_tiles(found, form),
        **_channels(known, streams),
        **_links(form, found, streams),
    }
    return page(request, "assurance/board.html", context)


def _channels(known: list[Channel], streams: dict[str, str]) -> dict[str, Any]:
    named = [(heatmap.name_of("channel", one.stream_id, streams), one) for one in known]
    return {"channels": named, "sure": [name for name, one in named if one.is_sure]}


def _tiles(found: Board, form: BoardForm) -> dict[str, Any]:
    """The figures on top."""
    looked, everything = night(), {"until": form.cleaned_data["until"]}
    opened = looked[MediaOutcome.OPENS]
    return {
        "found_note": f"{found.total.percent_found} %; {found.total.absent:,} missing or vanished",
        "wrong_level": "warn" if found.total.wrong else "ok",
        "wrong_url": f"{reverse('assurance:recordings')}?{urlencode(everything)}"
        if found.total.wrong
        else "",
        "night_value": format_html('<bdi dir="ltr">{} of {}</bdi>', f"{opened:,}", f"{looked.total():,}"),
        "night_level": "bad" if looked[MediaOutcome.FAILS] else "ok" if opened else "",
        "night_note": "files opened in the last 24 hours"
        if looked
        else "no file was looked into in the last 24 hours",
        "sample_url": reverse("assurance:sample"),
    }


def _links(form: BoardForm, found: Board, streams: dict[str, str]) -> dict[str, Any]:
    """The ways to other maps: lines, findings, earlier and later days."""
    window, channel = form.window, form.channel_id
    kinds = [("Anything wrong", form.url(kind=""), found.total.wrong, form.finding is None)]
    kinds += [
        (one.label, form.url(kind=one.value), found.total.of(one), form.finding is one) for one in Finding
    ]
    today = timezone.now().date()
    later = min(today, window.last + timedelta(days=DAYS))
    return {
        "kinds": kinds,
        "axes": [
            ("Channels", form.url(by="", channel=""), form.axis == "channel"),
            ("Agents", form.url(by="agent"), form.axis == "agent"),
        ],
        "channel_name": heatmap.name_of("channel", channel, streams) if channel is not None else "",
        "all_agents": form.url(channel=""),
        "older_url": form.url(until=window.since - timedelta(days=1)),
        "newer_url": form.url(until=later if later < today else "") if window.last < today else "",
        "shown": f"{window.since} to {window.last}, UTC",
    }


@require_safe
@permission_required(Permission.VIEW_ASSURANCE)
def recordings_page(request: Request) -> HttpResponse:
    """The expected recordings of a cell, a line, or the whole map, those with a finding unless all are asked for."""
    form = ListForm(request.GET)
    if not form.is_valid():
        return page(request, "assurance/recordings.html", {"form": form}, status=400)
    _log(request, "list", form)
    window = form.window
    sure = [one.stream_id for one in channels(window) if one.is_sure]
    found = listing(window, form.choice(), sure, start_by_time(request.GET))
    agents, streams = agents_and_streams()
    may_open = can(request.user, Permission.OPEN_OBJECTS)
    known = ExpectedRecordings(agents, streams, reasons(found.rows), as_of(found.rows), may_open)
    context = {
        "form": form,
        "page": found,
        "table": Table(known.columns, found.rows),
        "said": _said(form, agents, streams),
        "shown": f"{len(found.rows)} on this page, newest first",
        **found.urls(BY_TIME, form.query()),
        "board_url": f"{reverse('assurance:board')}?{urlencode({'until': form.cleaned_data['until']})}",
        "all_url": form.url(kind="", all="" if form.cleaned_data["all"] else "on"),
    }
    return page(request, "assurance/recordings.html", context)


def _said(form: ListForm, agents: dict[str, str], streams: dict[str, str]) -> list[str]:
    """What is listed, in words."""
    given, choice = form.cleaned_data, form.choice()
    what = (
        choice.finding.label
        if choice.finding
        else "Everything expected"
        if given["all"]
        else "Anything wrong"
    )
    return [
        what,
        str(choice.day) if choice.day else f"{form.window.since} to {form.window.last}",
        *([heatmap.name_of("channel", choice.stream, streams)] if choice.stream is not None else []),
        *([heatmap.name_of("agent", choice.agent, agents)] if choice.agent is not None else []),
    ]


def _log(request: Request, area: str, form: Form) -> None:
    """Have it in the trail that agents' names were read. Raises AuditUnavailable; then nothing is shown."""
    given = {name: str(form.data[name])[:40] for name in form.fields if form.data.get(name)}
    by, detail = Actor.from_request(request), {"area": area, **({"filters": given} if given else {})}
    record_once(Kind.ASSURANCE_OPENED, by=by, act=detail, detail=detail)
