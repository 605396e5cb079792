"""Where the fresh URL of a viewing comes from: our own signature where we hold credentials, else CommBox, asked again.

Called between transactions, after the request is in the trail and before anything is given out.
"""

import math
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from django.conf import settings
from django.utils import timezone

from recordings import breaker
from recordings.audit import Outcome
from recordings.commbox import CommBoxError, RecordingItem, Unreachable
from recordings.commbox.assembly import client
from recordings.exceptions import PortalError
from recordings.models import Recording
from recordings.storage import Location, NotPlayable, UrlKind, can_presign, locate, presign, strip_query

# What a file may be shown as, whatever storage calls it: never as a page (ASVS 3.2.1).
MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
}
# A URL that ends sooner than this is as good as ended.
LEAST_LIFE = timedelta(seconds=5)


class NoUrl(PortalError):
    """There is no URL to the file now. `code` goes into the trail; `again` says whether a later try may work."""

    def __init__(self, code: str, sentence: str, *, again: bool = False) -> None:
        super().__init__(sentence)
        self.code = code
        self.again = again
        self.status = 503 if again else 409

    @property
    def outcome(self) -> Outcome:
        """A refusal is final until something changes; an outage is an error."""
        return Outcome.ERROR if self.again else Outcome.DENIED


@dataclass(frozen=True, slots=True)
class FreshUrl:
    """A URL made this second, still on the server. Only what is in the trail by now may leave with it."""

    url: str = field(repr=False)
    location: Location
    expires_at: datetime
    signed_by: str

    @property
    def expires_in(self) -> int:
        """Whole seconds it has left."""
        return max(0, int((self.expires_at - timezone.now()).total_seconds()))

    @property
    def detail(self) -> dict[str, int | str]:
        """What the trail keeps of it: the place and the end, never the signature."""
        life = math.ceil((self.expires_at - timezone.now()).total_seconds())
        return {
            "host": self.location.authority,
            "bucket": self.location.bucket,
            "object_key": self.location.key,
            "expires_at": self.expires_at.isoformat(timespec="seconds"),
            "ttl_seconds": life,
            "signed_by": self.signed_by,
        }


def fresh_url(recording: Recording, viewing_id: uuid.UUID, *, interactive: bool = True) -> FreshUrl:
    """A URL to the recording's file for one viewing. Raises NoUrl with the sentence that says why there is none.

    `interactive` is false where nobody waits: CommBox is then asked out of the background's share.
    """
    if recording.url_kind == UrlKind.DIRECT and can_presign():
        return _own(recording, viewing_id)
    return _from_commbox(recording, interactive)


def location_of(url: str) -> Location:
    """The place a URL names, if it is on the allow-list. Raises NoUrl."""
    try:
        return locate(url, settings.RECORDING_BUCKETS)
    except NotPlayable as error:
        raise NoUrl(error.reason.value, error.reason.sentence) from None


def _own(recording: Recording, viewing_id: uuid.UUID) -> FreshUrl:
    location = location_of(recording.url)
    issued = presign(
        location,
        ttl_seconds=settings.PLAYBACK_URL_TTL,
        viewing_id=str(viewing_id),
        media_type=media_type_of(recording, location),
    )
    return FreshUrl(issued.url, location, issued.expires_at, "portal")


def media_type_of(recording: Recording, location: Location) -> str:
    """By the file's name; one without a telling name is video unless CommBox calls it audio."""
    named = MEDIA_TYPES.get(PurePosixPath(location.key).suffix.lower())
    return named or ("audio/mp4" if recording.recording_type.lower() == "audio" else "video/mp4")


def _from_commbox(recording: Recording, interactive: bool) -> FreshUrl:
    item = _same(recording, _ask(recording, interactive))
    location = location_of(item.recording_url)
    if item.url_kind != UrlKind.PRESIGNED:
        raise NoUrl("no_credentials", "The portal holds no credentials for the storage this recording is in.")
    end = item.url_expires_at or timezone.now() + timedelta(seconds=settings.PLAYBACK_URL_TTL)
    if end - timezone.now() < LEAST_LIFE:
        raise NoUrl("already_expired", "CommBox gave a link that has already expired.", again=True)
    return FreshUrl(item.recording_url, location, end, "commbox")


def _ask(recording: Recording, interactive: bool) -> list[RecordingItem]:
    if not breaker.may_call(interactive=interactive):
        raise _no_answer(Unreachable())
    try:
        parsed = client().recordings(recording.object_id, interactive=interactive)
    except CommBoxError as error:
        breaker.record_result(error, interactive=interactive)
        raise _no_answer(error) from error
    breaker.record_result(interactive=interactive)
    return parsed.items


def _no_answer(error: CommBoxError) -> NoUrl:
    sentence = f"{error.sentence} The recording cannot be played until it answers."
    return NoUrl(f"commbox_{type(error).__name__.lower()}", sentence, again=error.retriable)


def _same(recording: Recording, items: Iterable[RecordingItem]) -> RecordingItem:
    """The item of this answer that is this recording: by fingerprint, else by place and time of the file.

    CommBox may start to give activity ids overnight, which changes every fingerprint and no recording.
    """
    found = list(items)
    for item in found:
        if item.fingerprint == recording.fingerprint:
            return item
    for item in found:
        place = strip_query(item.recording_url)
        if place and (place, item.recorded_at) == (recording.url, recording.recorded_at):
            return item
    raise NoUrl("no_longer_reported", "CommBox no longer reports this recording, so it gives no link to it.")
