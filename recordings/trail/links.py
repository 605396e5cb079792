"""Where the names in an event lead: the page that a reader may open, else plain text."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse

from recordings.models import AuditEvent, CommBoxObject, Recording
from recordings.permissions import Permission
from recordings.policies import can, reach
from recordings.reach import EVERYTHING, Reach
from recordings.trail.visible import visible_in

# Where a ref leads: the page, and the right that opens it.
_PAGES = {
    "object": ("catalog:object", Permission.OPEN_OBJECTS),
    "recording": ("playback:recording", Permission.OPEN_OBJECTS),
    "user": ("trail:person", Permission.READ_TRAIL),
    "report": ("reports:report", Permission.EXPORT_REPORTS),
    "statement": ("assurance:statement", Permission.VIEW_ASSURANCE),
    "scorecard": ("reviews:scorecard", Permission.MANAGE_SCORECARDS),
    "calibration": ("calibration:calibration", Permission.EVALUATE),
    "plan": ("plans:plan", Permission.MANAGE_SAMPLING),
    "sample": ("plans:sample", Permission.MANAGE_SAMPLING),
    "event": ("evidence:event", Permission.READ_TRAIL),
    "checkpoint": ("evidence:checkpoint", Permission.READ_TRAIL),
}


class Links:
    """Addresses for one reader; without a reader, everything is linked."""

    def __init__(self, viewer: Any = None, refs: Iterable[str] = ()) -> None:
        """`refs`: all that will be asked for, so that a reader with a scope costs one query for each kind."""
        self.may = {right for right in Permission if viewer is None or can(viewer, right)}
        self.own = f"user:{viewer.pk}" if viewer is not None else ""
        self._closed = frozenset() if viewer is None else _closed(viewer, set(refs))

    def to(self, ref: str) -> str:
        """Return the address of what a ref names; for readers without its right, the trail filtered by it.

        Empty for what lies outside the scope of the reader's right: its page answers as if there were no such thing.
        """
        kind, _, key = ref.partition(":")
        name, right = _PAGES.get(kind, ("", None))
        if not name or not key or ref in self._closed:
            return ""
        if right in self.may or ref == self.own:
            try:
                return reverse(name, args=[key])
            except NoReverseMatch:  # a ref that names nothing: anything may stand in an event
                return ""
        if kind in ("object", "recording") and Permission.READ_TRAIL in self.may:
            return f"{reverse('trail:trail')}?q={key}"
        return ""

    def to_viewing(self, name: str) -> str:
        """Return the address of all events of a viewing."""
        if not name or Permission.READ_TRAIL not in self.may:
            return ""
        return f"{reverse('trail:trail')}?q={name}"


def _closed(viewer: Any, refs: set[str]) -> frozenset[str]:
    """Return those of these refs that the scope of a reader's right leaves out."""
    closed: set[str] = set()
    for kind, (_name, right) in _PAGES.items():
        of_kind = {ref for ref in refs if ref.startswith(f"{kind}:")}
        within = reach(viewer, right) if of_kind else EVERYTHING
        if within.is_everything or within.is_nothing:
            continue
        if kind == "statement":  # about all channels
            closed |= of_kind
        elif kind in ("object", "recording", "event"):
            closed |= of_kind - _open(kind, of_kind, within)
    return frozenset(closed)


def _open(kind: str, refs: set[str], within: Reach) -> set[str]:
    keys: QuerySet[Any, Any]
    if kind == "object":
        numbers = [int(key) for ref in refs if (key := ref[7:]).isascii() and key.isdigit() and len(key) < 19]
        keys = CommBoxObject.objects.filter(within.q(), pk__in=numbers).values_list("pk", flat=True)
    elif kind == "recording":
        keys = Recording.objects.filter(within.q("object__"), pk__in=_uuids(refs)).values_list(
            "pk", flat=True
        )
    else:
        events = AuditEvent.objects.filter(visible_in(within), event_id__in=_uuids(refs))
        keys = events.values_list("event_id", flat=True)
    return {f"{kind}:{key}" for key in keys}


def _uuids(refs: set[str]) -> list[UUID]:
    found = []
    for ref in refs:
        with suppress(ValueError):
            found.append(UUID(ref.partition(":")[2]))
    return found
