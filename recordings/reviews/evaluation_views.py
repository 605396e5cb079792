"""The pages on which recordings are evaluated: choose a scorecard, answer beside the player, submit, change."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from recordings.audit import Actor, Kind, Outcome, Purpose, Target, record_committed
from recordings.http import Request, page
from recordings.models import Evaluation, Recording, ScorecardState, ScorecardVersion
from recordings.permissions import Permission
from recordings.playback.forms import ViewingForm, remembered_purpose
from recordings.playback.player_page import PlayerPage
from recordings.playback.policies import usable_recording
from recordings.playback.queries import watched_of
from recordings.policies import can_use, check_not_own_call, permission_required
from recordings.reviews import evaluations, queries
from recordings.reviews.answered import Fields, only_answers, read_fields
from recordings.reviews.evaluation_page import Live, parts_of, scores_of, typed_of
from recordings.reviews.evaluations import Incomplete, UnknownEvaluation, form_of, title_of

PAGE = "reviews/evaluation.html"
LONGEST_REASON = 500
SHOWN = 100


@require_safe
@permission_required(Permission.EVALUATE)
def evaluation_list(request: Request) -> HttpResponse:
    """List the person's own evaluations, open ones first."""
    rows: Any = queries.evaluations_of(request.user, SHOWN)
    language = _language()
    lines = [
        {
            "row": row,
            "title": title_of(row.version, language),
            "score": (row.newest_score or "").removesuffix(".00"),
        }
        for row in rows
    ]
    return page(request, "reviews/evaluations.html", {"rows": lines})


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.EVALUATE)
def evaluate(request: Request, pk: UUID) -> HttpResponse:
    """Choose a scorecard for a recording; POST begins the evaluation."""
    recording = _recording(request, pk)
    if request.method == "POST":
        version = queries.version_of(_uuid(request.POST.get("version", "")))
        evaluation = evaluations.begin_evaluation(
            recording=recording, version=version, scorer=request.user, by=Actor.from_request(request)
        )
        return redirect("reviews:evaluation", evaluation.pk)
    language = _language()
    active = ScorecardVersion.objects.defer("document").filter(state=ScorecardState.ACTIVE).order_by("pk")
    context = {
        "recording": recording,
        "may_calibrate": can_use(request.user, Permission.MANAGE_CALIBRATION, recording.object),
        "versions": [(version, title_of(version, language)) for version in active],
    }
    return page(request, "reviews/evaluate.html", context)


@require_safe
@permission_required(Permission.EVALUATE)
def evaluation(request: Request, pk: UUID) -> HttpResponse:
    """Show the form beside the player; with `?change` the form to change what was submitted.

    A submitted evaluation is on the page of results. A submitted one in a calibration is no result, and is shown here.
    """
    row = _own(request, pk)
    if not row.is_open and row.calibration_id is None and "change" not in request.GET:
        return redirect("disputes:result", pk)
    if row.is_blind and row.is_open and row.calibration.closed_at:  # type: ignore[union-attr]
        return redirect("calibration:calibration", row.calibration_id)
    target = Target.of(row.recording)
    record_committed(
        Kind.RECORDING_OPENED, by=Actor.from_request(request), target=target, outcome=Outcome.GRANTED
    )
    if row.is_open:
        return _page(request, row, row.typed)
    newest = row.scores.order_by("-number").first()
    is_change = newest is not None and "change" in request.GET and not row.is_blind
    return _page(request, row, typed_of(newest) if newest and is_change else {}, is_change=is_change)


@require_POST
@permission_required(Permission.EVALUATE)
def save(request: Request, pk: UUID) -> HttpResponse:
    """Save what was typed; with htmx answer with what stands beside the form."""
    row, fields = _own(request, pk), dict(request.POST.lists())
    saved = evaluations.save_evaluation(
        evaluation=row, fields=fields, base=_number(request.POST.get("base", ""))
    )
    row.refresh_from_db()
    if not request.htmx:
        return redirect("reviews:evaluation", pk)
    return _page(request, row, row.typed, fragment="live", replaced=saved.replaced)


