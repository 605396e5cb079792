"""The list of a person's sessions: begun, kept current, ended here or by an administrator."""

import hashlib
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from auditportal.accounts.models import PersonSession, User
from auditportal.accounts.sessions import key_hash
from recordings.audit import REFERENCE, Actor, Kind, Target, record, reference_of
from recordings.http import is_poll
from recordings.playback.watching import end_viewings_of_session

Rows = QuerySet[PersonSession]
KEPT = timedelta(days=30)
SHOWN = 50
RIGHTS = "rights"  # key in the session: a hash of the grants for which it was made


def begin(request: Any, user: User) -> None:
    """Store the session of somebody who has just signed in, and delete rows that nobody needs."""
    by = Actor.from_request(request)
    request.session.pop(REFERENCE, None)
    request.session[RIGHTS] = _rights_of(user)
    # Whoever signs in over another person's session has none until it is stored.
    if request.session.session_key is None:
        request.session.create()
    PersonSession.objects.filter(seen_at__lt=Now() - KEPT).delete()
    PersonSession.objects.create(
        user=user,
        key_hash=key_hash(request.session.session_key),
        reference=reference_of(request.session),
        address=by.address,
        user_agent=by.user_agent,
        authn=by.authn,
    )


def note_activity(request: Any) -> None:
    """Note that the session is in use now."""
    PersonSession.objects.filter(key_hash=key_hash(request.session.session_key)).update(seen_at=Now())


def change_id(request: Any) -> None:
    """Give the session a new id: the old one is dead (ASVS 7.2.4). Trail and viewings know it as before."""
    request.session[REFERENCE] = reference_of(request.session)
    before = key_hash(request.session.session_key)
    request.session.cycle_key()
    PersonSession.objects.filter(key_hash=before).update(key_hash=key_hash(request.session.session_key))


def follow_rights(request: Any) -> None:
    """Give the session a new id when its person's grants have changed: roles, levels or scopes.

    Not at a poll: of the page that is loaded at the same moment, the browser may keep the older answer's cookie.
    """
    rights = _rights_of(request.user)
    if request.session.get(RIGHTS) == rights or is_poll(request):
        return
    key = request.session.session_key
    with transaction.atomic():
        list(PersonSession.objects.filter(key_hash=key_hash(key)).select_for_update())
        # Of two requests at once, the first one changes it.
        if request.session.exists(key):
            request.session[RIGHTS] = rights
            change_id(request)


def _rights_of(user: User) -> str:
    """Return a hash of the grants in force."""
    grants = sorted(
        (
            held.role.code,
            held.level.value,
            sorted(held.channels),
            sorted(held.teams),
            sorted(held.agents),
            sorted(held.classes),
        )
        for held in user.held_grants
    )
    return hashlib.sha256(repr(grants).encode()).hexdigest()[:32]


def all_of(user: User) -> Rows:
    """Return the sessions of a person that nobody has ended."""
    return PersonSession.objects.filter(user=user, ended_at=None)


def listed(user: User) -> list[dict[str, Any]]:
    """Return the sessions in use, the one used last first, each with its device in words."""
    rows = all_of(user).filter(
        seen_at__gt=Now() - timedelta(seconds=settings.SESSION_IDLE_SECONDS),
        started_at__gt=Now() - timedelta(seconds=settings.SESSION_COOKIE_AGE),
    )
    return [
        {"row": row, "device": device_of(row.user_agent)} for row in rows.order_by("-seen_at", "-pk")[:SHOWN]
    ]


@transaction.atomic
def end(rows: Rows, *, user: User, by: Actor, ended_by: User) -> int:
    """End sessions of a person with their next request, and what they watch. Return their number."""
    locked = list(rows.filter(user=user, ended_at=None).select_for_update())
    for row in locked:
        end_viewings_of_session(session_ref=row.reference, by=by)
    PersonSession.objects.filter(pk__in=[row.pk for row in locked]).update(ended_at=Now(), ended_by=ended_by)
    if locked:
        record(Kind.SESSIONS_ENDED, by=by, target=Target.of(user), detail={"sessions": len(locked)})
    return len(locked)


def note_end(request: Any) -> None:
    """Note that the session of this request has ended."""
    PersonSession.objects.filter(key_hash=key_hash(request.session.session_key)).update(ended_at=Now())


def device_of(user_agent: str) -> str:
    """Return browser and system in words, such as "Firefox · Windows"; empty when they are not named."""
    browsers = (
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    )
    systems = (
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Macintosh", "Mac"),
        ("Linux", "Linux"),
    )
    named = [next((name for mark, name in marks if mark in user_agent), "") for marks in (browsers, systems)]
    return " · ".join(filter(None, named))
