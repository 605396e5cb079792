"""My work: what a person is to evaluate, due first."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from recordings.audit import Actor
from recordings.http import Request, page
from recordings.models import Assignment
from recordings.permissions import Permission
from recordings.policies import permission_required
from recordings.reviews.plans import work
from recordings.reviews.plans.drawing import skip_pick
from recordings.reviews.plans.errors import UnknownAssignment
from recordings.reviews.plans.forms import ReasonForm

SHOWN = 200


@require_safe
@permission_required(Permission.EVALUATE)
def todo(request: Request) -> HttpResponse:
    """List the person's open assignments."""
    return _todo_page(request)


@require_POST
@permission_required(Permission.EVALUATE)
def begin(request: Request, pk: UUID) -> HttpResponse:
    """Begin an assignment, or go on with it."""
    evaluation = work.begin_assignment(
        assignment=_own(request, pk), person=request.user, by=Actor.from_request(request)
    )
    return redirect("reviews:evaluation", evaluation.pk)


@require_POST
@permission_required(Permission.EVALUATE)
def skip(request: Request, pk: UUID) -> HttpResponse:
    """Skip an assignment with a reason."""
    assignment, form = _own(request, pk), ReasonForm(request.POST)
    if not form.is_valid():
        return _todo_page(request, refused=pk, status=422)
    skip_pick(pick=assignment.pick, reason=form.cleaned_data["reason"], by=Actor.from_request(request))
    messages.success(request, gettext("Skipped. The next recording by rank replaces it, if there is one."))
    return redirect("plans:todo")


def _todo_page(request: Request, *, refused: UUID | None = None, status: int = 200) -> HttpResponse:
    rows = list(work.listed_work(request.user, SHOWN))
    context = {"rows": rows, "now": timezone.now(), "refused": refused}
    return page(request, "reviews/plans/todo.html", context, status=status)


def _own(request: Request, pk: UUID) -> Assignment:
    """Return an open assignment of the person. Raises UnknownAssignment."""
    found = work.open_work(request.user).select_related("pick__sample__plan").filter(pk=pk).first()
    if found is None:
        raise UnknownAssignment
    return found
