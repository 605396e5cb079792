"""The evidence of review: what supervision queued, decided and checked in a period, one row for each.

Computed from the trail alone, so that whoever has an evidence bundle of the same events can compute it again. An item
that was queued until the end of the period and that nobody decided about is a row without a reviewer.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from recordings.audit.kinds import Kind
from recordings.models.supervision import Disposition, DispositionReason, ItemSource
from recordings.reports.columns import Column
from recordings.reports.events import Line
from recordings.sheets.rows import Cell
from recordings.trail import labels
from recordings.trail.compose import Language
from recordings.trail.filters import TrailFilters
from recordings.trail.phrases import EventText, short
from recordings.wording import clock

KINDS = (Kind.SUPERVISION_QUEUED, Kind.SUPERVISION_DISPOSED, Kind.SUPERVISION_CHECKED)
COLUMNS = (
    Column("item", _("Item"), 8),
    Column("queued_at", _("Queued (UTC)"), 11),
    Column("source", _("Source"), 9),
    Column("drawn_by", _("Drawn by")),
    Column("recording", _("Recording"), 8),
    Column("object", _("Object"), 11),
    Column("reviewed_at", _("Reviewed (UTC)"), 11),
    Column("reviewed_by", _("Reviewed by"), 11),
    Column("account", _("Account")),
    Column("role", _("Role")),
    Column("act", _("Act"), 10),
    Column("reason", _("Reason"), 10),
    Column("moment", _("Moment"), 6),
    Column("watched", _("Watched"), 7),
    Column("watched_percent", _("Watched (%)"), 5),
    Column("level", _("Level")),
    Column("due_at", _("Due (UTC)")),
    Column("note", _("Note"), 12),
    Column("event_no", _("Event"), 5),
    Column("event_id", _("Event id")),
    Column("body_sha256", _("SHA-256 of the event")),
)


@dataclass
class _Queued:
    event: Line
    at: datetime
    reviewed: bool = False


def asks(filters: TrailFilters) -> TrailFilters:
    """Select the acts of everybody until the end of the period: when an item was queued lies before its review."""
    return replace(filters, kinds=tuple(kind.value for kind in KINDS), since=None, actor="")


def collect(events: Iterable[Line], filters: TrailFilters) -> list[tuple[Cell, ...]]:
    """Return a row for each act of review in the period, then one for each item that nobody decided about."""
    language, (start, end) = Language.current(), filters.moments()
    queued: dict[str, _Queued] = {}
    rows: list[tuple[Cell, ...]] = []
    for event in events:
        at, item = datetime.fromisoformat(event.recorded_at), event.text("item")
        if end is not None and at >= end:
            continue
        if event.kind == Kind.SUPERVISION_QUEUED:
            queued[item] = _Queued(event, at)
            continue
        if item in queued:
            queued[item].reviewed = True
        if (start is None or at >= start) and filters.actor in ("", event.actor_ref):
            rows.append(_row(item, queued.get(item), event, at, language))
    if not filters.actor:
        rows += [
            _row(item, waits, None, None, language) for item, waits in queued.items() if not waits.reviewed
        ]
    return rows


def _row(
    item: str, queued: _Queued | None, event: Line | None, at: datetime | None, language: Language
) -> tuple[Cell, ...]:
    known = event or (queued.event if queued else None)
    detail: Any = event.detail if event else {}
    return (
        short(item),
        queued.at if queued else "",
        _label(ItemSource, queued.event.text("source")) if queued else "",
        queued.event.text("source_ref") if queued else "",
        short(known.target_ref.partition(":")[2]) if known else "",
        known.parent_ref.partition(":")[2] if known else "",
        at or "",
        EventText(event, language).actor.text if event else "",
        event.actor_ref if event else "",
        labels.roles(str(event.actor.get("role", "")), language) if event else "",
        _act(event) if event else gettext("Not reviewed"),
        _label(DispositionReason, event.text("reason")) if event else "",
        _moment(detail),
        timedelta(milliseconds=_number(detail, "watched_ms")) if event else "",
        _number(detail, "watched_percent") if "watched_percent" in detail else "",
        _number(detail, "level") if "level" in detail else "",
        _due(event, queued),
        EventText(event, language).private("action_detail.note") if event else "",
        known.number if known else "",
        known.event_id if known else "",
        known.sha256 if known else "",
    )


def _act(event: Line) -> str:
    if event.kind == Kind.SUPERVISION_CHECKED:
        agrees = event.text("verdict") == "agrees"
        return gettext("Spot check: agrees") if agrees else gettext("Spot check: disagrees")
    return _label(Disposition, event.text("disposition"))


def _label(choices: Any, code: str) -> str:
    return str(choices(code).label) if code in choices.values else code


def _moment(detail: Any) -> str:
    start, end = detail.get("from_ms"), detail.get("to_ms")
    if not (isinstance(start, int) and isinstance(end, int)):
        return ""
    return clock(start // 1000) if start == end else f"{clock(start // 1000)}–{clock(end // 1000)}"


def _number(detail: Any, name: str) -> int:
    value = detail.get(name)
    return value if isinstance(value, int) else 0


def _due(event: Line | None, queued: _Queued | None) -> Cell:
    known = event or (queued.event if queued else None)
    text = known.text("due_at") if known else ""
    try:
        return datetime.fromisoformat(text) if text else ""
    except ValueError:
        return text
