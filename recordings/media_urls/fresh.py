"""Make a fresh URL, signed by the portal if it has a storage key, else by CommBox; and get storage's answer to it."""

import math
import uuid
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from recordings import breaker
from recordings.commbox import CommBoxError, RecordingItem, Unreachable
from recordings.commbox.assembly import client
from recordings.media_urls import troubles
from recordings.media_urls.errors import NoUrl
from recordings.media_urls.places import location_of, media_type_of
from recordings.models import FileSighting, Recording
from recordings.storage import (
    MAX_TTL_SECONDS,
    Location,
    ProbeResult,
    StorageOutcome,
    UrlKind,
    can_presign,
    has_two_readings,
    learn_region,
    presign,
    probe,
    strip_query,
)
from recordings.timed import TimedValue
from recordings.wording import filled

logger = structlog.get_logger("portal.media_urls")

# A URL that expires sooner than this is treated as expired.
SHORTEST_LIFE = timedelta(seconds=5)
# A person waits for this answer. When storage is slower, only the browser requests the file.
PROBE_SECONDS = 3.0
# Outcomes that may be about the portal's key rather than the file.
NOT_BY_THIS_KEY = frozenset(
    {
        StorageOutcome.DENIED,
        StorageOutcome.KEY_REFUSED,
        StorageOutcome.WRONG_REGION,
        StorageOutcome.BUSY,
        StorageOutcome.UNREACHABLE,
    }
)
# Without the right to list, S3 answers 403 for a file that does not exist.
ABSENT = (StorageOutcome.MISSING, StorageOutcome.DENIED)
NO_VERSION = ("", "null")

# Buckets that the portal's key cannot read, and buckets whose versions it cannot read. Tried again after 10 minutes.
_commbox_only: defaultdict[str, TimedValue[bool]] = defaultdict(lambda: TimedValue(600.0))
_without_versions: defaultdict[str, TimedValue[bool]] = defaultdict(lambda: TimedValue(600.0))


@dataclass(frozen=True, slots=True)
class FreshUrl:
    """A presigned URL that was just made. It must not leave the server before its issue is in the trail.

    `answer`: storage's answer to it.
    """

    url: str = field(repr=False)
    location: Location
    expires_at: datetime
    signed_by: str
    answer: ProbeResult

    @property
    def expires_in(self) -> int:
        """Return the whole seconds until it expires."""
        return max(0, int((self.expires_at - timezone.now()).total_seconds()))

    @property
    def lives_long(self) -> bool:
        """Return whether it is valid for longer than any URL that the portal signs."""
        return self.expires_in > MAX_TTL_SECONDS

    @property
    def detail(self) -> dict[str, int | str]:
        """Return the facts for the trail: where the file is and when the URL expires, never the signature."""
        ttl_seconds = math.ceil((self.expires_at - timezone.now()).total_seconds())
        version = {"version_id": self.location.version_id} if self.location.version_id else {}
        return {
            "host": self.location.authority,
            "bucket": self.location.bucket,
            "object_key": self.location.key,
            **version,
            "expires_at": self.expires_at.isoformat(timespec="seconds"),
            "ttl_seconds": ttl_seconds,
            "signed_by": self.signed_by,
        }


def fresh_url(
    recording: Recording, viewing_id: uuid.UUID, *, interactive: bool = True, save_as: str = ""
) -> FreshUrl:
    """Return a URL to the recording's file for one viewing, with storage's answer to it. Raises NoUrl.

    `interactive` is false when nobody waits: then a call to CommBox counts towards the background's budget. With
    `save_as`, the name of a file, it is for a download: only the portal signs those.
    """
    # 1. The portal signs if it has a key, even where CommBox could: its URL expires sooner and names its viewing.
    own = None
    if can_presign() and not (_may_ask_commbox(recording) and _is_commbox_only(recording)):
        own = _signed_by_portal(recording, viewing_id, save_as)
        # 2. If the portal's key cannot read the file, CommBox's own key may.
        if not (_may_ask_commbox(recording) and own.answer.outcome in NOT_BY_THIS_KEY):
            return own

    # 3. Otherwise CommBox signs. Its URL would show the file instead of saving it, and may be valid for long.
    if save_as:
        raise NoUrl(
            "not_signed_by_portal",
            _("The portal's own key cannot read this file, so the portal cannot offer it for download."),
        )
    fresh = _signed_by_commbox(recording, interactive=interactive)
    if own is not None and fresh.answer.outcome is StorageOutcome.FOUND:
        _commbox_only[own.location.place].set(True)
    return fresh


def pin_version(
    fresh: FreshUrl, recording: Recording, viewing_id: uuid.UUID, version_id: str, *, save_as: str = ""
) -> FreshUrl:
    """Return a URL of that version of the file, if the portal signs and its key may read versions.

    The bytes of this version are played even if another file was stored under the same name.
    """
    location = fresh.location
    if fresh.signed_by != "portal" or location.version_id or version_id in NO_VERSION:
        return fresh
    if _without_versions[location.place].get():
        return fresh
    pinned = _sign(recording, replace(location, version_id=version_id), viewing_id, save_as)
    if pinned.answer.outcome is StorageOutcome.DENIED:
        _without_versions[location.place].set(True)
        logger.warning("versions not readable", place=location.place)
    return pinned if pinned.answer.outcome.gives_out else fresh


