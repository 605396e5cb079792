"""The page of a submitted evaluation: read it, release it, sign it, dispute an answer."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_POST, require_safe

from recordings.audit import Actor, Kind, Outcome, Target, record_committed, record_refusal
from recordings.exceptions import NotPermitted, PortalError
from recordings.http import Request, page
from recordings.permissions import Permission
from recordings.policies import any_person, can_use, permission_required
from recordings.reviews.disputes import actions, errors, rights
from recordings.reviews.disputes.decisions import open_disputes
from recordings.reviews.disputes.result_page import ResultPage
from recordings.reviews.disputes.results import shown
from recordings.reviews.disputes.rights import Reader
from recordings.reviews.disputes.standing import find

PAGE = "reviews/disputes/result.html"
LONGEST_REASON = 1000


@require_safe
@any_person
def result(request: Request, pk: UUID) -> HttpResponse:
    """Show a submitted evaluation.

    Who may decide its disputes is asked before the answers are shown: after reading them they cannot score blind.
    """
    reader, row = readable(request, pk)
    if row.has_open and "answers" not in request.GET and not rights.has_read(request.user, row):
        disputes = open_disputes(row)
        if rights.against_decision(reader, row, disputes) is None:
            context = {"row": row, "shown": shown(row, language()), "disputes": len(disputes)}
            return page(request, "reviews/disputes/before_reading.html", context)
    return result_page(request, reader, row)


@require_POST
@permission_required(Permission.RELEASE_EVALUATIONS)
def release(request: Request, pk: UUID) -> HttpResponse:
    """Release an evaluation to the agent."""
    reader, row = readable(request, pk)
    check(request, row, rights.against_release(reader, row))
    actions.release_evaluation(evaluation=row, reader=reader, by=Actor.from_request(request))
    messages.success(request, gettext("The evaluation was released. The agent can read it now."))
    return redirect("disputes:result", pk)


@require_POST
@any_person
def sign(request: Request, pk: UUID) -> HttpResponse:
    """Sign the newest score as the agent, or with a reason for them."""
    reader, row = readable(request, pk)
    check(request, row, rights.against_signature(reader, row))
    by, reason = Actor.from_request(request), reason_in(request)
    try:
        actions.sign_evaluation(evaluation=row, reader=reader, reason=reason, by=by)
    except errors.ReasonMissing as refusal:
        return result_page(request, reader, row, {"sign_problem": refusal.sentence}, status=422)
    messages.success(request, gettext("The evaluation was signed."))
    return redirect("disputes:result", pk)


@require_POST
@any_person
def dispute(request: Request, pk: UUID) -> HttpResponse:
    """Dispute the answer to a question as the agent or for them."""
    reader, row = readable(request, pk)
    check(request, row, rights.against_dispute(reader, row))
    by, reason, question = Actor.from_request(request), reason_in(request), request.POST.get("question", "")
    try:
        actions.open_dispute(evaluation=row, question=question, reader=reader, reason=reason, by=by)
    except (errors.ReasonMissing, errors.NotAsked) as refusal:
        context = {"dispute_problem": refusal.sentence, "disputed": question}
        return result_page(request, reader, row, context, status=422)
    messages.success(request, gettext("The dispute was opened. Somebody who did not score it decides."))
    return redirect("disputes:result", pk)


def result_page(
    request: Request, reader: Reader, row: Any, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """Show all of an evaluation, after the reading is in the trail."""
    record_committed(
        Kind.EVALUATION_READ,
        by=Actor.from_request(request),
        target=Target.of(row.recording),
        outcome=Outcome.GRANTED,
        detail={"evaluation": str(row.pk), "number": row.newest_number, "score": row.newest_score or ""},
    )
    actions.keep_reading(evaluation_id=row.pk, reader=request.user)
    disputes = open_disputes(row)
    return page(
        request,
        PAGE,
        {
            "row": row,
            "shown": shown(row, language()),
            "result": ResultPage.of(row, language()),
            "may_play": can_use(request.user, Permission.PLAY_RECORDINGS, row.recording.object),
            "may_release": rights.against_release(reader, row) is None,
            "may_sign": rights.against_signature(reader, row) is None,
            "may_dispute": rights.against_dispute(reader, row) is None,
            "may_decide": bool(disputes) and rights.against_decision(reader, row, disputes) is None,
            "may_change": row.scorer_id == request.user.pk and not row.disputes.exists(),
            "is_for_agent": rights.is_for_agent(reader, row),
            "list_url": "disputes:own_reviews"
            if not rights.is_for_agent(reader, row)
            else "disputes:results",
            **(context or {}),
        },
        status=status,
    )


def readable(request: Request, pk: UUID) -> tuple[Reader, Any]:
    """Return the person's reach and an evaluation that they may read.

    Raises UnknownResult for one that does not exist and for one that they may not read, and records both.
    """
    reader, row = Reader.of(request.user), find(pk)
    if row is None or not rights.may_read(reader, row):
        _refused(request, Target("evaluation", f"evaluation:{pk}"), Permission.READ_EVALUATIONS.value)
        raise errors.UnknownResult
    return reader, row


def check(request: Request, row: Any, refusal: PortalError | None) -> None:
    """Raise a refusal; one of a person is in the trail first."""
    if refusal is None:
        return
    if isinstance(refusal, NotPermitted):
        _refused(request, Target("evaluation", f"evaluation:{row.pk}"), type(refusal).__name__)
    raise refusal


def reason_in(request: Request) -> str:
    """Return the reason that was typed, cut to its longest length."""
    return request.POST.get("reason", "").strip()[:LONGEST_REASON]


def language() -> str:
    """Return the language of the page."""
    return get_language() or "en"


def _refused(request: Request, target: Target, rule: str) -> None:
    record_refusal(by=Actor.from_request(request), target=target, method=request.method or "", rule=rule)
