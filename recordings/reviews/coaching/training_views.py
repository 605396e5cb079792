"""The page of an assigned viewing: the player, what was watched, and the quiz."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_POST, require_safe

from recordings.audit import Actor, Kind, Outcome, Purpose, Target, record_committed
from recordings.exceptions import PortalError
from recordings.http import Request, is_poll, page
from recordings.media_urls import NoUrl
from recordings.models import AssignedViewing
from recordings.playback import actions
from recordings.playback.actions import StartedViewing
from recordings.playback.errors import Denial, Denied
from recordings.playback.events import deny
from recordings.playback.forms import ViewingForm
from recordings.playback.player_page import PlayerPage
from recordings.playback.policies import deny_other_sites, may_play
from recordings.playback.queries import watched_of
from recordings.policies import any_person
from recordings.reviews.answered import Fields
from recordings.reviews.coaching import training
from recordings.reviews.coaching.errors import NotPassable
from recordings.reviews.coaching.moments import moment_in_words
from recordings.reviews.coaching.quiz import shown_quiz

PAGE = "reviews/coaching/viewing.html"


@require_safe
@any_person
def viewing(request: Request, pk: UUID) -> HttpResponse:
    """Show an assigned viewing to the person who is to watch it."""
    row = training.own_viewing(request.user, pk)
    if request.htmx and is_poll(request):
        return _page(request, row, fragment="progress")
    record_committed(
        Kind.RECORDING_OPENED,
        by=Actor.from_request(request),
        target=Target.of(row.exemplar.recording),
        outcome=Outcome.GRANTED,
    )
    return _page(request, row)


@require_POST
@any_person
def play(request: Request, pk: UUID) -> HttpResponse:
    """Start a viewing with the purpose training. Only this response and renewals contain a URL to the file."""
    row, by = training.own_viewing(request.user, pk), Actor.from_request(request)
    recording = row.exemplar.recording
    deny_other_sites(request, recording, by)
    try:
        # The exemplar's own state comes first: it is not played through the library once it is withdrawn.
        if row.exemplar.why_not or not may_play(request.user, recording):
            sentence = row.exemplar.why_not or gettext("This viewing is done or was cancelled.")
            deny(Denial.OUT_OF_REACH, recording=recording, by=by, sentence=sentence)
        started = actions.start_viewing(
            recording=recording, purpose=Purpose.TRAINING, note="", viewer=request.user, by=by
        )
    except (Denied, NoUrl) as refusal:
        return _page(request, row, refusal=refusal, fragment="viewing", status=refusal.status)
    return _page(request, row, started=started, fragment="viewing")


@require_POST
@any_person
def attempt(request: Request, pk: UUID) -> HttpResponse:
    """Submit the quiz, or without a quiz that it was watched."""
    row, fields = training.own_viewing(request.user, pk), dict(request.POST.lists())
    try:
        made = training.attempt_viewing(assignment=row, fields=fields, by=Actor.from_request(request))
    except NotPassable as refusal:
        problem = str(refusal.sentence)
        return _page(
            request, row, fields=fields, problem=problem, problems=refusal.problems, status=refusal.status
        )
    if made.is_passed:
        messages.success(request, gettext("Done. The viewing is completed."))
    else:
        messages.warning(request, gettext("The pass mark was not reached. You can try again."))
    return redirect("coaching:viewing", pk)


def _page(
    request: Request,
    row: AssignedViewing,
    *,
    started: StartedViewing | None = None,
    refusal: PortalError | None = None,
    fields: Fields | None = None,
    problem: str = "",
    problems: Mapping[str, Any] | None = None,
    fragment: str = "",
    status: int = 200,
) -> HttpResponse:
    exemplar = row.exemplar
    label, tone = training.STATES[row.state]
    quiz = exemplar.quiz if row.state in ("open", "overdue") else None
    questions = shown_quiz(bytes(quiz), fields or {}, problems or {}, get_language() or "en") if quiz else []
    context = {
        "viewing": row,
        "exemplar": exemplar,
        "label": label,
        "tone": tone,
        "why_not": exemplar.why_not,
        "range": moment_in_words(exemplar.from_ms, exemplar.to_ms),
        "watched": training.watched_by(row.person_id, exemplar),
        "questions": questions,
        "problem": problem,
        "page": PlayerPage(
            recording=exemplar.recording,
            form=ViewingForm(),
            watched=watched_of(exemplar.recording_id, request.user.pk),
            may_play=not exemplar.why_not and may_play(request.user, exemplar.recording),
            started=started,
            refusal=refusal,
            back_url=reverse("coaching:viewing", args=[row.pk]),
        ),
    }
    response = page(request, PAGE, context, fragment=fragment, status=status)
    if fragment == "viewing" and request.htmx:
        response.headers["HX-Trigger"] = "viewing-changed"
        response.headers["Referrer-Policy"] = "no-referrer"
    return response