def _may_ask_commbox(recording: Recording) -> bool:
    return recording.url_kind == UrlKind.PRESIGNED


def _is_commbox_only(recording: Recording) -> bool:
    return bool(_commbox_only[location_of(recording.url).place].get())


def _signed_by_portal(recording: Recording, viewing_id: uuid.UUID, save_as: str) -> FreshUrl:
    """Sign a URL of the file. A plus sign in its name may mean a space: use the reading that is found."""
    location = location_of(recording.url, plus_is_blank=recording.plus_is_blank)
    fresh = _sign(recording, location, viewing_id, save_as)
    if fresh.answer.outcome is StorageOutcome.WRONG_REGION:
        # Storage named the region it expects. Remember it.
        learn_region(location, fresh.answer.region)
        fresh = _sign(recording, location, viewing_id, save_as)
    if fresh.answer.outcome not in ABSENT or not has_two_readings(recording.url):
        return fresh
    other = location_of(recording.url, plus_is_blank=not recording.plus_is_blank)
    return _found_instead(recording, _sign(recording, other, viewing_id, save_as)) or fresh


def _found_instead(recording: Recording, other: FreshUrl) -> FreshUrl | None:
    """Keep the other reading of the recording's URL and return it; None when it could be another file's name.

    It could be when a file was found by the first reading before, or when its size is not the one CommBox reports.
    """
    reported, found = recording.file_size_bytes, other.answer
    if found.outcome is not StorageOutcome.FOUND or (reported and found.size_bytes not in (None, reported)):
        return None
    if FileSighting.objects.filter(recording=recording, outcome=StorageOutcome.FOUND).exists():
        return None
    recording.plus_is_blank = not recording.plus_is_blank
    Recording.objects.filter(pk=recording.pk).update(plus_is_blank=recording.plus_is_blank)
    return other


def _sign(recording: Recording, location: Location, viewing_id: uuid.UUID, save_as: str) -> FreshUrl:
    signed = presign(
        location,
        ttl_seconds=settings.PLAYBACK_URL_TTL,
        viewing_id=str(viewing_id),
        media_type=media_type_of(recording, location),
        save_as=save_as,
    )
    return FreshUrl(signed.url, location, signed.expires_at, "portal", _ask(signed.url, location))


def _signed_by_commbox(recording: Recording, *, interactive: bool) -> FreshUrl:
    if not breaker.may_call(interactive=interactive):
        raise _unanswered(Unreachable())
    try:
        items = client().recordings(recording.object_id, interactive=interactive).items
    except CommBoxError as error:
        breaker.record_result(error, interactive=interactive)
        raise _unanswered(error) from error
    breaker.record_result(interactive=interactive)
    item = _item_of(recording, items)
    if item is None:
        raise NoUrl(
            "no_longer_reported",
            _("CommBox no longer reports this recording, so there is no link to its file."),
        )
    # The answer may name another location than the row, so check the allow-list again.
    location = location_of(item.recording_url)
    if item.url_kind != UrlKind.PRESIGNED:
        raise NoUrl("no_credentials", _("The portal has no credentials for the storage of this recording."))
    expires_at = item.url_expires_at or timezone.now() + timedelta(seconds=settings.PLAYBACK_URL_TTL)
    life = expires_at - timezone.now()
    if life < SHORTEST_LIFE:
        raise NoUrl("already_expired", _("The link from CommBox has already expired."), again=True)
    if settings.COMMBOX_LONG_URLS == "refuse" and life > timedelta(seconds=MAX_TTL_SECONDS):
        minutes = math.ceil(life.total_seconds() / 60)
        raise NoUrl(
            "lives_too_long",
            filled(
                _(
                    "CommBox's link to the file would stay valid for %(n1)s minutes. This installation does not issue "
                    "links that are valid for longer than %(n2)s minutes."
                ),
                n1=minutes,
                n2=MAX_TTL_SECONDS // 60,
            ),
        )
    answer = _ask(item.recording_url, location)
    return FreshUrl(item.recording_url, location, expires_at, "commbox", answer)


def _ask(url: str, location: Location) -> ProbeResult:
    answer = probe(url, total_seconds=PROBE_SECONDS)
    troubles.note(location.place, answer)
    return answer


def _unanswered(error: CommBoxError) -> NoUrl:
    sentence = format_lazy(
        "{} {}", _(error.sentence), _("The recording cannot be played until CommBox answers.")
    )
    return NoUrl(f"commbox_{type(error).__name__.lower()}", sentence, again=error.retriable)


def _item_of(recording: Recording, items: list[RecordingItem]) -> RecordingItem | None:
    """Find the recording in CommBox's answer: by fingerprint, else by the file's address and the recorded time.

    When CommBox starts to send activity ids, every fingerprint changes although the recordings do not.
    """
    for item in items:
        if item.fingerprint == recording.fingerprint:
            return item
    for item in items:
        address = strip_query(item.recording_url)
        if address and (address, item.recorded_at) == (recording.url, recording.recorded_at):
            return item
    return None
