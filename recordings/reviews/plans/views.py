"""The pages of sampling plans."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from recordings.audit import Actor
from recordings.days import written_day
from recordings.exceptions import PortalError
from recordings.http import Request, page
from recordings.models import PlanGroup, PlanPeriod, Sample, SamplingPlan, ScorecardState
from recordings.nudge import nudge
from recordings.permissions import Permission
from recordings.policies import permission_required, reach
from recordings.reviews.evaluations import title_of
from recordings.reviews.plans import plans, queries
from recordings.reviews.plans.assigning import give_to_others
from recordings.reviews.plans.checkpoints import Waiting, seed_after
from recordings.reviews.plans.forms import DrawForm, PlanForm
from recordings.reviews.plans.freezing import freeze_sample
from recordings.reviews.plans.periods import first_day, last_day, period_at, period_before
from recordings.reviews.plans.tasks import advance_one


@require_safe
@permission_required(Permission.MANAGE_SAMPLING)
def plan_list(request: Request) -> HttpResponse:
    """List the plans whose recordings the person reaches."""
    rows = queries.visible_plans(request.user)
    return page(request, "reviews/plans/plans.html", {"plans": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_SAMPLING)
def new_plan(request: Request) -> HttpResponse:
    """Create a plan."""
    form = PlanForm(request.POST or None, reach=reach(request.user, Permission.MANAGE_SAMPLING))
    if request.method != "POST" or not form.is_valid():
        status = 422 if form.errors else 200
        return page(request, "reviews/plans/form.html", {"form": form}, status=status)
    created = plans.create_plan(values=form.cleaned_data, person=request.user, by=Actor.from_request(request))
    return redirect("plans:plan", created.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_SAMPLING)
def edit(request: Request, pk: UUID) -> HttpResponse:
    """Change a plan."""
    found = queries.plan_of(request.user, pk)
    form = PlanForm(request.POST or None, reach=reach(request.user, Permission.MANAGE_SAMPLING), plan=found)
    if request.method != "POST" or not form.is_valid():
        status = 422 if form.errors else 200
        return page(request, "reviews/plans/form.html", {"form": form, "plan": found}, status=status)
    plans.change_plan(
        plan=found, values=form.cleaned_data, person=request.user, by=Actor.from_request(request)
    )
    nudge(advance_one, str(pk))
    messages.success(request, gettext("The plan was changed. What was drawn before stays."))
    return redirect("plans:plan", pk)


@require_safe
@permission_required(Permission.MANAGE_SAMPLING)
def plan(request: Request, pk: UUID) -> HttpResponse:
    """Show a plan: what it draws, its scorers and its samples."""
    return _plan_page(request, queries.plan_of(request.user, pk), DrawForm())


@require_POST
@permission_required(Permission.MANAGE_SAMPLING)
def draw_now(request: Request, pk: UUID) -> HttpResponse:
    """Freeze a population now; it is drawn as soon as its checkpoint is there."""
    found, form = queries.plan_of(request.user, pk), DrawForm(request.POST)
    if not form.is_valid():
        return _plan_page(request, found, form, status=422)
    now = timezone.now()
    span = (
        period_at(found, now) if form.cleaned_data["span"] == DrawForm.CURRENT else period_before(found, now)
    )
    try:
        sample = freeze_sample(
            plan=found, span=span, by=Actor.from_request(request), reason=form.cleaned_data["reason"]
        )
    except PortalError as refusal:
        if refusal.status >= 500:
            raise
        form.add_error(None, str(refusal.sentence))
        return _plan_page(request, found, form, status=refusal.status)
    nudge(advance_one, str(pk))
    return redirect("plans:sample", sample.pk)


@require_POST
@permission_required(Permission.MANAGE_SAMPLING)
def give(request: Request, pk: UUID) -> HttpResponse:
    """Give the work that a scorer has not begun to the others."""
    found = queries.plan_of(request.user, pk)
    text = request.POST.get("person", "")
    person_id = int(text) if text.isdecimal() and len(text) < 10 else 0
    taken = give_to_others(plan=found, person_id=person_id, by=Actor.from_request(request))
    words = ngettext(
        "%(number)s assignment was taken from this person.",
        "%(number)s assignments were taken from this person.",
        taken,
    )
    messages.success(request, words % {"number": taken})
    return redirect("plans:plan", pk)


@require_POST
@permission_required(Permission.MANAGE_SAMPLING)
def end(request: Request, pk: UUID) -> HttpResponse:
    """End a plan."""
    found = queries.plan_of(request.user, pk)
    plans.end_plan(plan=found, person=request.user, by=Actor.from_request(request))
    messages.success(request, gettext("The plan has ended. Its open assignments stay."))
    return redirect("plans:plan", pk)


def _plan_page(request: Request, found: SamplingPlan, form: DrawForm, status: int = 200) -> HttpResponse:
    versions = list(found.scorecard.versions.defer("document").order_by("number"))
    context: dict[str, Any] = {
        "plan": found,
        "form": form,
        "title": title_of(versions[-1], get_language() or "en"),
        "has_active": any(version.state == ScorecardState.ACTIVE for version in versions),
        "period": PlanPeriod(found.period).label,
        "group": PlanGroup(found.group).label,
        "names": queries.names_of({"channels": found.channels, "teams": found.teams, "agents": found.agents}),
        "scorers": queries.scorer_rows(found),
        "samples": [
            _sample_row(sample)
            for sample in found.samples.select_related("plan").order_by("-frozen_at")[:100]
        ],
    }
    return page(request, "reviews/plans/plan.html", context, status=status)


def _sample_row(sample: Sample) -> dict[str, Any]:
    span = (sample.period_from, sample.period_until)
    waits = None if sample.drawn_at else seed_after(sample.frozen_event)
    return {
        "sample": sample,
        "first": written_day(first_day(sample.plan, span)),
        "last": written_day(last_day(sample.plan, span)),
        "waits": waits.sentence if isinstance(waits, Waiting) else "",
    }
