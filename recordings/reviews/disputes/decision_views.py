"""The page on which disputes are decided: first the decider's own answers, then both side by side."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from recordings.audit import Actor, Kind, Outcome, Purpose, Target, record_committed
from recordings.http import Request, page
from recordings.models import Dispute, DisputeOutcome, EvaluationScore
from recordings.permissions import Permission
from recordings.playback.forms import ViewingForm, remembered_purpose
from recordings.playback.player_page import PlayerPage
from recordings.playback.queries import watched_of
from recordings.policies import can_use, permission_required
from recordings.reviews.answered import Fields, only_answers, read_fields
from recordings.reviews.disputes import actions, decisions, errors, rights
from recordings.reviews.disputes.result_page import (
    ResultAnswer,
    ShownDispute,
    shown_answer,
    shown_dispute,
    texts_now,
)
from recordings.reviews.disputes.results import shown
from recordings.reviews.disputes.views import check, language, readable, reason_in
from recordings.reviews.evaluation_page import ShownAnswer, parts_of, texts_of
from recordings.reviews.evaluations import Incomplete, form_of
from recordings.reviews.shown import sections_of

BLIND, COMPARED = "reviews/disputes/blind.html", "reviews/disputes/compared.html"


@dataclass(frozen=True)
class Compared:
    """A dispute with the scorer's and the decider's answer. `is_same`: there is nothing to change."""

    dispute: ShownDispute
    scorers: ResultAnswer
    own: ResultAnswer
    is_same: bool


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.DECIDE_DISPUTES)
def decide(request: Request, pk: UUID) -> HttpResponse:
    """Ask for the decider's own answers to the disputed questions; when they are given, show both."""
    reader, row = readable(request, pk)
    disputes = decisions.open_disputes(row)
    if not disputes:
        return redirect("disputes:result", pk)
    check(request, row, rights.against_decision(reader, row, disputes))
    waiting = rights.to_answer(request.user, row, disputes)
    if not waiting:
        return _compared(request, row, disputes)
    if request.method != "POST":
        return _blind(request, row, waiting, {}, {})
    fields = only_answers(dict(request.POST.lists()))
    try:
        decisions.answer_blind(evaluation=row, reader=reader, fields=fields, by=Actor.from_request(request))
    except Incomplete as refusal:
        return _blind(request, row, waiting, fields, refusal.problems, status=422)
    return redirect("disputes:decide", pk)


@require_POST
@permission_required(Permission.DECIDE_DISPUTES)
def decision(request: Request, pk: UUID) -> HttpResponse:
    """Uphold or change a disputed answer, with a reason."""
    dispute = Dispute.objects.filter(pk=pk).first()
    reader, row = readable(request, dispute.evaluation_id if dispute else pk)
    assert dispute is not None  # noqa: S101 (else there is no such evaluation)
    check(request, row, rights.against_decision(reader, row, [dispute]))
    outcome, reason = request.POST.get("outcome", ""), reason_in(request)
    if outcome not in DisputeOutcome.values:
        return _compared_again(request, row, dispute, gettext("Choose whether to uphold or to change."))
    try:
        decisions.decide_dispute(
            dispute=dispute, outcome=outcome, reason=reason, reader=reader, by=Actor.from_request(request)
        )
    except (errors.ReasonMissing, errors.NothingToChange) as refusal:
        return _compared_again(request, row, dispute, refusal.sentence)
    messages.success(request, gettext("The dispute was decided."))
    if decisions.open_disputes(row):
        return redirect("disputes:decide", row.pk)
    return redirect("disputes:result", row.pk)


def _blind(
    request: Request,
    row: Any,
    waiting: list[Dispute],
    fields: Fields,
    problems: Mapping[str, Any],
    status: int = 200,
) -> HttpResponse:
    """Show the disputed questions, and those that the answers so far ask, beside the player."""
    form, watched = form_of(row), watched_of(row.recording_id, request.user.pk)
    answered = read_fields(form, fields)
    further = decisions.read_blind(row, waiting, answered, watched.mine).further if fields else set()
    keys = {dispute.question for dispute in waiting} | further
    answers: list[ShownAnswer] = [
        replace(answer, is_asked=True)
        for part in parts_of(form, fields, answered, problems, language())
        for answer in part.answers
        if answer.shown.question.key in keys
    ]
    viewing = ViewingForm(
        initial=remembered_purpose(request.session, row.recording.object_id)
        or {"purpose": Purpose.DISPUTE.value}
    )
    context = {
        "row": row,
        "shown": shown(row, language()),
        "answers": answers,
        "problems": problems,
        "recording": row.recording,
        "page": PlayerPage(
            recording=row.recording,
            form=viewing,
            watched=watched,
            may_play=can_use(request.user, Permission.PLAY_RECORDINGS, row.recording.object),
        ),
    }
    return page(request, BLIND, context, status=status)


def _compared_again(request: Request, row: Any, dispute: Dispute, problem: Any) -> HttpResponse:
    context = {"problem": problem, "problem_of": dispute.pk}
    return _compared(request, row, decisions.open_disputes(row), context, status=422)


def _compared(
    request: Request,
    row: Any,
    disputes: list[Dispute],
    context: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show the scorer's and the decider's answers, after the reading is in the trail."""
    blind = rights.answered_blind(request.user, disputes)
    if not blind or rights.to_answer(request.user, row, disputes):
        raise errors.NotBlind
    record_committed(
        Kind.EVALUATION_READ,
        by=Actor.from_request(request),
        target=Target.of(row.recording),
        outcome=Outcome.GRANTED,
        detail={"evaluation": str(row.pk), "number": row.newest_number, "score": row.newest_score or ""},
    )
    actions.keep_reading(evaluation_id=row.pk, reader=request.user)
    scores = list(EvaluationScore.objects.filter(evaluation_id=row.pk).order_by("number"))
    theirs, texts = actions.document_of(scores[-1]), texts_now(scores)
    questions = {
        question.question.key: question
        for section in sections_of(form_of(row), language())
        for question in section.questions
    }
    words = {key: question.text for key, question in questions.items()}
    compared = []
    for dispute in (one for one in disputes if one.pk in blind):
        key, own = dispute.question, actions.document_of(blind[dispute.pk])
        own_texts = texts_of(blind[dispute.pk].event_id)
        compared.append(
            Compared(
                shown_dispute(dispute, words),
                shown_answer(questions[key], theirs.get(key), texts.get(key, {})),
                shown_answer(questions[key], own[key], own_texts.get(key, {})),
                decisions.is_same(theirs.get(key), own[key]),
            )
        )
    return page(
        request,
        COMPARED,
        {
            "row": row,
            "shown": shown(row, language()),
            "compared": compared,
            "outcome": request.POST.get("outcome", ""),
            "reason": request.POST.get("reason", ""),
            **(context or {}),
        },
        status=status,
    )