@require_POST
@permission_required(Permission.EVALUATE)
def other(request: Request, pk: UUID) -> HttpResponse:
    """Take back what was saved over; what is saved now is kept in its place."""
    row = _own(request, pk)
    evaluations.save_evaluation(evaluation=row, fields=row.replaced, base=-1)
    return redirect("reviews:evaluation", pk)


@require_POST
@permission_required(Permission.EVALUATE)
def submit(request: Request, pk: UUID) -> HttpResponse:
    """Submit an evaluation, or change a submitted one with a reason."""
    row, fields = _own(request, pk), only_answers(dict(request.POST.lists()))
    by, reason = Actor.from_request(request), request.POST.get("why", "").strip()[:LONGEST_REASON]
    try:
        if row.is_open:
            evaluations.save_evaluation(
                evaluation=row, fields=fields, base=_number(request.POST.get("base", ""))
            )
            evaluations.submit_evaluation(evaluation=row, fields=fields, by=by)
        elif not reason:
            problems = {"": gettext("Give a reason for the change.")}
            return _page(request, row, fields, problems=problems, is_change=True, status=422)
        else:
            evaluations.change_evaluation(evaluation=row, fields=fields, reason=reason, by=by)
    except Incomplete as refusal:
        row.refresh_from_db()
        return _page(request, row, fields, problems=refusal.problems, why=reason, is_change=True, status=422)
    messages.success(request, gettext("The evaluation was submitted."))
    return redirect("reviews:evaluation", pk)


def _page(
    request: Request,
    row: Evaluation,
    fields: Fields,
    *,
    problems: Mapping[str, Any] | None = None,
    why: str = "",
    is_change: bool = False,
    replaced: bool = False,
    fragment: str = "",
    status: int = 200,
) -> HttpResponse:
    form, language = form_of(row), _language()
    answered = read_fields(form, fields)
    is_answering = row.is_open or is_change
    form_of_viewing = ViewingForm(
        initial=remembered_purpose(request.session, row.recording.object_id)
        or {"purpose": Purpose.QUALITY.value}
    )
    context = {
        "evaluation": row,
        "recording": row.recording,
        "title": title_of(row.version, language),
        "is_retired": row.version.state == ScorecardState.RETIRED,
        "is_answering": is_answering,
        "parts": parts_of(form, fields, answered, problems or {}, language) if is_answering else [],
        "live": Live.of(row, form, answered) if is_answering else None,
        "problems": problems or {},
        "whole_problem": (problems or {}).get("", ""),
        "why": why,
        "replaced": replaced or bool(row.replaced),
        "scores": [] if row.is_open else scores_of(row, form, language),
        "page": PlayerPage(
            recording=row.recording,
            form=form_of_viewing,
            watched=watched_of(row.recording_id, request.user.pk),
            may_play=can_use(request.user, Permission.PLAY_RECORDINGS, row.recording.object),
        ),
    }
    return page(request, PAGE, context, fragment=fragment, status=status)


def _own(request: Request, pk: UUID) -> Evaluation:
    """Return the person's own evaluation with its recording. Raises UnknownEvaluation, and OwnCall."""
    rows = Evaluation.objects.select_related("version", "recording__object", "scorer", "calibration")
    row = rows.filter(pk=pk, scorer=request.user).first()
    if row is None or not can_use(request.user, Permission.EVALUATE, row.recording.object):
        raise UnknownEvaluation
    if row.is_agreed_card and not can_use(request.user, Permission.MANAGE_CALIBRATION, row.recording.object):
        raise UnknownEvaluation
    check_not_own_call(request, row.recording.object, target=Target.of(row.recording))
    return row


def _recording(request: Request, pk: UUID) -> Recording:
    """Return a recording that the person may evaluate. Raises UnknownRecording, BeyondLevel and OwnCall."""
    recording = usable_recording(request, pk, Permission.EVALUATE)
    check_not_own_call(request, recording.object, target=Target.of(recording))
    return recording


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else -1


def _language() -> str:
    return get_language() or "en"
