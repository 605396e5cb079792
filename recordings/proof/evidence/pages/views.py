"""Show the log: its status, its checkpoints, its witnesses and anchors, and the proof of an event."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from recordings.audit import Actor, Kind, Outcome, Target, record_committed
from recordings.audit.reading import log_reading
from recordings.db import BIGGEST_ID
from recordings.exceptions import PortalError
from recordings.http import Request, attachment, page
from recordings.models import Anchor, Checkpoint, Leaf
from recordings.paging import BY_NUMBER, number_in, start_by_number
from recordings.permissions import Permission
from recordings.policies import permission_required, reach
from recordings.proof.anchors.state import outside_parties
from recordings.proof.evidence.pages import checkpoint_history
from recordings.proof.evidence.pages.event_place import event_place
from recordings.proof.evidence.pages.log_status import listed_incidents, log_status
from recordings.proof.evidence.proofs import consistency, event_proof
from recordings.tlog.texts import encode64
from recordings.trail.examine import examine
from recordings.trail.queries import event_row
from recordings.trail.visible import is_visible


class NoSuchCheckpoint(PortalError):
    """There is no consistency proof between these sizes."""

    status = 404
    sentence = _(
        "There is no such proof: the log has no checkpoint of this size, or it is smaller than the one you kept. "
        "The size of a report's checkpoint is the second line of its checkpoint.txt."
    )


@require_safe
@permission_required(Permission.READ_TRAIL)
def strip(request: Request) -> HttpResponse:
    """Return the strip with the log's status, which open pages poll. It names nobody, so it is not logged."""
    return page(request, "evidence/_strip.html", {"log": log_status()})


@require_safe
@permission_required(Permission.READ_TRAIL)
def checkpoints(request: Request) -> HttpResponse:
    """List the checkpoints, newest first."""
    log_reading(by=Actor.from_request(request), target=Target("log", "log:checkpoints"))
    found = checkpoint_history.history(start_by_number(request.GET))
    context = {
        "found": found,
        "page": found.page,
        "shown": found.page.shown("checkpoints"),
        **found.page.urls(BY_NUMBER),
    }
    return page(request, "evidence/checkpoints.html", context, fragment="results")


@require_safe
@permission_required(Permission.READ_TRAIL)
def checkpoint(request: Request, size: int) -> HttpResponse:
    """Show a checkpoint: its signed note, its signatures and its anchors."""
    details = _details_or_404(size)
    log_reading(by=Actor.from_request(request), target=Target("checkpoint", f"checkpoint:{size}"))
    newest = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first()
    return page(
        request,
        "evidence/checkpoint.html",
        {"details": details, "newest": newest},
    )


@require_safe
@permission_required(Permission.READ_TRAIL)
def checkpoint_note(request: Request, size: int) -> HttpResponse:
    """Download the signed note with its cosignatures."""
    details = _details_or_404(size)
    log_reading(by=Actor.from_request(request), target=Target("checkpoint", f"checkpoint:{size}"))
    return _as_file(details.note, f"checkpoint-{size}.txt")


@require_safe
@permission_required(Permission.READ_TRAIL)
def consistency_proof(request: Request, old: int, size: int) -> HttpResponse:
    """Download the consistency proof from a smaller size to a checkpoint (a C2SP tlog-witness request body)."""
    details = _details_or_404(size)
    if not 0 < old <= size:
        raise Http404
    path = consistency(old, size)
    _record_proof_taken(request, Target("checkpoint", f"checkpoint:{size}"), {"old_size": old})
    lines = "".join(f"{encode64(node)}\n" for node in path)
    return _as_file(f"old {old}\n{lines}\n{details.note}", f"consistency-{old}-{size}.txt")


@require_safe
@permission_required(Permission.READ_TRAIL)
def consistency_to(request: Request) -> HttpResponse:
    """Redirect to the consistency proof between two sizes that a person typed. Raises NoSuchCheckpoint."""
    old, size = number_in(request.GET, "old"), number_in(request.GET, "size")
    if not 0 < old <= size or not Checkpoint.objects.filter(size=size).exists():
        raise NoSuchCheckpoint
    return redirect("evidence:consistency", size, old)


