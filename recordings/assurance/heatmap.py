"""Write the map of expected recordings as HTML: a template takes a second for 2,100 cells (60 agents, 35 days).

Every value passes through `format_html`, which escapes it. A cell shows its number, and its shade shows the share.
"""

from collections.abc import Mapping
from datetime import date
from itertools import groupby
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from recordings.assurance.board import Board, Tally
from recordings.assurance.findings import Finding
from recordings.assurance.forms import BoardForm

Names = Mapping[str, str]
_ZERO = SafeString('<span class="dim">0</span>')
_TOTALS = (
    '<tr><td><bdi>{}</bdi></td><td class="r num" data-label="{}">{}</td>'
    '<td class="r num" data-label="{}">{}</td><td class="r num" data-label="{}">{}</td>{}</tr>'
)


def heat_head(board: Board) -> SafeString:
    """Write two rows of headings: the months, and the days in them."""
    days = board.window.days
    months = [(len(list(group)), month) for month, group in groupby(days, lambda day: f"{day:%Y-%m}")]
    spans = format_html_join("", '<th scope="colgroup" colspan="{}"><span>{}</span></th>', months)
    each = ((f"{day:%Y-%m-}", f"{day:%d}") for day in days)
    headings = format_html_join("", '<th scope="col"><span class="sr">{}</span>{}</th>', each)
    return format_html('<tr><td class="who"></td>{}</tr><tr><td class="who"></td>{}</tr>', spans, headings)


def heat_rows(board: Board, form: BoardForm, names: Names, most: int) -> SafeString:
    """Write a row for each line of the board and a cell for each day. The name of a channel links to its agents."""
    base = _list_url(form, kind=form.cleaned_data["kind"])
    none_expected = format_html('<td class="none"><span class="sr">{}</span></td>', gettext("none expected"))
    words = str(escape(gettext("%(number)s of %(expected)s")))
    rows = []
    for line in board.lines[:most]:
        heading = format_html("<bdi>{}</bdi>", name_of(form.axis, line.key, names))
        if form.axis == "channel":
            agents = form.url(by="agent", channel=line.key)
            title = gettext("Show the agents of this channel")
            heading = format_html('<a href="{}" title="{}">{}</a>', agents, title, heading)
        address = escape(f"{base}&{form.axis}={line.key}")
        cells = [
            _day_cell(tally, form.finding, address, day, words)
            if (tally := line.days.get(day))
            else none_expected
            for day in board.window.days
        ]
        rows.append((heading, SafeString("".join(cells))))  # markup: each cell is one of the two below
    return format_html_join("", '<tr><th scope="row" class="who">{}</th>{}</tr>', rows)


def name_of(axis: str, key: int, names: Names) -> str:
    """Return the name of a channel or an agent; without a name, its id."""
    if name := names.get(str(key)):
        return name
    if axis == "agent":
        return gettext("agent %(id)s") % {"id": key} if key else pgettext("agent", "no agent")
    return gettext("channel %(id)s") % {"id": key}


def _day_cell(
    tally: Tally, finding: Finding | None, address: SafeString, day: date, words: str
) -> SafeString:
    """Write a cell of the map. `address` and `words` are escaped already; the rest are numbers."""
    number, expected = f"{tally.of(finding):,}", f"{tally.expected:,}"
    everything = "" if tally.of(finding) else "&amp;all=on"
    title = words % {"number": number, "expected": expected}
    return SafeString(  # markup: numbers, a day, and what the caller has escaped
        f'<td class="h{tally.shade(finding)}"><a href="{address}&amp;day={day}{everything}"'
        f' title="{title}" aria-label="{title}">{number}</a></td>'
    )


def _list_url(form: BoardForm, **more: str) -> str:
    """Return the URL of the list of these days, and of the chosen channel when the rows are its agents."""
    query = {"until": form.cleaned_data["until"], **more}
    if form.axis == "agent" and form.channel_id is not None:
        query["channel"] = form.channel_id
    return f"{reverse('assurance:recordings')}?{urlencode(query)}"


def total_rows(board: Board, form: BoardForm, names: Names) -> SafeString:
    """Write a row for each line of the board with its totals: expected, found, and each finding."""
    base = _list_url(form)
    expected, found, percent = gettext("Expected"), gettext("Found"), gettext("Found, percent")
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
        figures = (expected, f"{total.expected:,}", found, f"{total.found:,}", percent, total.percent_found)
        rows.append((name, *figures, sums))
    return format_html_join("", _TOTALS, rows)
