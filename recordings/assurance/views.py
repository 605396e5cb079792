"""The map of expected and found recordings, and the list behind each of its cells."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.forms import Form
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_safe

from recordings.assurance import heatmap
from recordings.assurance.board import Board, count_board
from recordings.assurance.findings import Finding
from recordings.assurance.forms import BoardForm, ListForm
from recordings.assurance.listing import items_page, reasons_for, refreshed_at_by_object
from recordings.assurance.rates import channels, where_missing_counts
from recordings.assurance.sampling import FIRST_SAMPLE, checks_in, outcomes_of_last_day
from recordings.assurance.tables import ExpectedRecordings
from recordings.assurance.usual import usual_in_channels
from recordings.assurance.window import DAYS, Window
from recordings.audit import Actor, Kind, record_once
from recordings.catalog.queries import agents_and_streams
from recordings.catalog.tables import Table
from recordings.days import today
from recordings.http import Request, page
from recordings.models import MediaOutcome
from recordings.paging import BY_TIME, start_by_time
from recordings.permissions import Permission
from recordings.policies import can, permission_required, reach
from recordings.reach import Reach

# The map shows only the rows with most findings; the table below it shows all.
MOST_LINES = 60


@require_safe
@permission_required(Permission.VIEW_ASSURANCE)
def board_page(request: Request) -> HttpResponse:
    """Show expected and found recordings of 35 days. The page names agents, so opening it is an event."""
    form = BoardForm(request.GET)
    if not form.is_valid():
        return page(request, "assurance/board.html", {"form": form}, status=400)
    _record_reading(request, "map", form)
    window, within = form.window, reach(request.user, Permission.VIEW_ASSURANCE)
    known = channels(window)
    board = count_board(window, form.axis, where_missing_counts(known), within, stream=form.channel_id)
    agents, streams = _names(within)
    names = agents if form.axis == "agent" else streams
    # Figures about a whole channel are for those who may see all of it.
    named = [
        (heatmap.name_of("channel", channel.stream_id, streams), channel)
        for channel in known
        if within.has_channel(channel.stream_id)
    ]
    hidden = max(0, len(board.lines) - MOST_LINES)
    context = {
        "form": form,
        "board": board,
        "head": heatmap.heat_head(board),
        "rows": heatmap.heat_rows(board, form, names, MOST_LINES),
        "totals": heatmap.total_rows(board, form, names),
        "hidden": hidden,
        "findings": list(Finding),
        "channels": named,
        "usual": [
            (heatmap.name_of("channel", usual.stream_id, streams), usual)
            for usual in usual_in_channels(window)
            if within.has_channel(usual.stream_id)
        ],
        "missing_in": [name for name, channel in named if channel.months_with_missing],
        "is_limited": not within.is_everything,
        **_tiles(board, form, within),
        **_links(form, board, streams),
    }
    return page(request, "assurance/board.html", context)


def _names(within: Reach) -> tuple[dict[str, str], dict[str, str]]:
    """Return the names of the agents and the channels of which this reach can have an object, by id."""
    agents, streams = agents_and_streams()
    return (
        {key: name for key, name in agents.items() if within.names_agent(int(key))},
        {key: name for key, name in streams.items() if within.names_channel(int(key))},
    )


def _tiles(board: Board, form: BoardForm, within: Reach) -> dict[str, Any]:
    """Return the context of the figures at the top."""
    list_url = f"{reverse('assurance:recordings')}?{urlencode({'until': form.cleaned_data['until']})}"
    checks, ever = outcomes_of_last_day(within), checks_in(within).exists()
    opened = checks[MediaOutcome.OPENS]
    none_yet = gettext("no file was checked in the last 24 hours") if ever else str(FIRST_SAMPLE)
    return {
        "found_level": "bad" if board.total.absent else "ok" if board.total.expected else "",
        "found_note": _found_note(board),
        "wrong_level": "warn" if board.total.wrong else "ok" if board.total.expected else "",
        "wrong_url": list_url if board.total.wrong else "",
        "night_value": gettext("%(number)s of %(total)s")
        % {"number": f"{opened:,}", "total": f"{checks.total():,}"}
        if checks
        else "–",
        "night_level": "bad" if checks[MediaOutcome.FAILS] else "ok" if opened else "",
        "night_note": gettext("files opened in the last 24 hours") if checks else none_yet,
        "sample_url": reverse("assurance:sample"),
    }


def _found_note(board: Board) -> str:
    if not board.total.expected:
        return gettext("nothing was expected on these days")
    if board.total.absent:
        return gettext("%(percent)s %% · missing: %(number)s") % {
            "percent": board.total.percent_found,
            "number": f"{board.total.absent:,}",
        }
    return gettext("all of them")


def _links(form: BoardForm, board: Board, streams: dict[str, str]) -> dict[str, Any]:
    """Return the links to other maps: rows, findings, earlier and later days."""
    window, channel = form.window, form.channel_id
    kinds = [(gettext("Any finding"), form.url(kind=""), board.total.wrong, form.finding is None)]
    kinds += [
        (str(finding.label), form.url(kind=finding.value), board.total.of(finding), form.finding is finding)
        for finding in Finding
    ]
    newest = today()
    later = min(newest, window.last + timedelta(days=DAYS))
    return {
        "kinds": kinds,
        "axes": [
            (gettext("Channels"), form.url(by="", channel=""), form.axis == "channel"),
            (gettext("Agents"), form.url(by="agent"), form.axis == "agent"),
        ],
        "channel_name": heatmap.name_of("channel", channel, streams) if channel is not None else "",
        "all_agents": form.url(channel=""),
        "older_url": form.url(until=window.since - timedelta(days=1)),
        "newer_url": form.url(until=later if later < newest else "") if window.last < newest else "",
        "shown": days_of(window),
    }


@require_safe
@permission_required(Permission.VIEW_ASSURANCE)
def recordings_page(request: Request) -> HttpResponse:
    """List the expected recordings of a cell, a row or the whole map: those with a finding, or all."""
    form = ListForm(request.GET)
    if not form.is_valid():
        return page(request, "assurance/recordings.html", {"form": form}, status=400)
    _record_reading(request, "list", form)
    window = form.window
    missing_in, within = (
        where_missing_counts(channels(window)),
        reach(request.user, Permission.VIEW_ASSURANCE),
    )
    items = items_page(window, form.selection(), missing_in, within, start_by_time(request.GET))
    agents, streams = _names(within)
    may_open = can(request.user, Permission.OPEN_OBJECTS)
    expected = ExpectedRecordings(
        agents, streams, reasons_for(items.rows), refreshed_at_by_object(items.rows), may_open
    )
    context = {
        "form": form,
        "page": items,
        "table": Table(expected.columns, items.rows),
        "listed": _listed(form, agents, streams),
        "shown": ngettext("%(number)s on this page", "%(number)s on this page, newest first", len(items.rows))
        % {"number": len(items.rows)},
        **items.urls(BY_TIME, form.query()),
        "board_url": f"{reverse('assurance:board')}?{urlencode({'until': form.cleaned_data['until']})}",
        "all_url": form.url(kind="", all="" if form.cleaned_data["all"] else "on"),
    }
    return page(request, "assurance/recordings.html", context)


def _listed(form: ListForm, agents: dict[str, str], streams: dict[str, str]) -> list[str]:
    """Describe what is listed, in phrases."""
    selection = form.selection()
    what = (
        str(selection.finding.label)
        if selection.finding
        else gettext("Everything expected")
        if selection.everything
        else gettext("Any finding")
    )
    return [
        what,
        str(selection.day) if selection.day else days_of(form.window),
        *([heatmap.name_of("channel", selection.stream, streams)] if selection.stream is not None else []),
        *([heatmap.name_of("agent", selection.agent, agents)] if selection.agent is not None else []),
    ]


def days_of(window: Window) -> str:
    """Write the days of a window as statements write days: they are UTC days."""
    return gettext("%(first)s to %(last)s") % {"first": window.since, "last": window.last}


def _record_reading(request: Request, area: str, form: Form) -> None:
    """Record that a page with agents' names was read. Raises AuditUnavailable, so that nothing is shown unlogged."""
    given = {name: str(form.data[name])[:40] for name in form.fields if form.data.get(name)}
    by, detail = Actor.from_request(request), {"area": area, **({"filters": given} if given else {})}
    record_once(Kind.ASSURANCE_OPENED, by=by, act=detail, detail=detail)
