"""The map and the list as HTML. Sixty agents on 35 days are 2,100 cells, which the template engine takes a second for.

Every value passes through `escape`; the look is the stylesheet's. A cell says its number; how dark it is says it again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from itertools import groupby
from uuid import UUID

from django.urls import reverse
from django.utils.safestring import SafeString

from recordings.assurance.board import Board, Line, Tally
from recordings.assurance.findings import FINDINGS, Finding
from recordings.assurance.forms import BoardForm
from recordings.assurance.listing import Item
from recordings.catalog.queries import stale_before, state_label
from recordings.wording import ago, clock, size, tag_of, utc_minute

Names = Mapping[str, str]


def heat_head(board: Board) -> SafeString:
    """Two rows of headings: the months, and the days in them."""
    days = board.window.days
    months = [(first, len(list(group))) for first, group in groupby(days, lambda day: f"{day:%Y-%m}")]
    spans = "".join(
        f'<th scope="colgroup" colspan="{length}"><span>{month}</span></th>' for month, length in months
    )
    each = "".join(f'<th scope="col"><span class="sr">{day:%Y-%m-}</span>{day:%d}</th>' for day in days)
    return SafeString(f'<tr><td class="who"></td>{spans}</tr><tr><td class="who"></td>{each}</tr>')


def heat_rows(board: Board, form: BoardForm, names: Names, most: int) -> SafeString:
    """A row per line of the map, a cell per day."""
    address = _addresses(form)
    lines = (_line(line, board.window.days, form, names, address) for line in board.lines[:most])
    return SafeString("".join(lines))


def _line(
    line: Line, days: list[date], form: BoardForm, names: Names, address: Callable[[int, date | None], str]
) -> str:
    cells = "".join(
        _cell(line.days.get(day), form.finding, lambda day=day: address(line.key, day))  # type: ignore[misc]
        for day in days
    )
    return f'<tr><th scope="row" class="who">{_name(line.key, form, names)}</th>{cells}</tr>'


def _name(key: int, form: BoardForm, names: Names) -> str:
    name = f"<bdi>{escape(name_of(form.axis, key, names))}</bdi>"
    if form.axis == "agent":
        return name
    return f'<a href="{escape(form.query(by="agent", channel=key))}">{name}<span class="sr">: its agents</span></a>'


def name_of(axis: str, key: int, names: Names) -> str:
    """A channel's or an agent's name; the number of one that nobody named."""
    return names.get(str(key)) or ("no agent" if axis == "agent" and not key else f"{axis} {key}")


def _cell(tally: Tally | None, finding: Finding | None, address: Callable[[], str]) -> str:
    if tally is None:
        return '<td class="none"><span class="sr">none expected</span></td>'
    number = tally.of(finding)
    words = f"{number:,} of {tally.expected:,}"
    more = "" if number else "&amp;all=on"
    return (
        f'<td class="h{tally.step(finding)}"><a href="{address()}{more}" title="{words}">'
        f'{number:,}<span class="sr"> of {tally.expected:,}</span></a></td>'
    )


def _addresses(form: BoardForm) -> Callable[[int, date | None], str]:
    """Addresses of lists by the line's key and the day, already escaped."""
    base = f"{reverse('assurance:recordings')}?until={form.cleaned_data['until']}&amp;kind={form.cleaned_data['kind']}"
    if form.axis == "agent" and form.channel_id is not None:
        base += f"&amp;channel={form.channel_id}"
    return lambda key, day: f"{base}&amp;{form.axis}={key}" + (f"&amp;day={day}" if day else "")


def total_rows(board: Board, form: BoardForm, names: Names) -> SafeString:
    """A row per line with its sums: expected, found, and each finding."""
    return SafeString("".join(_total_row(line, form, names) for line in board.lines))


def _total_row(line: Line, form: BoardForm, names: Names) -> str:
    total, base = line.total, f"{reverse('assurance:recordings')}?until={form.cleaned_data['until']}"
    if form.axis == "agent" and form.channel_id is not None:
        base += f"&amp;channel={form.channel_id}"
    cells = "".join(_sum(finding, total, f"{base}&amp;{form.axis}={line.key}") for finding in Finding)
    return (
        f"<tr><td><bdi>{escape(name_of(form.axis, line.key, names))}</bdi></td>"
        f'<td class="r num" data-label="Expected">{total.expected:,}</td>'
        f'<td class="r num" data-label="Found">{total.found:,}</td>'
        f'<td class="r num" data-label="Found, %">{total.percent_found}</td>{cells}</tr>'
    )


def _sum(finding: Finding, total: Tally, base: str) -> str:
    number = total.of(finding)
    said = (
        f'<a href="{base}&amp;kind={finding.value}">{number:,}</a>'
        if number
        else '<span class="dim">0</span>'
    )
    return f'<td class="r num" data-label="{finding.label}">{said}</td>'


@dataclass(frozen=True)
class Known:
    """What is known around the items of a list."""

    agents: Names
    channels: Names
    reasons: Mapping[UUID, Mapping[Finding, str]]
    as_of: Mapping[int, datetime | None]
    may_open: bool


def list_rows(items: Iterable[Item], known: Known) -> SafeString:
    """A row per expected recording, looking as the catalog's do; links for those who may follow them."""
    return SafeString("".join(_item(item, known) for item in items))


def _item(item: Item, known: Known) -> str:
    when = utc_minute(item.at)
    first, thing = str(when), f'<span class="num">{item.object_id}</span>'
    if known.may_open:
        to_object = reverse("catalog:object", args=[item.object_id])
        to = reverse("playback:recording", args=[item.id]) if item.recorded else to_object
        first = f'<a data-open href="{to}">{when}</a>'
        thing = f'<a class="num" href="{to_object}">{item.object_id}</a>'
    began = "" if item.recorded else '<span class="sub">began</span>'
    channel = escape(name_of("channel", item.stream_id, known.channels))
    agent = escape(name_of("agent", item.agent_id or 0, known.agents))
    as_of, why = known.as_of.get(item.object_id), known.reasons.get(item.id, {})
    stale = as_of is None or as_of < stale_before()
    return (
        f"<tr data-row><td>{first}{began}</td>"
        f'<td class="full" data-label="Findings">{_findings(item, why)}</td>'
        f'<td data-label="Channel · agent"><bdi>{channel}</bdi><span class="sub"><bdi>{agent}</bdi></span></td>'
        f'<td data-label="Object">{thing}</td>'
        f'<td class="r num" data-label="Length">{clock(item.seconds) if item.recorded else "–"}</td>'
        f'<td class="r num" data-label="Size">{size(item.bytes) if item.recorded else "–"}</td>'
        f'<td data-label="State"><span class="tag {tag_of(item.state) if item.state else ""}">'
        f"{state_label(item.state)}</span></td>"
        f'<td class="r" data-label="As of"><span class="fresh"{" data-stale" if stale else ""}>'
        f"{ago(as_of)}</span></td></tr>"
    )


def _findings(item: Item, why: Mapping[Finding, str]) -> str:
    if not item.findings:
        return '<span class="dim">nothing found</span>'
    return "".join(_finding(FINDINGS[code], why.get(FINDINGS[code], "")) for code in item.findings)


def _finding(finding: Finding, why: str) -> str:
    reason = f'<span class="sub">{escape(why)}</span>' if why else ""
    return f'<div><span class="tag {finding.tone}">{finding.label}</span>{reason}</div>'
