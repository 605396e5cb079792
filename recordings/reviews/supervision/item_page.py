"""What the page of an item shows beside the player: its history with the notes, and its spot check."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from recordings.audit.opened import open_event
from recordings.models import (
    Disposition,
    DispositionReason,
    ItemSource,
    SpotVerdict,
    SupervisionDisposition,
    SupervisionItem,
)
from recordings.models.fields import Spans
from recordings.playback.spans import total_ms
from recordings.reviews.evaluation_page import moment_in_words
from recordings.reviews.supervision.rules import TONES
from recordings.wording import clock


@dataclass(frozen=True)
class Act:
    """A line of the history. `note` and `actor` are personal values; `from_ms` and `moment`: where it points."""

    at: datetime
    label: str
    tone: str
    actor: str
    reason: str = ""
    note: str = ""
    from_ms: int | None = None
    moment: str = ""
    watched: str = ""
    percent: int | None = None
    holder: str = ""
    due_at: datetime | None = None


def history_of(item: SupervisionItem) -> list[Act]:
    """List what happened to an item, the newest first."""
    acts = [_queued(item)]
    verdicts = {verdict.event_id: verdict for verdict in SpotVerdict.objects.filter(spot_check__item=item)}
    rows = item.dispositions.select_related("holder").order_by("number")
    acts += [_disposed(row, verdicts.pop(row.event_id, None)) for row in rows]
    acts += [_agreed(verdict) for verdict in verdicts.values()]
    return sorted(acts, key=lambda act: act.at, reverse=True)


def _queued(item: SupervisionItem) -> Act:
    event = open_event(item.event_id)
    return Act(
        at=item.added_at,
        label=gettext("Put into the queue"),
        tone="info",
        actor=event.actor_name if event else "",
        reason=str(ItemSource(item.source).label),
        note=event.private("action_detail.reason") if event else "",
        due_at=item.due_at,
    )


def _disposed(row: SupervisionDisposition, verdict: SpotVerdict | None) -> Act:
    event = open_event(row.event_id)
    return Act(
        at=row.disposed_at,
        label=gettext("Spot check: disagrees") if verdict else str(Disposition(row.disposition).label),
        tone="bad" if verdict else TONES[row.disposition],
        actor=event.actor_name if event else "",
        reason=str(DispositionReason(row.reason).label),
        note=event.private("action_detail.note") if event else "",
        from_ms=row.from_ms,
        moment=_moment(row.from_ms, row.to_ms),
        watched=_length(row.watched),
        percent=row.watched_percent,
        holder=row.holder.display_name if row.holder and row.disposition == Disposition.ESCALATED else "",
        due_at=row.due_at,
    )


def _agreed(verdict: SpotVerdict) -> Act:
    event = open_event(verdict.event_id)
    return Act(
        at=verdict.checked_at,
        label=gettext("Spot check: agrees"),
        tone="ok",
        actor=event.actor_name if event else "",
        note=event.private("action_detail.note") if event else "",
        from_ms=verdict.from_ms,
        moment=_moment(verdict.from_ms, verdict.to_ms),
        watched=_length(verdict.watched),
        percent=verdict.watched_percent,
    )


def _moment(start: Any, end: Any) -> str:
    if start is None:
        return ""
    return moment_in_words(str(start) if start == end else f"{start}-{end}")


def moment_typed(form: Any) -> str:
    """Write the moment that a form has so far."""
    return moment_in_words(form["at"].value() or "")


def _length(spans: Spans) -> str:
    return clock(total_ms(spans) // 1000)
