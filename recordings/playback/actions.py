"""A viewing: begun, renewed, watched, ended. What is given out is in the trail first, or nothing is given out.

request committed  →  a fresh URL is made  →  its issue committed  →  sealed, as AUDIT_RELEASE asks  →  the answer
may carry it
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from psycopg.types.multirange import Int8Multirange
from psycopg.types.range import Int8Range

from recordings.audit import Actor, AuditUnavailable, Kind, Outcome, Purpose
from recordings.media_urls import FreshUrl, NoUrl, fresh_url
from recordings.models import Recording, Viewing
from recordings.models.fields import Spans
from recordings.playback.errors import Denial, TooSoon
from recordings.playback.events import check_goes_on, deny, durably, note, note_refusal, refused_unless_sealed
from recordings.playback.spans import MAX_SPANS, Watched, total_ms, words
from recordings.playback.storage_check import TROUBLED, Diagnosis, ask_storage, diagnose
from recordings.proof.sealing.release import wait_released

# A player renews once a minute or so, and asks what is wrong once; whoever asks faster is no player.
BETWEEN_RENEWALS = timedelta(seconds=2)
BETWEEN_CHECKS = timedelta(seconds=3)

# The row is locked by the update itself, so two reports at once never count a second twice (PostgreSQL 18: old).
_MERGE = """
UPDATE recordings_viewing SET watched = watched + %(spans)s::int8multirange, watched_at = %(now)s
WHERE id = %(id)s AND ended_at IS NULL
RETURNING %(spans)s::int8multirange - old.watched
"""


@dataclass(frozen=True, slots=True)
class Playing:
    """A viewing that may begin, and the URL it begins with."""

    viewing: Viewing
    fresh: FreshUrl


def start_viewing(*, recording: Recording, purpose: Purpose, remark: str, viewer: Any, by: Actor) -> Playing:
    """Begin a viewing: the request in the trail, then a fresh URL, then its issue in the trail.

    Raises Denied or NoUrl – both are in the trail by then – and AuditUnavailable when the trail cannot be written.
    """
    if not recording.may_be_tried:
        deny(Denial.NOT_PLAYABLE, recording=recording, by=by, why=recording.state_reason)
    viewing = Viewing(
        recording=recording, viewer=viewer, purpose=purpose, note=remark, session_ref=by.session
    )
    durably(lambda: _request(viewing, by))
    return Playing(viewing, _first_url(viewing, by))


def renew_url(*, viewing: Viewing, may_play: bool, by: Actor) -> FreshUrl:
    """Give a viewing that goes on a fresh URL, its issue in the trail first.

    Raises Denied, NoUrl (both in the trail), TooSoon (not in it: nothing was decided) and AuditUnavailable.
    """
    check_goes_on(viewing, may_play=may_play, by=by)
    _claim(viewing, "url_issued_at", BETWEEN_RENEWALS)
    fresh = _fresh(viewing, by)
    _issue(viewing, fresh, Kind.URL_RENEWED, by)
    return fresh


def report_problem(*, viewing: Viewing, may_play: bool, by: Actor) -> Diagnosis:
    """The player met an error: ask storage with a URL of our own what is wrong, and keep what it says.

    Raises Denied, NoUrl (both in the trail), TooSoon and AuditUnavailable.
    """
    check_goes_on(viewing, may_play=may_play, by=by)
    _claim(viewing, "checked_at", BETWEEN_CHECKS)
    return diagnose(viewing, _fresh(viewing, by), by=by)


def note_watched(*, viewing: Viewing, watched: Watched, may_play: bool, by: Actor) -> Spans:
    """Merge a report of the player into the viewing, its event in the same transaction; returns the new spans.

    Raises Denied and AuditUnavailable.
    """
    check_goes_on(viewing, may_play=may_play, by=by)
    try:
        with transaction.atomic():
            return _merge_and_note(viewing, watched, by)
    except DatabaseError as error:
        raise AuditUnavailable from error


def finish_viewing(*, viewing: Viewing, watched: Watched, may_play: bool, by: Actor) -> None:
    """End a viewing with the player's last report. Raises Denied and AuditUnavailable."""
    check_goes_on(viewing, may_play=may_play, by=by)
    try:
        with transaction.atomic():
            _merge_and_note(viewing, watched, by)
            _finish(viewing, by=by)
    except DatabaseError as error:
        raise AuditUnavailable from error


@transaction.atomic
def end_viewings_of_session(*, session_ref: str, by: Actor) -> int:
    """End what a session was watching, because it is over; returns how many viewings that were."""
    open_ones = Viewing.objects.filter(session_ref=session_ref, ended_at=None).order_by("pk")
    viewings = list(open_ones.select_for_update(of=("self",)).select_related("recording__object"))
    for viewing in viewings:
        _finish(viewing, by=by, reason="the session ended")
    return len(viewings)


