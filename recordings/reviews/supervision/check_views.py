"""Spot checks: draw closed items, review them a second time; and the evidence of review."""

import hashlib
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from recordings.audit import Actor, Kind, Outcome, record_committed
from recordings.audit.once import record_once
from recordings.http import Request, attachment, page
from recordings.models import SpotCheck, SpotDraw
from recordings.nudge import nudge
from recordings.permissions import Permission
from recordings.playback.queries import watched_of
from recordings.policies import can, can_use, permission_required
from recordings.reviews.plans.checkpoints import Waiting, seed_after
from recordings.reviews.supervision import checks
from recordings.reviews.supervision.errors import (
    CheckedAlready,
    NothingToDraw,
    NotSecond,
    Overtaken,
    UnknownCheck,
)
from recordings.reviews.supervision.forms import DrawForm, EvidenceForm, VerdictForm
from recordings.reviews.supervision.tasks import draw_spot_checks
from recordings.reviews.supervision.views import item_in_reach, item_page

SHOWN, DRAWS_SHOWN = 100, 20


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.SUPERVISE)
def spot_checks(request: Request) -> HttpResponse:
    """List the draws and the person's open spot checks; POST freezes a population to draw from."""
    form = DrawForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            checks.freeze_draw(**form.cleaned_data, person=request.user, by=Actor.from_request(request))
        except NothingToDraw as refusal:
            form.add_error(None, str(refusal.sentence))
        else:
            nudge(draw_spot_checks)
            messages.success(
                request, gettext("The closed items are frozen. They are drawn with the next checkpoint.")
            )
            return redirect("supervision:checks")
    record_once(Kind.SUPERVISION_OPENED, by=Actor.from_request(request), act={"checks": ""})
    draws = checks.draws_of(request.user)[:DRAWS_SHOWN]
    context = {
        "form": form,
        "draws": [_shown(row) for row in draws],
        "checks": checks.checks_to_do(request.user)[:SHOWN],
    }
    return page(request, "reviews/supervision/checks.html", context, status=422 if form.errors else 200)


@require_POST
@permission_required(Permission.SUPERVISE)
def verdict(request: Request, pk: UUID) -> HttpResponse:
    """Agree or disagree with what was decided about an item."""
    row = (
        SpotCheck.objects.select_related("disposition", "item__recording__object__stream")
        .filter(pk=pk)
        .first()
    )
    if row is None or not can_use(request.user, Permission.SUPERVISE, row.item.recording.object):
        raise UnknownCheck
    item = item_in_reach(request, row.item_id)
    form = VerdictForm(request.POST, watched=watched_of(item.recording_id, request.user.pk).mine)
    if not form.is_valid():
        return item_page(request, item, verdict=form, status=422)
    row.item = item
    try:
        checks.give_verdict(
            spot_check=row, **form.facts(), person=request.user, by=Actor.from_request(request)
        )
    except (CheckedAlready, NotSecond, Overtaken) as refusal:
        return item_page(request, item, verdict=form, refusal=refusal, status=refusal.status)
    messages.success(request, gettext("The spot check was recorded."))
    return redirect("supervision:item", item.pk)


@require_safe
@permission_required(Permission.SUPERVISE)
def draw_file(request: Request, pk: UUID, name: str) -> HttpResponse:
    """Download a file with which a draw is computed again: its population or its lines. The event comes first."""
    row = get_object_or_404(checks.draws_of(request.user), pk=pk)
    data = {"population.tsv": row.population, "lines.txt": row.lines}.get(name)
    if data is None:
        raise Http404
    record_committed(
        Kind.SAMPLE_EXPORTED,
        by=Actor.from_request(request),
        target=checks.target_of(row.pk),
        outcome=Outcome.GRANTED,
        detail={"sha256": hashlib.sha256(data).hexdigest()},
    )
    response = HttpResponse(bytes(data), content_type="text/plain; charset=utf-8")
    return attachment(response, name)


@require_safe
@permission_required(Permission.SUPERVISE)
def evidence(request: Request) -> HttpResponse:
    """Choose a period and who reviewed: the report and the bundle that prove the review are requested from here."""
    people = get_user_model().objects.holding(Permission.SUPERVISE).order_by("full_name", "username")
    form = EvidenceForm(request.GET or None, people=people)
    links: list[tuple[str, str]] = []
    if form.is_valid() and can(request.user, Permission.EXPORT_REPORTS):
        chosen = form.chosen()
        links = [
            (gettext("Evidence of review"), _report(**chosen, report="review", format="xlsx")),
            (
                gettext("Evidence bundle of the same events"),
                _report(**chosen, report="events", format="bundle"),
            ),
        ]
    context = {
        "form": form,
        "links": links,
        "may_export": can(request.user, Permission.EXPORT_REPORTS),
    }
    return page(request, "reviews/supervision/evidence.html", context, status=400 if form.errors else 200)


def _report(**values: str) -> str:
    given = {name: value for name, value in values.items() if value}
    return f"{reverse('reports:list')}?{urlencode(given)}#new"


def _shown(row: SpotDraw) -> dict[str, Any]:
    """Return a draw with what it waits for, and how its checks ended."""
    waits = seed_after(row.event_id) if row.drawn_at is None else None
    verdicts: list[bool | None] = list(row.checks.values_list("verdict__agrees", flat=True))
    return {
        "row": row,
        "waits": waits.sentence if isinstance(waits, Waiting) else "",
        "self_drawn": row.drawn_at is not None and checks.is_self_drawn(row),
        "agrees": verdicts.count(True),
        "disagrees": verdicts.count(False),
        "open": verdicts.count(None),
    }
