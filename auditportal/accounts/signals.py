"""Signing in and out are events; signing out ends what the session was watching."""

from typing import Any

from django.contrib.auth import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from auditportal.accounts import break_glass, person_sessions
from auditportal.accounts.session import ENDS_AT, SEEN_AT
from auditportal.metrics import SIGN_INS
from recordings.audit import (
    AUTHN,
    Actor,
    AuditUnavailable,
    Kind,
    Outcome,
    Target,
    owe,
    record_committed,
    reference_of,
)
from recordings.playback.watching import end_viewings_of_session


@receiver(user_logged_in, dispatch_uid="audit-signed-in")
def signed_in(sender: Any, request: Any, user: Any, **_: Any) -> None:
    request.user = user  # Django sets it only where its middleware had run
    now = request.session.now()
    request.session[SEEN_AT] = now
    request.session[ENDS_AT] = now + request.session.get_expiry_age()
    request.session[AUTHN] = getattr(request, "proven_by", "password")
    person_sessions.begin(request, user)
    SIGN_INS.labels("granted").inc()
    record_committed(
        Kind.SIGNED_IN, by=Actor.from_request(request), target=Target.of(user), outcome=Outcome.GRANTED
    )
    if user.is_break_glass:
        break_glass.note_use(user=user, by=Actor.from_request(request))


@receiver(user_logged_out, dispatch_uid="audit-signed-out")
def signed_out(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    if user is None or not request.session.session_key:
        return
    actor = Actor.from_request(request)
    person_sessions.note_end(request)
    kind = Kind.SESSION_ENDED if getattr(request, "session_is_over", False) else Kind.SIGNED_OUT
    try:
        end_viewings_of_session(session_ref=reference_of(request.session), by=actor)
        record_committed(kind, by=actor, target=Target.of(user))
    except AuditUnavailable:
        # A trail that is away keeps nobody signed in: the session ends, and its event follows.
        owe(kind, by=actor)
