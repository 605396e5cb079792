"""An agent's page: the recordings of their own calls, and who watched them. Nothing can be played there."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from recordings.audit import Actor, Kind
from recordings.audit.once import record_once
from recordings.http import Request, page
from recordings.models import Recording, Viewing
from recordings.paging import PAGE
from recordings.permissions import Permission
from recordings.playback.queries import ViewingRow
from recordings.playback.spans import total_ms
from recordings.policies import permission_required, reach
from recordings.reach import Reach


@dataclass(frozen=True, slots=True)
class OwnCall:
    """A recording of the person's own call, with the newest viewings of it."""

    id: UUID
    object_id: int
    shown_at: datetime
    duration_seconds: int | None
    viewings: list[ViewingRow]


@require_safe
@permission_required(Permission.READ_OWN_CALLS)
def own_calls(request: Request) -> HttpResponse:
    """List the newest recordings of the person's own calls, each with who watched it. Reading it is an event."""
    record_once(Kind.OWN_CALLS_VIEWED, by=Actor.from_request(request), act={})
    calls = calls_in(reach(request.user, Permission.READ_OWN_CALLS))
    context: dict[str, Any] = {
        "calls": calls,
        "is_linked": request.user.linked_agent_id is not None,
        "most": PAGE,
    }
    return page(request, "playback/own_calls.html", context)


def calls_in(reach: Reach) -> list[OwnCall]:
    """Read the newest recordings in reach, at most a page, and their viewings: two queries."""
    of_agent = Recording.objects.filter(reach.q("object__")).order_by("-shown_at", "-id")
    rows = list(of_agent.values_list("id", "object_id", "shown_at", "duration_seconds")[:PAGE])
    viewings: dict[UUID, list[ViewingRow]] = defaultdict(list)
    watched = Viewing.objects.filter(recording__in=[row[0] for row in rows]).select_related("viewer")
    for viewing in watched.order_by("-started_at", "-id"):
        viewings[viewing.recording_id].append(
            ViewingRow(
                viewer_id=viewing.viewer_id,
                viewer_name=viewing.viewer.display_name,
                short_id=viewing.short_id,
                purpose=viewing.purpose,
                started_at=viewing.started_at,
                ended=viewing.ended_at is not None,
                seconds=total_ms(viewing.watched) // 1000,
            )
        )
    return [OwnCall(pk, of, at, seconds, viewings[pk]) for pk, of, at, seconds in rows]