@require_safe
@permission_required(Permission.READ_TRAIL)
def anchor(request: Request, pk: int) -> HttpResponse:
    """Download the evidence of an anchor, such as a time stamp response."""
    anchor = Anchor.objects.filter(pk=pk).first()
    if anchor is None:
        raise Http404
    log_reading(by=Actor.from_request(request), target=Target("checkpoint", f"checkpoint:{anchor.size}"))
    name = f"{anchor.size}.tsr" if anchor.kind == "timestamp" else f"{anchor.kind}-{anchor.size}.txt"
    return _as_file(bytes(anchor.evidence), name, "application/octet-stream")


@require_safe
@permission_required(Permission.READ_TRAIL)
def outside(request: Request) -> HttpResponse:
    """Show the status of the log: witnesses, anchors, the last verification and incidents."""
    log_reading(by=Actor.from_request(request), target=Target("log", "log:witnesses"))
    status = log_status()
    waits_too_long = status.facts.unsealed_age > settings.AUDIT_LAG_ALARM_SECONDS
    context = {
        "parties": outside_parties(),
        "incidents": listed_incidents(),
        "log": status,
        "lag_level": "bad" if waits_too_long else "ok",
        "lag_note": gettext("alarm after %(seconds)s s") % {"seconds": settings.AUDIT_LAG_ALARM_SECONDS},
        "verified_note": gettext("everything recomputed in %(seconds)s s; no problem found")
        % {"seconds": f"{status.facts.verified_seconds:.1f}"},
    }
    return page(request, "evidence/outside.html", context)


@require_safe
@permission_required(Permission.READ_TRAIL)
def event_page(request: Request, event_id: UUID) -> HttpResponse:
    """Show an event: its bytes, its place in the log, its proof, and what that proves."""
    examined = examine(event_id, reach(request.user, Permission.READ_TRAIL))
    if examined is None:
        raise Http404
    log_reading(by=Actor.from_request(request), target=Target("event", f"event:{event_id}"))
    request_ref = str(examined.event.part("request").get("id", ""))
    context: dict[str, Any] = {
        "examined": examined,
        "row": event_row(examined.event, request.user),
        "request_ref": request_ref,
        "request_url": f"{reverse('trail:trail')}?{urlencode({'q': request_ref})}",
        "place": event_place(event_id),
    }
    return page(request, "evidence/event.html", context)


@require_safe
@permission_required(Permission.READ_TRAIL)
def proof(request: Request, event_id: UUID) -> HttpResponse:
    """Download the event's proof as a C2SP tlog-proof. The download is recorded before the response is sent."""
    readable = reach(request.user, Permission.READ_TRAIL)
    if not readable.is_everything and not is_visible(event_id, readable):
        raise Http404
    leaf = Leaf.objects.filter(event_id=event_id).first()
    if leaf is None:
        raise Http404
    text = event_proof(event_id)
    _record_proof_taken(request, Target("event", f"event:{event_id}"), {"leaf": leaf.n})
    return _as_file(text, f"{leaf.n:012}.tlog-proof")


def _record_proof_taken(request: Request, target: Target, detail: dict[str, Any]) -> None:
    record_committed(
        Kind.PROOF_TAKEN,
        by=Actor.from_request(request),
        target=target,
        outcome=Outcome.GRANTED,
        detail=detail,
    )


def _details_or_404(size: int) -> checkpoint_history.CheckpointDetails:
    details = checkpoint_history.checkpoint_details(size) if size <= BIGGEST_ID else None
    if details is None:
        raise Http404
    return details


def _as_file(content: str | bytes, name: str, kind: str = "text/plain; charset=utf-8") -> HttpResponse:
    return attachment(HttpResponse(content, content_type=kind), name)
