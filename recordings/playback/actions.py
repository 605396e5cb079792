"""Start viewings and renew their URLs. No URL to a file leaves the server before its issue is committed to the trail,
and sealed and witnessed as AUDIT_RELEASE requires.

`start_viewing` and `renew_url` are the only two functions whose URL reaches a browser. Read them top to bottom.
"""

from datetime import timedelta
from typing import Any, NamedTuple

from django.db.models import F, Q
from django.utils import timezone

from recordings.audit import Actor, Kind, Outcome, Purpose, committed, record
from recordings.media_urls import FreshUrl, NoUrl, fresh_url, pin_version
from recordings.models import Recording, Viewing
from recordings.playback.errors import Denial, TooSoon
from recordings.playback.events import URL_TROUBLES, about, deny, refuse_url
from recordings.playback.policies import check_may_go_on
from recordings.playback.storage_check import check_answer
from recordings.proof.sealing.release import wait_released
from recordings.reach import Reach

# Shortest times between two requests of one viewing. The player itself needs about one a minute.
BETWEEN_RENEWALS = timedelta(seconds=2)
BETWEEN_CHECKS = timedelta(seconds=3)


class StartedViewing(NamedTuple):
    """A viewing that may start, and its first URL. Its issue is in the trail."""

    viewing: Viewing
    issued: FreshUrl


def start_viewing(
    *, recording: Recording, purpose: Purpose, note: str, viewer: Any, by: Actor
) -> StartedViewing:
    """Start a viewing and return it with its first URL.

    Raises Denied or NoUrl, after the refusal is in the trail, and AuditUnavailable when the trail cannot be written.
    """
    # 1. The view has checked the permission. Refuse a recording that cannot be played.
    if not recording.may_be_tried:
        deny(Denial.NOT_PLAYABLE, recording=recording, by=by, sentence=recording.state_reason)

    # 2. Commit the viewing and its request before anything asks for a URL.
    viewing = Viewing(recording=recording, viewer=viewer, purpose=purpose, note=note, session_ref=by.session)
    with committed():
        viewing.save(force_insert=True)
        record(Kind.VIEWING_REQUESTED, by=by, outcome=Outcome.GRANTED, note=note, **about(viewing))

    issue = None
    try:
        # 3. Make a fresh URL outside any transaction, because CommBox may take seconds. It stays on the server.
        fresh = fresh_url(recording, viewing.pk)

        # 4. Check storage's answer. If storage does not serve the file, stop here; a different file than the one first
        # seen is an event. If storage keeps versions, play the one first seen.
        look = check_answer(recording, fresh)
        if look.first is not None:
            fresh = pin_version(fresh, recording, viewing.pk, look.first.version_id)

        # 5. Commit the issue, unless the viewing has ended because the person signed out.
        with committed():
            still_open = Viewing.objects.filter(pk=viewing.pk, ended_at=None)
            if still_open.update(url_issued_at=timezone.now(), url_expires_at=fresh.expires_at):
                facts = about(viewing, **fresh.detail)
                issue = record(Kind.URL_ISSUED, by=by, outcome=Outcome.GRANTED, **facts)
        if issue is None:
            deny(Denial.ENDED, recording=recording, viewing=viewing, by=by)

        # 6. Wait until the issue is sealed and witnessed, as AUDIT_RELEASE requires.
        wait_released([issue])
    except URL_TROUBLES as trouble:
        # Commit the refusal, then raise it. Without a first URL, the viewing ends.
        refuse_url(viewing, trouble, by=by, ends=True)

    # 7. Only now may a response contain the URL.
    return StartedViewing(viewing, fresh)


def renew_url(*, viewing: Viewing, reach: Reach, by: Actor) -> FreshUrl:
    """Return a fresh URL for a viewing that continues.

    Raises Denied and NoUrl (both in the trail), TooSoon (not in the trail: nothing was decided) and AuditUnavailable.
    """
    # 1. Only the person who started the viewing may continue it, in the same session, while it is open.
    check_may_go_on(viewing, reach=reach, by=by)
    limit_rate(viewing, "url_issued_at", BETWEEN_RENEWALS)

    issue = None
    try:
        # 2. Make a fresh URL outside any transaction. It stays on the server.
        fresh = fresh_url(viewing.recording, viewing.pk)

        # 3. Check storage's answer, and play the version first seen, as at the start.
        look = check_answer(viewing.recording, fresh)
        if look.first is not None:
            fresh = pin_version(fresh, viewing.recording, viewing.pk, look.first.version_id)

        # 4. Commit the issue, unless the viewing has ended because the person signed out.
        with committed():
            still_open = Viewing.objects.filter(pk=viewing.pk, ended_at=None)
            times = {"url_issued_at": timezone.now(), "url_expires_at": fresh.expires_at}
            if still_open.update(renewals=F("renewals") + 1, **times):
                facts = about(viewing, **fresh.detail)
                issue = record(Kind.URL_RENEWED, by=by, outcome=Outcome.GRANTED, **facts)
        if issue is None:
            deny(Denial.ENDED, recording=viewing.recording, viewing=viewing, by=by)

        # 5. Wait until the issue is sealed and witnessed, as AUDIT_RELEASE requires.
        wait_released([issue])
    except URL_TROUBLES as trouble:
        # Commit the refusal, then raise it. The viewing continues: a retry may succeed.
        refuse_url(viewing, trouble, by=by)

    # 6. Only now may a response contain the URL.
    return fresh


def report_problem(*, viewing: Viewing, reach: Reach, by: Actor) -> None:
    """Find out from storage why the player cannot load the file, with a URL that never leaves the server.

    Returns when storage serves the file. Otherwise raises NoUrl, which says what is wrong, or Denied (both in the
    trail), TooSoon or AuditUnavailable.
    """
    check_may_go_on(viewing, reach=reach, by=by)
    limit_rate(viewing, "checked_at", BETWEEN_CHECKS)
    try:
        fresh = fresh_url(viewing.recording, viewing.pk)
        check_answer(viewing.recording, fresh, strict=True)
    except NoUrl as trouble:
        refuse_url(viewing, trouble, by=by)


def limit_rate(viewing: Viewing, column: str, every: timedelta) -> None:
    """Rate-limit: atomically set `column` to now unless it was set within `every`. Raises TooSoon."""
    now = timezone.now()
    due = Q(**{column: None}) | Q(**{f"{column}__lte": now - every})
    if not Viewing.objects.filter(due, pk=viewing.pk).update(**{column: now}):
        raise TooSoon