def _request(viewing: Viewing, by: Actor) -> None:
    viewing.save(force_insert=True)
    note(Kind.VIEWING_REQUESTED, viewing, by, outcome=Outcome.GRANTED, note=viewing.note)


def _fresh(viewing: Viewing, by: Actor) -> FreshUrl:
    """A fresh URL, still on the server; that there is none is committed before it is said."""
    try:
        return fresh_url(viewing.recording, viewing.pk)
    except NoUrl as error:
        refusal = error
    durably(lambda: note_refusal(viewing, refusal, by))
    raise refusal


def _first_url(viewing: Viewing, by: Actor) -> FreshUrl:
    """The first URL of a viewing. A file that was in trouble is looked at first; without a URL the viewing is over."""
    try:
        fresh = _fresh(viewing, by)
        if viewing.recording.state in TROUBLED:
            ask_storage(viewing, fresh, by=by)
        _issue(viewing, fresh, Kind.URL_ISSUED, by)
    except NoUrl:
        Viewing.objects.filter(pk=viewing.pk).update(ended_at=timezone.now())
        raise
    return fresh


def _issue(viewing: Viewing, fresh: FreshUrl, kind: Kind, by: Actor) -> None:
    """Commit the issue and have it sealed as far as AUDIT_RELEASE asks for. A viewing that ended meanwhile – the person
    signed out – gets no URL."""
    with refused_unless_sealed(viewing, by):
        issue = durably(lambda: _note_issue(viewing, fresh, kind, by))
    if issue is None:
        deny(Denial.ENDED, recording=viewing.recording, by=by, viewing=viewing)
    with refused_unless_sealed(viewing, by):
        wait_released([issue])


def _note_issue(viewing: Viewing, fresh: FreshUrl, kind: Kind, by: Actor) -> UUID | None:
    more = 1 if kind is Kind.URL_RENEWED else 0
    changes = {"url_issued_at": timezone.now(), "url_expires_at": fresh.expires_at}
    standing = Viewing.objects.filter(pk=viewing.pk, ended_at=None)
    if not standing.update(renewals=F("renewals") + more, **changes):
        return None
    return note(kind, viewing, by, outcome=Outcome.GRANTED, detail=fresh.detail)


def _claim(viewing: Viewing, column: str, every: timedelta) -> None:
    """Take the turn of this moment. Raises TooSoon when it was taken."""
    now = timezone.now()
    free = Q(**{column: None}) | Q(**{f"{column}__lte": now - every})
    if not Viewing.objects.filter(free, pk=viewing.pk).update(**{column: now}):
        raise TooSoon


def _merge_and_note(viewing: Viewing, watched: Watched, by: Actor) -> Spans:
    fresh = _merge(viewing, watched.within(viewing.recording.duration_seconds))
    if fresh:
        detail = {**_told(fresh), "rate_percent": watched.rate_percent, "position_ms": watched.position_ms}
        note(Kind.WATCHED, viewing, by, detail=detail, asserted_by="client")
    return fresh


def _merge(viewing: Viewing, spans: Spans) -> Spans:
    """Add spans to what was watched; returns those that were not in it. A viewing that ended takes none."""
    given = Int8Multirange([Int8Range(start, end) for start, end in spans])
    values: dict[str, Any] = {"spans": given, "now": timezone.now(), "id": viewing.pk}
    with connection.cursor() as cursor:
        cursor.execute(_MERGE, values)
        row = cursor.fetchone()
    return [(span.lower, span.upper) for span in row[0]] if row else []


def _finish(viewing: Viewing, *, by: Actor, reason: str = "") -> None:
    """End a viewing in the caller's transaction, once; the event says what was watched in all."""
    if not Viewing.objects.filter(pk=viewing.pk, ended_at=None).update(ended_at=timezone.now()):
        return
    seen: Spans = Viewing.objects.values_list("watched", flat=True).get(pk=viewing.pk)
    detail = {"seconds": total_ms(seen) // 1000, **_told(seen)}
    note(Kind.VIEWING_FINISHED, viewing, by, detail=detail | ({"reason": reason} if reason else {}))


def _told(spans: Spans) -> dict[str, Any]:
    """Spans as an event holds them. A shredded viewing keeps its total and its first spans: an event has its limit."""
    kept = spans[:MAX_SPANS]
    return {"spans": [list(span) for span in kept], "span_words": words(kept), "watched_ms": total_ms(spans)}
