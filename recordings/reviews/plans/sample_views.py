"""The page of a sample: what it was drawn from and how, in sentences; drawn again; exported."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from recordings.audit import Actor, Kind, Outcome, Target, record_committed, record_once
from recordings.days import written_day
from recordings.http import Request, attachment, page
from recordings.models import PlanGroup, Sample, SamplePick
from recordings.permissions import Permission
from recordings.policies import check_not_own_call, permission_required
from recordings.reviews.plans import queries
from recordings.reviews.plans.assigning import reassign, taken_in
from recordings.reviews.plans.checkpoints import Waiting, seed_after
from recordings.reviews.plans.drawing import Again, draw_again, skip_pick
from recordings.reviews.plans.errors import CannotTake, UnknownSample
from recordings.reviews.plans.export import write_export
from recordings.reviews.plans.forms import ReasonForm
from recordings.reviews.plans.freezing import target_of
from recordings.reviews.plans.periods import first_day, last_day

# Of what the strata of a sample are, by the plan's group.
STRATA = {
    PlanGroup.ALL: gettext_lazy("one for all"),
    PlanGroup.AGENT: gettext_lazy("one for each agent"),
    PlanGroup.TEAM: gettext_lazy("one for each team"),
    PlanGroup.CHANNEL: gettext_lazy("one for each channel"),
}


@require_safe
@permission_required(Permission.MANAGE_SAMPLING)
def sample(request: Request, pk: UUID) -> HttpResponse:
    """Show a sample. It names recordings and agents, so opening it is an event."""
    return _sample_page(request, queries.sample_of(request.user, pk))


@require_safe
@permission_required(Permission.MANAGE_SAMPLING)
def again(request: Request, pk: UUID) -> HttpResponse:
    """Show a sample with its picks computed again from the record."""
    found = queries.sample_of(request.user, pk)
    return _sample_page(request, found, again=draw_again(found) if found.drawn_at else None)


@require_safe
@permission_required(Permission.MANAGE_SAMPLING)
def export(request: Request, pk: UUID) -> HttpResponseBase:
    """Download a drawn sample with all that is needed to draw it again. The event is committed first."""
    found = queries.sample_of(request.user, pk)
    if not found.drawn_at:
        raise UnknownSample
    file, digest = write_export(found)
    record_committed(
        Kind.SAMPLE_EXPORTED,
        by=Actor.from_request(request),
        target=target_of(found),
        outcome=Outcome.GRANTED,
        detail={"sha256": digest},
    )
    response = FileResponse(file, content_type="application/zip")
    return attachment(response, f"sample-{found.pk}.zip")


@require_POST
@permission_required(Permission.MANAGE_SAMPLING)
def skip(request: Request, pk: UUID, pick_pk: UUID) -> HttpResponse:
    """Skip a pick with a reason."""
    found = queries.sample_of(request.user, pk)
    pick, form = _pick(request, found, pick_pk), ReasonForm(request.POST)
    if not form.is_valid():
        return _sample_page(request, found, problem=gettext("Give a reason."), status=422)
    skip_pick(pick=pick, reason=form.cleaned_data["reason"], by=Actor.from_request(request))
    messages.success(request, gettext("Skipped. The next recording by rank replaces it, if there is one."))
    return redirect("plans:sample", pk)


@require_POST
@permission_required(Permission.MANAGE_SAMPLING)
def assign(request: Request, pk: UUID, pick_pk: UUID) -> HttpResponse:
    """Give a pick to a scorer."""
    found = queries.sample_of(request.user, pk)
    pick, text = _pick(request, found, pick_pk), request.POST.get("person", "")
    people = get_user_model().objects
    person = people.filter(pk=int(text)).first() if text.isdecimal() and len(text) < 10 else None
    try:
        if person is None:
            raise CannotTake
        reassign(pick=pick, person=person, by=Actor.from_request(request))
    except CannotTake as refusal:
        return _sample_page(request, found, problem=str(refusal.sentence), status=refusal.status)
    messages.success(request, gettext("Assigned, with a new due date."))
    return redirect("plans:sample", pk)


def _sample_page(
    request: Request,
    found: Sample,
    *,
    again: Again | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    detail = {"sample": str(found.pk)}
    by = Actor.from_request(request)
    record_once(Kind.SAMPLE_VIEWED, by=by, act=detail, target=target_of(found), outcome=Outcome.GRANTED)
    span = (found.period_from, found.period_until)
    waits = None if found.drawn_at else seed_after(found.frozen_event)
    picks, (number, done) = queries.pick_rows(found, taken_in(found)), queries.count_picks(found)
    context: dict[str, Any] = {
        "sample": found,
        "plan": found.plan,
        "first": written_day(first_day(found.plan, span)),
        "last": written_day(last_day(found.plan, span)),
        "strata": STRATA[PlanGroup(found.filters["group"])],
        "names": queries.names_of(found.filters),
        "waits": waits.sentence if isinstance(waits, Waiting) else "",
        "witnesses": [line.split(" ")[1] for line in found.seed_lines.splitlines() if " " in line],
        "draws": queries.draws_of(found),
        "picks": picks,
        "number": number,
        "done": done,
        "skips": queries.skip_rows(found),
        "again": again,
        "problem": problem,
        "may_read_evaluations": request.user.has_permission(Permission.READ_EVALUATIONS),
    }
    return page(request, "reviews/plans/sample.html", context, status=status)


def _pick(request: Request, found: Sample, pk: UUID) -> SamplePick:
    """Return a pick of a sample. Raises UnknownSample, and OwnCall for a call of the person's own."""
    pick = found.picks.select_related("recording__object", "sample").filter(pk=pk).first()
    if pick is None:
        raise UnknownSample
    check_not_own_call(request, pick.recording.object, target=Target.of(pick.recording))
    return pick
