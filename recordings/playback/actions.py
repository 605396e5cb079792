"""The promise: no URL to a file leaves the server before its issue is committed to the trail – and sealed, and
witnessed, as far as AUDIT_RELEASE asks.

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

# A player renews once a minute or so, and asks what is wrong once; whoever asks faster is no player.
BETWEEN_RENEWALS = timedelta(seconds=2)
BETWEEN_CHECKS = timedelta(seconds=3)


class StartedViewing(NamedTuple):
    """A viewing that may begin, and the URL it begins with: its issue is in the trail."""

    viewing: Viewing
    issued: FreshUrl


def start_viewing(
    *, recording: Recording, purpose: Purpose, remark: str, viewer: Any, by: Actor
) -> StartedViewing:
    """Begin a viewing and return it with its URL.

    Raises Denied or NoUrl – both are in the trail by then – and AuditUnavailable when the trail cannot be written.
    """
    # 1. Who may: the view has checked the right; here it is whether the recording may be tried at all.
    if not recording.may_be_tried:
        deny(Denial.NOT_PLAYABLE, recording=recording, by=by, sentence=recording.state_reason)

    # 2. The request is committed, together with the viewing it asks for, before anybody is asked for a URL.
    viewing = Viewing(
        recording=recording, viewer=viewer, purpose=purpose, note=remark, session_ref=by.session
    )
    with committed():
        viewing.save(force_insert=True)
        record(Kind.VIEWING_REQUESTED, by=by, outcome=Outcome.GRANTED, note=remark, **about(viewing))

    issue = None
    try:
        # 3. A fresh URL, outside any transaction: CommBox may take seconds. It stays on the server.
        fresh = fresh_url(recording, viewing.pk)

        # 4. Storage has answered to it: a file that it does not give out ends here, and another file than the one
        # first seen is an event. Where storage keeps versions, the one first seen is played.
        look = check_answer(recording, fresh)
        if look.first is not None:
            fresh = pin_version(fresh, recording, viewing.pk, look.first.version_id)

        # 5. The issue is committed – unless the viewing ended meanwhile, because the person signed out.
        with committed():
            still_open = Viewing.objects.filter(pk=viewing.pk, ended_at=None)
            if still_open.update(url_issued_at=timezone.now(), url_expires_at=fresh.expires_at):
                facts = about(viewing, **fresh.detail)
                issue = record(Kind.URL_ISSUED, by=by, outcome=Outcome.GRANTED, **facts)
        if issue is None:
            deny(Denial.ENDED, recording=recording, viewing=viewing, by=by)

        # 6. The issue is sealed, and witnessed, as far as AUDIT_RELEASE asks.
        wait_released([issue])
    except URL_TROUBLES as trouble:
        # The refusal is committed, then raised. Without its first URL the viewing is over.
        refuse_url(viewing, trouble, by=by, ends=True)

    # 7. Only now may an answer carry the URL.
    return StartedViewing(viewing, fresh)


def renew_url(*, viewing: Viewing, may_play: bool, by: Actor) -> FreshUrl:
    """Return a fresh URL for a viewing that goes on.

    Raises Denied, NoUrl (both in the trail), TooSoon (not in it: nothing was decided) and AuditUnavailable.
    """
    # 1. Who may: whoever began the viewing, in the same session, while it is open. A refusal is in the trail.
    check_may_go_on(viewing, may_play=may_play, by=by)
    limit_rate(viewing, "url_issued_at", BETWEEN_RENEWALS)

    issue = None
    try:
        # 2. A fresh URL, outside any transaction. It stays on the server.
        fresh = fresh_url(viewing.recording, viewing.pk)

        # 3. As at the start: what storage answers decides, and the version first seen is played.
        look = check_answer(viewing.recording, fresh)
        if look.first is not None:
            fresh = pin_version(fresh, viewing.recording, viewing.pk, look.first.version_id)

        # 4. The issue is committed – unless the viewing ended meanwhile, because the person signed out.
        with committed():
            still_open = Viewing.objects.filter(pk=viewing.pk, ended_at=None)
            times = {"url_issued_at": timezone.now(), "url_expires_at": fresh.expires_at}
            if still_open.update(renewals=F("renewals") + 1, **times):
                facts = about(viewing, **fresh.detail)
                issue = record(Kind.URL_RENEWED, by=by, outcome=Outcome.GRANTED, **facts)
        if issue is None:
            deny(Denial.ENDED, recording=viewing.recording, viewing=viewing, by=by)

        # 5. The issue is sealed, and witnessed, as far as AUDIT_RELEASE asks.
        wait_released([issue])
    except URL_TROUBLES as trouble:
        # The refusal is committed, then raised. The viewing goes on: the next try may work.
        refuse_url(viewing, trouble, by=by)

    # 6. Only now may an answer carry the URL.
    return fresh


def report_problem(*, viewing: Viewing, may_play: bool, by: Actor) -> None:
    """Ask storage, with a URL that never leaves the server, why the player cannot have the file.

    Returns when storage gives it out. Raises Denied and NoUrl, which says what is wrong (both in the trail), TooSoon
    and AuditUnavailable.
    """
    check_may_go_on(viewing, may_play=may_play, by=by)
    limit_rate(viewing, "checked_at", BETWEEN_CHECKS)
    try:
        fresh = fresh_url(viewing.recording, viewing.pk)
        check_answer(viewing.recording, fresh, strict=True)
    except NoUrl as trouble:
        refuse_url(viewing, trouble, by=by)


def limit_rate(viewing: Viewing, column: str, every: timedelta) -> None:
    """Set `column` to now in one statement, unless it was set within `every`. Raises TooSoon when it was."""
    now = timezone.now()
    due = Q(**{column: None}) | Q(**{f"{column}__lte": now - every})
    if not Viewing.objects.filter(due, pk=viewing.pk).update(**{column: now}):
        raise TooSoon
