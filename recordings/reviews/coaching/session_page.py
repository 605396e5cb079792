"""What the pages of coaching sessions show."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from recordings.audit.opened import Opened, open_event
from recordings.models import CoachingItem, CoachingSession, EvaluationRelease, EvaluationScore
from recordings.permissions import Permission
from recordings.policies import can_use, is_own_call, reach
from recordings.reviews.coaching.errors import UnknownSession
from recordings.reviews.coaching.moments import moment_in_words
from recordings.scorecards.texts import localized

SHOWN = 100
# Label and tone of each state.
STATES: dict[str, tuple[str | Promise, str]] = {
    "open": (_("Waits for the person"), "info"),
    "overdue": (_("Overdue"), "bad"),
    "acknowledged": (_("Acknowledged"), "ok"),
    "closed": (pgettext_lazy("coaching", "Closed"), ""),
}


@dataclass(frozen=True)
class ShownItem:
    """An evaluation or a moment. `score` is empty for the agent until the evaluation is released.

    `result` says whether the page of the evaluation can be opened.
    """

    row: CoachingItem
    title: str
    score: str
    moment: str
    note: str
    can_open: bool
    result: bool


@dataclass(frozen=True)
class ShownSession:
    """A session with its personal values, which read as erased once they are."""

    row: CoachingSession
    label: str
    tone: str
    goals: str
    comment: str
    items: list[ShownItem]
    out_of_reach: int


def sessions_in_reach(coach: Any) -> QuerySet[CoachingSession]:
    """List the sessions about recordings in the coach's reach, but not those about the coach."""
    within = reach(coach, Permission.COACH).q("recording__object__")
    items = CoachingItem.objects.filter(within).values("session")
    rows = CoachingSession.objects.filter(pk__in=items).exclude(person=coach)
    return rows.select_related("person", "coach").order_by("-opened_at")


def session_for(coach: Any, pk: UUID) -> CoachingSession:
    """Return a session that this coach may read. Raises UnknownSession."""
    row = sessions_in_reach(coach).filter(pk=pk).first()
    if row is None:
        raise UnknownSession
    return row


def own_session(person: Any, pk: UUID) -> CoachingSession:
    """Return a session about this person. Raises UnknownSession."""
    row = CoachingSession.objects.select_related("person", "coach").filter(pk=pk, person=person).first()
    if row is None:
        raise UnknownSession
    return row


def labelled(rows: QuerySet[CoachingSession]) -> list[dict[str, Any]]:
    """Return the newest SHOWN sessions, each with label and tone of its state."""
    return [{"row": row, "label": STATES[row.state][0], "tone": STATES[row.state][1]} for row in rows[:SHOWN]]


def shown_session(row: CoachingSession, reader: Any, language: str) -> ShownSession:
    """Return a session as this reader sees it: the person all of it, a coach what is in reach."""
    opened = open_event(row.event_id)
    answer = open_event(row.acknowledged_event) if row.acknowledged_event else None
    notes = opened.disclosed.get("action_detail.notes") if opened else None
    texts: dict[str, str] = json.loads(notes.value) if notes else {}
    newest = EvaluationScore.objects.filter(evaluation=OuterRef("evaluation")).order_by("-number")
    items = row.items.select_related("recording__object", "evaluation__version")
    items = items.defer("evaluation__version__document", "recording__raw", "recording__object__raw")
    released = EvaluationRelease.objects.filter(evaluation=OuterRef("evaluation"))
    items = items.annotate(
        newest_score=Subquery(newest.values("result__score")[:1]), is_released=Exists(released)
    ).order_by("position")
    is_about_reader = row.person_id == reader.pk
    shown = [
        _item(item, texts.get(str(item.position), ""), reader, language)
        for item in items
        if is_about_reader or can_use(reader, Permission.COACH, item.recording.object)
    ]
    label, tone = STATES[row.state]
    return ShownSession(
        row=row,
        label=str(label),
        tone=tone,
        goals=private_text(opened, "goals"),
        comment=private_text(answer, "comment"),
        items=shown,
        out_of_reach=len(items) - len(shown),
    )


def private_text(event: Opened | None, name: str) -> str:
    """Return a personal value of an event, or a word that says that it was erased."""
    field = f"action_detail.{name}"
    if event is None:
        return ""
    return gettext("erased") if event.is_erased(field) else event.private(field)


def _item(item: CoachingItem, note: str, reader: Any, language: str) -> ShownItem:
    evaluation = item.evaluation
    title = score = moment = ""
    result = False
    if evaluation is not None:
        title = localized(evaluation.version.title, language)
        is_agent = is_own_call(reader, item.recording.object)
        if getattr(item, "is_released", False) or not is_agent:
            score = (getattr(item, "newest_score", "") or "").removesuffix(".00")
            result = is_agent or can_use(reader, Permission.READ_EVALUATIONS, item.recording.object)
    else:
        moment = moment_in_words(item.from_ms or 0, item.to_ms or 0)
    can_open = can_use(reader, Permission.OPEN_OBJECTS, item.recording.object)
    return ShownItem(item, title, score, moment, note, can_open, result)
