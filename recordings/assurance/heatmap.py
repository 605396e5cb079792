"""Write the map of expected recordings as HTML: 2,100 cells (sixty agents, 35 days) take the template engine a second.

Every value passes through `format_html`, which escapes it; the look is the stylesheet's. A cell says its number; how
dark it is says it again.
"""

from collections.abc import Mapping
from datetime import date
from itertools import groupby
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from recordings.assurance.board import Board, Tally
from recordings.assurance.findings import Finding
from recordings.assurance.forms import BoardForm

Names = Mapping[str, str]
_NONE_EXPECTED = SafeString('<td class="none"><span class="sr">none expected</span></td>')
_ZERO = SafeString('<span class="dim">0</span>')
_TOTALS = (
    '<tr><td><bdi>{}</bdi></td><td class="r num" data-label="Expected">{}</td>'
    '<td class="r num" data-label="Found">{}</td><td class="r num" data-label="Found, %">{}</td>{}</tr>'
)


def heat_head(board: Board) -> SafeString:
    """Two rows of headings: the months, and the days in them."""
    days = board.window.days
    months = [(len(list(group)), month) for month, group in groupby(days, lambda day: f"{day:%Y-%m}")]
    spans = format_html_join("", '<th scope="colgroup" colspan="{}"><span>{}</span></th>', months)
    each = ((f"{day:%Y-%m-}", f"{day:%d}") for day in days)
    headings = format_html_join("", '<th scope="col"><span class="sr">{}</span>{}</th>', each)
    return format_html('<tr><td class="who"></td>{}</tr><tr><td class="who"></td>{}</tr>', spans, headings)


def heat_rows(board: Board, form: BoardForm, names: Names, most: int) -> SafeString:
    """A row per line of the map, a cell per day; the name of a channel leads to its agents."""
    base = _list_url(form, kind=form.cleaned_data["kind"])
    rows = []
    for line in board.lines[:most]:
        heading = format_html("<bdi>{}</bdi>", name_of(form.axis, line.key, names))
        if form.axis == "channel":
            agents = form.url(by="agent", channel=line.key)
            heading = format_html('<a href="{}">{}<span class="sr">: its agents</span></a>', agents, heading)
        address = escape(f"{base}&{form.axis}={line.key}")
        cells = (_day_cell(line.days.get(day), form.finding, address, day) for day in board.window.days)
        rows.append((heading, SafeString("".join(cells))))
    return format_html_join("", '<tr><th scope="row" class="who">{}</th>{}</tr>', rows)


def name_of(axis: str, key: int, names: Names) -> str:
    """A channel's or an agent's name; the number of one that nobody named."""
    return names.get(str(key)) or ("no agent" if axis == "agent" and not key else f"{axis} {key}")


def _day_cell(tally: Tally | None, finding: Finding | None, address: SafeString, day: date) -> SafeString:
    """A cell of the map. Beside the address, which is escaped once a line, it holds numbers only."""
    if tally is None:
        return _NONE_EXPECTED
    number, expected = f"{tally.of(finding):,}", f"{tally.expected:,}"
    everything = "" if tally.of(finding) else "&amp;all=on"
    return SafeString(
        f'<td class="h{tally.shade(finding)}"><a href="{address}&amp;day={day}{everything}"'
        f' title="{number} of {expected}">{number}<span class="sr"> of {expected}</span></a></td>'
    )


def _list_url(form: BoardForm, **more: str) -> str:
    """The address of the list of these days, and of the chosen channel where the lines are its agents."""
    query = {"until": form.cleaned_data["until"], **more}
    if form.axis == "agent" and form.channel_id is not None:
        query["channel"] = form.channel_id
    return f"{reverse('assurance:recordings')}?{urlencode(query)}"


def total_rows(board: Board, form: BoardForm, names: Names) -> SafeString:
    """A row per line with its sums: expected, found, and each finding."""
    base = _list_url(form)
    rows = []
    for line in board.lines:
        total, address = line.total, f"{base}&{form.axis}={line.key}"
        cells = []
        for finding in Finding:
            number = total.of(finding)
            linked = format_html('<a href="{}&amp;kind={}">{}</a>', address, finding.value, f"{number:,}")
            cells.append((finding.label, linked if number else _ZERO))
        sums = format_html_join("", '<td class="r num" data-label="{}">{}</td>', cells)
        name = name_of(form.axis, line.key, names)
        rows.append((name, f"{total.expected:,}", f"{total.found:,}", total.percent_found, sums))
    return format_html_join("", _TOTALS, rows)
