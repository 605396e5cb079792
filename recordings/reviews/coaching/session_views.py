"""The pages of coaching sessions: the coach's list, a session, and what a person was coached on."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from recordings.audit import Actor, Kind, Target
from recordings.audit.once import record_once
from recordings.http import Request, page
from recordings.models import CoachingSession
from recordings.permissions import Permission
from recordings.policies import any_person, can_use, permission_required
from recordings.reviews.coaching import sessions, training
from recordings.reviews.coaching.forms import CommentForm, PersonForm, SessionForm, find_in
from recordings.reviews.coaching.people import coachable
from recordings.reviews.coaching.session_page import (
    SHOWN,
    labelled,
    own_session,
    session_for,
    sessions_in_reach,
    shown_session,
)


@require_safe
@permission_required(Permission.COACH)
def session_list(request: Request) -> HttpResponse:
    """List coaching sessions about recordings in reach."""
    log_page(request, "sessions")
    context = {"lines": labelled(sessions_in_reach(request.user))}
    return page(request, "reviews/coaching/sessions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.COACH)
def new(request: Request) -> HttpResponse:
    """Choose a person, then collect evaluations and moments; POST opens the session."""
    people = coachable(request.user)
    recording = find_in(request.GET.get("recording", ""))
    if recording is not None and not can_use(request.user, Permission.COACH, recording.object):
        recording = None
    asked: dict[str, Any] = request.GET.dict() if "person" in request.GET else {}
    if not asked and recording is not None and recording.object.agent_id:
        agent = people.filter(
            agent_links__agent=recording.object.agent_id, agent_links__ended_at=None
        ).first()
        asked = {"person": agent.pk} if agent else {}
    chosen = PersonForm(asked or None, people=people)
    if not asked or not chosen.is_valid():
        context = {"form": chosen, "recording": request.GET.get("recording", "")[:300]}
        return page(request, "reviews/coaching/choose.html", context, status=422 if chosen.errors else 200)
    person = chosen.cleaned_data["person"]
    log_page(request, "person", Target.of(person))
    initial = {"recording_0": recording.pk, "at_0": request.GET.get("at", "")} if recording else {}
    form = SessionForm(_sent(request), person=person, coach=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        made = sessions.open_session(
            person=person,
            evaluations=values["chosen"],
            moments=values["moments"],
            goals=values["goals"],
            due_at=form.due_at,
            coach=request.user,
            by=Actor.from_request(request),
        )
        messages.success(request, gettext("The coaching session was opened."))
        return redirect("coaching:session", made.pk)
    context = {"form": form, "coached": person, "offered": form.offered}
    return page(request, "reviews/coaching/new.html", context, status=422 if form.errors else 200)


@require_safe
@permission_required(Permission.COACH)
def session(request: Request, pk: UUID) -> HttpResponse:
    """Show a session to a coach."""
    row = session_for(request.user, pk)
    log_page(request, "session", Target.of(row.person))
    return _page(request, row, is_coach=True)


@require_POST
@permission_required(Permission.COACH)
def close(request: Request, pk: UUID) -> HttpResponse:
    """Close a session."""
    row = session_for(request.user, pk)
    sessions.close_session(session=row, closed_by=request.user, by=Actor.from_request(request))
    messages.success(request, gettext("The coaching session was closed."))
    return redirect("coaching:session", pk)


@require_safe
@any_person
def mine(request: Request) -> HttpResponse:
    """List what one is coached on and what one is to watch."""
    log_page(request, "mine")
    own = CoachingSession.objects.filter(person=request.user).select_related("coach").order_by("-opened_at")
    viewings = training.assignments().filter(person=request.user)[:SHOWN]
    context = {"lines": labelled(own), "viewings": training.labelled(viewings)}
    return page(request, "reviews/coaching/mine.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@any_person
def my_session(request: Request, pk: UUID) -> HttpResponse:
    """Show a session to the person it is about; POST acknowledges it."""
    row = own_session(request.user, pk)
    form = CommentForm(_sent(request))
    if request.method == "POST" and form.is_valid():
        comment = form.cleaned_data["comment"]
        sessions.acknowledge(session=row, comment=comment, by=Actor.from_request(request))
        messages.success(request, gettext("You acknowledged the coaching session."))
        return redirect("coaching:my_session", pk)
    log_page(request, "session", Target.of(row.person))
    return _page(request, row, is_coach=False, form=form, status=422 if form.errors else 200)


def _sent(request: Request) -> Any:
    """Return what was sent, even when it is nothing; None for a page that is only opened."""
    return request.POST if request.method == "POST" else None


def log_page(request: Request, name: str, target: Target | None = None) -> None:
    """Record, once a minute, that a page which names people or recordings was opened."""
    act = {"page": name, "ref": target.ref if target else ""}
    record_once(
        Kind.COACHING_VIEWED, by=Actor.from_request(request), act=act, target=target, detail={"page": name}
    )


def _page(
    request: Request,
    row: CoachingSession,
    *,
    is_coach: bool,
    form: CommentForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "session": shown_session(row, request.user, get_language() or "en"),
        "is_coach": is_coach,
        "form": form or CommentForm(),
    }
    return page(request, "reviews/coaching/session.html", context, status=status)
