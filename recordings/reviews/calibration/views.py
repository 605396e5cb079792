"""The pages of calibrations: create, score blind, compare side by side, discuss, agree; scorers over time."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from recordings.audit import Actor, Kind, Outcome, Target, record_once
from recordings.http import Request, page
from recordings.models import ScorecardVersion
from recordings.permissions import Permission
from recordings.policies import can, check_not_own_call, permission_required
from recordings.reviews.calibration import actions
from recordings.reviews.calibration.compared import Compared
from recordings.reviews.calibration.distances import lines_of, top_of
from recordings.reviews.calibration.errors import UnknownCalibration
from recordings.reviews.calibration.forms import CommentForm, NewCalibrationForm
from recordings.reviews.calibration.queries import Progress, calibrations_of, progress_of
from recordings.reviews.evaluations import title_of

SHOWN = 100
_USUAL = timedelta(days=7)


@require_safe
@permission_required(Permission.EVALUATE)
def calibration_list(request: Request) -> HttpResponse:
    """List the calibrations in which the person takes part or that they manage."""
    language = _language()
    rows = [
        {
            "progress": progress,
            "title": title_of(progress.row.version, language),
            "to_score": len(progress.to_score(request.user)),
        }
        for progress in calibrations_of(request.user, SHOWN)
    ]
    context = {"rows": rows, "may_create": can(request.user, Permission.MANAGE_CALIBRATION)}
    return page(request, "reviews/calibration/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_CALIBRATION)
def new(request: Request) -> HttpResponse:
    """Choose scorecard, recordings, participants and a day; POST creates the calibration."""
    if request.method != "POST":
        initial = {
            "recordings": request.GET.get("recording", "")[:200],
            "due_on": timezone.localdate() + _USUAL,
        }
        form = NewCalibrationForm(manager=request.user, initial=initial)
        return page(request, "reviews/calibration/new.html", {"form": form})
    form = NewCalibrationForm(request.POST, manager=request.user)
    if not form.is_valid():
        return page(request, "reviews/calibration/new.html", {"form": form}, status=422)
    row = actions.create_calibration(
        version=ScorecardVersion.objects.get(pk=form.cleaned_data["version"]),
        recordings=form.found,
        people=form.people,
        due_at=form.cleaned_data["due_at"],
        person=request.user,
        by=Actor.from_request(request),
    )
    messages.success(request, gettext("The calibration was created."))
    return redirect("calibration:calibration", row.pk)


@require_safe
@permission_required(Permission.EVALUATE)
def calibration(request: Request, pk: UUID) -> HttpResponse:
    """Show the progress; once scoring has ended, the answers side by side, which is an event."""
    progress = _progress(request, pk)
    compared = None
    if progress.is_revealed:
        by, target = Actor.from_request(request), actions.target_of(progress.row)
        record_once(
            Kind.CALIBRATION_OPENED,
            by=by,
            act={"calibration": str(pk)},
            target=target,
            outcome=Outcome.GRANTED,
        )
        compared = Compared.of(progress, _language())
    left = {recording.pk for recording in progress.to_score(request.user)}
    context = {
        "progress": progress,
        "title": title_of(progress.row.version, _language()),
        "compared": compared,
        "scoring": [
            (recording, recording.pk in left, (request.user.pk, recording.pk) in progress.submitted)
            for recording in progress.recordings
        ],
        "takes_part": progress.has(request.user),
        "people": [
            (person, sum(person.pk == other for other, _recording in progress.submitted))
            for person in progress.people
        ],
        "may_manage": progress.may_be_managed_by(request.user),
    }
    return page(request, "reviews/calibration/calibration.html", context)


@require_POST
@permission_required(Permission.EVALUATE)
def score(request: Request, pk: UUID) -> HttpResponse:
    """Begin the person's blind evaluation of one recording, or go on with it."""
    progress = _progress(request, pk)
    row = actions.begin_score(
        progress=progress, recording=_uuid(request), person=request.user, by=Actor.from_request(request)
    )
    return redirect("reviews:evaluation", row.pk)


@require_POST
@permission_required(Permission.MANAGE_CALIBRATION)
def close(request: Request, pk: UUID) -> HttpResponse:
    """End scoring before all submitted."""
    progress = _managed(request, pk)
    actions.close_scoring(progress=progress, person=request.user, by=Actor.from_request(request))
    messages.success(request, gettext("Scoring was closed."))
    return redirect("calibration:calibration", pk)


@require_POST
@permission_required(Permission.EVALUATE)
def comment(request: Request, pk: UUID) -> HttpResponse:
    """Comment on a question."""
    progress, form = _progress(request, pk), CommentForm(request.POST)
    if form.is_valid():
        actions.add_comment(
            progress=progress,
            recording=form.cleaned_data["recording"],
            question=form.cleaned_data["question"],
            text=form.cleaned_data["comment"],
            person=request.user,
            by=Actor.from_request(request),
        )
    else:
        messages.error(request, gettext("Write a comment of at most 2,000 characters. Nothing was saved."))
    return redirect("calibration:calibration", pk)


@require_POST
@permission_required(Permission.MANAGE_CALIBRATION)
def agree(request: Request, pk: UUID) -> HttpResponse:
    """Begin the agreed card of one recording, or go on with it."""
    progress = _managed(request, pk)
    row = actions.begin_agreed_card(
        progress=progress, recording=_uuid(request), person=request.user, by=Actor.from_request(request)
    )
    return redirect("reviews:evaluation", row.pk)


@require_safe
@permission_required(Permission.EVALUATE)
def scorers(request: Request) -> HttpResponse:
    """Show each scorer's distance from the agreed cards over time: a manager all, a participant their own."""
    lines = lines_of(request.user)
    return page(request, "reviews/calibration/scorers.html", {"lines": lines, "top": top_of(lines)})


def _progress(request: Request, pk: UUID) -> Progress:
    """Return a calibration that the person may see. Raises UnknownCalibration and OwnCall."""
    progress = progress_of(request.user, pk)
    for recording in progress.recordings:
        check_not_own_call(request, recording.object, target=Target.of(recording))
    return progress


def _managed(request: Request, pk: UUID) -> Progress:
    progress = _progress(request, pk)
    if not progress.may_be_managed_by(request.user):
        raise UnknownCalibration
    return progress


def _uuid(request: Request) -> UUID:
    try:
        return UUID(request.POST.get("recording", ""))
    except ValueError:
        raise UnknownCalibration from None


def _language() -> str:
    return get_language() or "en"
