"""Interpret what storage answers: one table of outcomes, used by the probe, the player and custody.

An outcome follows from the status, S3's error code, the time and the region that storage names, and the first bytes
of the file.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

import httpx
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.storage.locations import REGION
from recordings.storage.s3_urls import life_of, signed_region_of
from recordings.worded import Worded

# S3 refuses a URL whose signing time is further ahead than this.
AHEAD_ALLOWED = timedelta(minutes=15)
# Clocks closer than this count as equal: an answer takes time to arrive, and Date has whole seconds.
SAME_TIME = timedelta(seconds=5)
SNIFFED_BYTES = 16

_TOTAL_SIZE = re.compile(r"bytes (?:[0-9]{1,18}-[0-9]{1,18}|\*)/([0-9]{1,18})")
_CODE = re.compile(rb"<Code>([A-Za-z.]{1,60})</Code>")
_REGION_IN_BODY = re.compile(rb"<Region>([a-z0-9-]{1,40})</Region>")
_EXPIRED = re.compile(rb"<Message>Request has expired", re.IGNORECASE)
_NOT_YET_VALID = re.compile(rb"<Message>Request is not (?:yet valid|valid yet)", re.IGNORECASE)
# How HTML, XML and JSON begin. No recording begins so.
_TEXT_START = (b"<", b"{")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class NextStep(StrEnum):
    """What happens after an answer. Custody checks the file again after each of them (`custody.due`)."""

    PLAY = "play"  # the URL is issued
    PLAYER_RETRIES = "player_retries"  # the URL is issued; the player retries
    RETRY = "retry"  # no URL now; the problem ends without anyone acting
    OWNER = "owner"  # no URL; the storage's owner has to act
    OPERATOR = "operator"  # no URL; the portal's operator has to act, and the operations page says so


class StorageOutcome(Worded):
    """What storage answered about a file.

    `sentence` explains it to a person. `state` is the recording's state that follows (a value of RecordingState). It
    is empty when the answer says nothing lasting about the file; then the recording keeps its state.
    """

    sentence: str | Promise
    state: str
    next: NextStep

    FOUND = "found", _("The file is in storage."), "", NextStep.PLAY
    BUSY = "busy", _("Storage is busy. It may answer in a moment."), "", NextStep.PLAYER_RETRIES
    UNREACHABLE = "unreachable", _("Storage could not be reached."), "", NextStep.PLAYER_RETRIES
    NOT_YET = (
        "not_yet",
        _("The recording is new and its file is not in storage yet. The portal checks again automatically."),
        "",
        NextStep.RETRY,
    )
    EXPIRED = "expired", _("The link to the file has expired."), "", NextStep.RETRY
    MISSING = "missing", _("The file is no longer in storage."), "file_missing", NextStep.OWNER
    EMPTY = "empty", _("The file in storage is empty."), "file_missing", NextStep.OWNER
    DENIED = (
        "denied",
        _("Storage refused access to the file, or the file no longer exists."),
        "storage_refused",
        NextStep.OWNER,
    )
    ARCHIVED = (
        "archived",
        _("The owner of the storage archived the file. It can be played once they restore it."),
        "storage_refused",
        NextStep.OWNER,
    )
    MOVED = (
        "moved",
        _("Storage reports that the bucket is at another address."),
        "storage_refused",
        NextStep.OPERATOR,
    )
    NO_BUCKET = (
        "no_bucket",
        _("Storage has no bucket with this name at this address."),
        "storage_refused",
        NextStep.OPERATOR,
    )
    CLOCK_SKEWED = (
        "clock_skewed",
        _(
            "Storage refused the link because of a clock difference: the clock of this server, or of the system that "
            "signed the link, is wrong. The file is not affected."
        ),
        "",
        NextStep.OPERATOR,
    )
    KEY_REFUSED = (
        "key_refused",
        _("Storage does not accept the key that signed the link. The file is not affected."),
        "",
        NextStep.OPERATOR,
    )
    WRONG_REGION = (
        "wrong_region",
        _("Storage expects signatures for another region. The file is not affected."),
        "",
        NextStep.OPERATOR,
    )
    NOT_A_FILE = (
        "not_a_file",
        _("Storage answered with a web page or a message instead of a recording."),
        "",
        NextStep.OWNER,
    )
    UNEXPECTED = "unexpected", _("Storage gave an unexpected answer."), "", NextStep.OPERATOR

    @property
    def gives_out(self) -> bool:
        """Whether a URL may be issued after this answer."""
        return self.next in (NextStep.PLAY, NextStep.PLAYER_RETRIES)

    @property
    def passes(self) -> bool:
        """Whether a retry may succeed without anyone acting."""
        return self.next in (NextStep.PLAY, NextStep.PLAYER_RETRIES, NextStep.RETRY)


_BY_CODE = {
    "InvalidObjectState": StorageOutcome.ARCHIVED,
    "NoSuchKey": StorageOutcome.MISSING,
    "NoSuchVersion": StorageOutcome.MISSING,
    "NoSuchBucket": StorageOutcome.NO_BUCKET,
    "ExpiredToken": StorageOutcome.EXPIRED,
    "RequestTimeTooSkewed": StorageOutcome.CLOCK_SKEWED,
    "InvalidAccessKeyId": StorageOutcome.KEY_REFUSED,
    "SignatureDoesNotMatch": StorageOutcome.KEY_REFUSED,
    "InvalidToken": StorageOutcome.KEY_REFUSED,
    "TokenRefreshRequired": StorageOutcome.KEY_REFUSED,
    "AuthorizationQueryParametersError": StorageOutcome.KEY_REFUSED,
    "AuthorizationHeaderMalformed": StorageOutcome.KEY_REFUSED,
    "PermanentRedirect": StorageOutcome.MOVED,
    "TemporaryRedirect": StorageOutcome.MOVED,
    "SlowDown": StorageOutcome.BUSY,
    "ServiceUnavailable": StorageOutcome.BUSY,
    "InternalError": StorageOutcome.BUSY,
    "RequestTimeout": StorageOutcome.BUSY,
}
_BY_STATUS = {
    **dict.fromkeys((401, 403), StorageOutcome.DENIED),
    **dict.fromkeys((404, 410), StorageOutcome.MISSING),
    **dict.fromkeys((301, 302, 303, 307, 308), StorageOutcome.MOVED),
    **dict.fromkeys((408, 425, 429, 500, 502, 503, 504), StorageOutcome.BUSY),
    # The first bytes were asked for: only an empty file has none to give (RFC 9110, 15.5.17).
    416: StorageOutcome.EMPTY,
}
# With these, storage names the region it expects a signature for.
_ABOUT_REGION = frozenset(
    {
        "AuthorizationQueryParametersError",
        "AuthorizationHeaderMalformed",
        "PermanentRedirect",
        "TemporaryRedirect",
    }
)


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """One answer of storage. `status` is None when nothing answered.

    `region` is the region that storage expects (WRONG_REGION). `clock_ahead`: seconds by which storage's clock is
    ahead of this server's; None when storage named no time.
    """

    outcome: StorageOutcome
    status: int | None = None
    size_bytes: int | None = None
    etag: str = ""
    last_modified: datetime | None = None
    version_id: str = ""
    region: str = ""
    clock_ahead: float | None = field(default=None, compare=False)


def read_found(response: httpx.Response, first_bytes: bytes | None = None) -> ProbeResult:
    """Interpret an answer with status 200 or 206. `first_bytes`: the beginning of the file, when it was requested."""
    headers, size = response.headers, _size_of(response)
    outcome = StorageOutcome.FOUND
    if size == 0:
        outcome = StorageOutcome.EMPTY
    elif (first_bytes or b"").removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(_TEXT_START):
        outcome = StorageOutcome.NOT_A_FILE
    return ProbeResult(
        outcome,
        response.status_code,
        size,
        headers.get("etag", "")[:200],
        _http_date(headers.get("last-modified", "")),
        headers.get("x-amz-version-id", "")[:1024],
        clock_ahead=_seconds_ahead(response, datetime.now(UTC)),
    )


def read_refusal(response: httpx.Response, body: bytes) -> ProbeResult:
    """Interpret an answer with any other status. `body`: its beginning."""
    now, url = datetime.now(UTC), str(response.request.url)
    match = _CODE.search(body)
    code = match[1].decode("ascii") if match else ""
    outcome = _BY_CODE.get(code) or _BY_STATUS.get(response.status_code) or StorageOutcome.UNEXPECTED
    if response.headers.get("x-amz-delete-marker") == "true":
        outcome = StorageOutcome.MISSING
    region = ""
    if code in _ABOUT_REGION:
        region = _region_of(response, body)
        if region in ("", signed_region_of(url)):
            region = ""
        else:
            outcome = StorageOutcome.WRONG_REGION
    if outcome is StorageOutcome.DENIED:
        outcome = _judge_times(response, body, url, now)
    return ProbeResult(
        outcome, response.status_code, region=region, clock_ahead=_seconds_ahead(response, now)
    )


def _judge_times(response: httpx.Response, body: bytes, url: str, now: datetime) -> StorageOutcome:
    """Decide whether a refused link was denied, has expired, or is valid by one of two clocks that differ.

    Ceph RGW gives no reason when it refuses a URL that has expired or is not valid yet: then only the times decide.
    """
    if _NOT_YET_VALID.search(body):
        return StorageOutcome.CLOCK_SKEWED
    begins_at, ends_at = life_of(url)
    theirs = _http_date(response.headers.get("date", "")) or now
    has_ended = _EXPIRED.search(body) is not None or (ends_at is not None and ends_at <= theirs)
    not_begun = begins_at is not None and begins_at > theirs + AHEAD_ALLOWED
    if not (has_ended or not_begun):
        return StorageOutcome.DENIED
    is_alive_here = ends_at is not None and now < ends_at
    clocks_differ = abs(theirs - now) > SAME_TIME or theirs == now
    return StorageOutcome.CLOCK_SKEWED if is_alive_here and clocks_differ else StorageOutcome.EXPIRED


def _region_of(response: httpx.Response, body: bytes) -> str:
    match = _REGION_IN_BODY.search(body)
    region: str = response.headers.get("x-amz-bucket-region") or (match[1].decode() if match else "")
    return region if REGION.fullmatch(region) else ""


def _size_of(response: httpx.Response) -> int | None:
    """Return the length of the whole file, even when storage ignores ranges."""
    if match := _TOTAL_SIZE.fullmatch(response.headers.get("content-range", "")):
        return int(match[1])
    length = response.headers.get("content-length", "")
    whole = response.status_code == 200 and re.fullmatch("[0-9]{1,18}", length)
    return int(length) if whole else None


def _seconds_ahead(response: httpx.Response, now: datetime) -> float | None:
    theirs = _http_date(response.headers.get("date", ""))
    return (theirs - now).total_seconds() if theirs else None


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
