"""The sealed log for people: how it stands, its checkpoints, who outside holds them, one event's proof."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from recordings.audit import Actor, Kind, Outcome, Target, record_committed
from recordings.audit.reading import log_reading
from recordings.db import BIGGEST_ID
from recordings.exceptions import PortalError
from recordings.http import Request, attachment, page
from recordings.models import Anchor, Checkpoint, Leaf
from recordings.paging import BY_NUMBER, number_in, start_by_number
from recordings.permissions import Permission
from recordings.policies import permission_required
from recordings.proof.anchors.state import outside_parties
from recordings.proof.evidence.pages import checkpoint_history
from recordings.proof.evidence.pages.event_place import event_place
from recordings.proof.evidence.pages.log_status import listed_incidents, log_status
from recordings.proof.evidence.proofs import consistency, event_proof
from recordings.tlog.texts import encode64
from recordings.trail.examine import examine
from recordings.trail.queries import event_row


class NoSuchCheckpoint(PortalError):
    """Nothing can lead from there to there."""

    status = 404
    sentence = (
        "No proof leads there: the log has no checkpoint of that size, or it is smaller than the one you kept. "
        "The size of a report's checkpoint is the second line of its checkpoint.txt."
    )


@require_safe
@permission_required(Permission.READ_TRAIL)
def strip(request: Request) -> HttpResponse:
    """The strip with the log's status, polled by a page that stays open. It names nobody, so it is no reading."""
    return page(request, "evidence/_strip.html", {"log": log_status()})


@require_safe
@permission_required(Permission.READ_TRAIL)
def checkpoints(request: Request) -> HttpResponse:
    """All checkpoints, newest first."""
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
    """One checkpoint: its text, who signed it, where it was put."""
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
    """The signed note with all cosignatures, as a file."""
    details = _details_or_404(size)
    log_reading(by=Actor.from_request(request), target=Target("checkpoint", f"checkpoint:{size}"))
    return _as_file(details.note, f"checkpoint-{size}.txt")


@require_safe
@permission_required(Permission.READ_TRAIL)
def consistency_proof(request: Request, old: int, size: int) -> HttpResponse:
    """That the log of one size began with the log of a smaller one, in the form a witness is asked with."""
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
    """From a kept checkpoint to the one of a report, whose size somebody typed: to the proof, or a sentence."""
    old, size = number_in(request.GET, "old"), number_in(request.GET, "size")
    if not 0 < old <= size or not Checkpoint.objects.filter(size=size).exists():
        raise NoSuchCheckpoint
    return redirect("evidence:consistency", size, old)


@require_safe
@permission_required(Permission.READ_TRAIL)
def anchor(request: Request, pk: int) -> HttpResponse:
    """What came back when a checkpoint was anchored: a time stamp's token, say."""
    anchor = Anchor.objects.filter(pk=pk).first()
    if anchor is None:
        raise Http404
    log_reading(by=Actor.from_request(request), target=Target("checkpoint", f"checkpoint:{anchor.size}"))
    name = f"{anchor.size}.tsr" if anchor.kind == "timestamp" else f"{anchor.kind}-{anchor.size}.txt"
    return _as_file(bytes(anchor.evidence), name, "application/octet-stream")


@require_safe
@permission_required(Permission.READ_TRAIL)
def outside(request: Request) -> HttpResponse:
    """Witnesses, anchors and incidents."""
    log_reading(by=Actor.from_request(request), target=Target("log", "log:witnesses"))
    status = log_status()
    waits_too_long = status.facts.unsealed_age > settings.AUDIT_LAG_ALARM_SECONDS
    context = {
        "parties": outside_parties(),
        "incidents": listed_incidents(),
        "log": status,
        "lag_level": "bad" if waits_too_long else "ok",
        "lag_note": f"somebody should look after {settings.AUDIT_LAG_ALARM_SECONDS} s",
        "verified_note": f"everything recomputed in {status.facts.verified_seconds:.1f} s, nothing wrong",
    }
    return page(request, "evidence/outside.html", context)


@require_safe
@permission_required(Permission.READ_TRAIL)
def event_page(request: Request, event_id: UUID) -> HttpResponse:
    """One event: its exact bytes, its place in the log, its proof, and what that proves."""
    examined = examine(event_id)
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
    """The event's proof as a C2SP tlog-proof. Taking it is an event, written before it leaves."""
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
