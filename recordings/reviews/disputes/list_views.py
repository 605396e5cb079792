"""The lists of results: of everybody in reach, and an agent's own. They name people, so reading one is an event."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from recordings.audit import Actor, Kind, record_once
from recordings.http import Request, page
from recordings.paging import BY_TIME, start_by_time
from recordings.permissions import Permission
from recordings.policies import permission_required, reach
from recordings.reviews.disputes.results import ResultsForm, own_results, results_in, results_page


@require_safe
@permission_required(Permission.READ_EVALUATIONS)
def results(request: Request) -> HttpResponse:
    """List the submitted evaluations in reach."""
    within = reach(request.user, Permission.READ_EVALUATIONS)
    form = ResultsForm(request.GET, within=within)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        rows = results_in(within, not_of=request.user.own_agent_ids).filter(form.q)
        found = results_page(rows, start_by_time(request.GET), request.user)
        record_once(
            Kind.EVALUATIONS_LISTED,
            by=Actor.from_request(request),
            act={"filters": form.query()},
            detail={"found": found.count},
        )
        context |= {
            "rows": found.rows,
            "shown": found.shown("evaluations"),
            **found.urls(BY_TIME, form.query()),
        }
    return page(request, "reviews/disputes/results.html", context, status=200 if form.is_valid() else 400)


@require_safe
@permission_required(Permission.READ_OWN_CALLS)
def own_reviews(request: Request) -> HttpResponse:
    """List the released evaluations of the person's own calls."""
    record_once(Kind.OWN_EVALUATIONS_VIEWED, by=Actor.from_request(request), act={})
    found = results_page(
        own_results(reach(request.user, Permission.READ_OWN_CALLS)), start_by_time(request.GET), request.user
    )
    context = {
        "rows": found.rows,
        "shown": found.shown("evaluations"),
        "is_linked": request.user.linked_agent_id is not None,
        **found.urls(BY_TIME),
    }
    return page(request, "reviews/disputes/own_reviews.html", context)
