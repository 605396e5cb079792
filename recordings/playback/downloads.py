"""Issue a download of a recording's file. No URL leaves the server before its issue is committed to the trail, and
sealed and witnessed as AUDIT_RELEASE requires. Read `issue_download` top to bottom.
"""

from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from recordings.audit import Actor, Kind, Outcome, Purpose, Target, committed, record
from recordings.media_urls import FreshUrl, NoUrl, fresh_url, location_of, pin_version
from recordings.media_urls.places import MEDIA_TYPES
from recordings.models import Recording
from recordings.models.fields import uuid7
from recordings.playback.events import URL_TROUBLES, as_no_url
from recordings.playback.storage_check import check_answer
from recordings.proof.sealing.release import wait_released

_ISSUED = (Kind.DOWNLOAD_ISSUED, Kind.URL_ISSUED)
_REFUSED = (Kind.DOWNLOAD_REFUSED, Kind.URL_REFUSED)


def issue_download(*, recording: Recording, purpose: Purpose, note: str, by: Actor) -> FreshUrl:
    """Return a URL with which a browser saves the file.

    Raises NoUrl, after the refusal is in the trail, and AuditUnavailable when the trail cannot be written.
    """
    # 1. The view has checked the permission. Commit the request before anything makes a URL.
    download = uuid7()
    with committed():
        facts = _about(recording, download, purpose)
        record(Kind.DOWNLOAD_REQUESTED, by=by, outcome=Outcome.GRANTED, note=note, **facts)

    issued: list[UUID] = []
    try:
        # 2. Make a fresh URL outside any transaction, check storage's answer, and take the version first seen.
        if not recording.may_be_tried:
            raise NoUrl("not_playable", recording.state_reason or _("This recording cannot be downloaded."))
        save_as = file_name(recording)
        fresh = fresh_url(recording, download, save_as=save_as)
        look = check_answer(recording, fresh)
        if look.first is not None:
            fresh = pin_version(fresh, recording, download, look.first.version_id, save_as=save_as)

        # 3. Commit the issue, and wait until it is sealed and witnessed. It is two events, because evidence counts the
        # URLs with which a recording can be watched, and this is one.
        with committed():
            facts = _about(recording, download, purpose, **fresh.detail)
            issued = [record(kind, by=by, outcome=Outcome.GRANTED, **facts) for kind in _ISSUED]
        wait_released(issued)
    except URL_TROUBLES as trouble:
        # Commit the refusal, then raise it.
        refusal = as_no_url(trouble)
        with committed():
            facts = _about(recording, download, purpose, reason=refusal.code, sentence=str(refusal))
            for kind in _REFUSED if issued else _REFUSED[:1]:
                record(kind, by=by, outcome=refusal.outcome, **facts)
        raise refusal from trouble

    # 4. Only now may a response contain the URL.
    return fresh


def file_name(recording: Recording) -> str:
    """Return the name under which a browser saves the file: made of ids, never of what a person or CommBox wrote."""
    suffix = PurePosixPath(location_of(recording.url).key).suffix.lower()
    suffix = suffix if suffix in MEDIA_TYPES else ""
    return f"recording-{recording.object_id}-{recording.pk.hex[-8:]}{suffix}"


def _about(recording: Recording, download: UUID, purpose: Purpose, **detail: Any) -> dict[str, Any]:
    return {
        "target": Target.of(recording),
        "purpose": purpose,
        "detail": {"download": str(download), **detail},
    }
