"""What an answer of storage means: one table, which the probe, the player and custody all read.

An answer is read as a whole: its status, S3's error code, the time and the region that storage names, and the first
bytes of the file.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

import httpx

from recordings.storage.locations import REGION
from recordings.storage.s3_urls import life_of, signed_region_of
from recordings.worded import Worded

# A URL that was signed for later than this is refused by S3.
AHEAD_ALLOWED = timedelta(minutes=15)
# Two clocks that are closer than this are the same: an answer travels, and its Date has whole seconds.
SAME_TIME = timedelta(seconds=5)
SNIFFED_BYTES = 16

_TOTAL_SIZE = re.compile(r"bytes (?:[0-9]{1,18}-[0-9]{1,18}|\*)/([0-9]{1,18})")
_CODE = re.compile(rb"<Code>([A-Za-z.]{1,60})</Code>")
_REGION_IN_BODY = re.compile(rb"<Region>([a-z0-9-]{1,40})</Region>")
_EXPIRED = re.compile(rb"<Message>Request has expired", re.IGNORECASE)
_NOT_YET_VALID = re.compile(rb"<Message>Request is not (?:yet valid|valid yet)", re.IGNORECASE)
# What HTML, XML and JSON begin with, and no recording does.
_TEXT_START = (b"<", b"{")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class NextStep(StrEnum):
    """What happens after an answer. Whatever it is, custody looks again by itself (`custody.due`)."""

    PLAY = "play"  # the URL is given out
    PLAYER_RETRIES = "player_retries"  # the URL is given out: the player tries again by itself
    RETRY = "retry"  # no URL now; it passes by itself
    OWNER = "owner"  # no URL; whoever owns the storage has to act
    OPERATOR = "operator"  # no URL; whoever runs the portal has to act, and the operations page says so


class StorageOutcome(Worded):
    """What storage said of a file.

    `sentence` says it to a person. `state` is what it makes of the recording (a value of RecordingState); when empty,
    it says nothing lasting about the file and the recording stays what it was.
    """

    sentence: str
    state: str
    next: NextStep

    FOUND = "found", "The file is in storage.", "", NextStep.PLAY
    BUSY = "busy", "Storage is busy; it may answer in a moment.", "", NextStep.PLAYER_RETRIES
    UNREACHABLE = "unreachable", "Storage could not be reached.", "", NextStep.PLAYER_RETRIES
    NOT_YET = (
        "not_yet",
        "The recording is new and its file is not in storage yet. The portal looks again by itself.",
        "",
        NextStep.RETRY,
    )
    EXPIRED = "expired", "The link to the file has expired.", "", NextStep.RETRY
    MISSING = "missing", "The file is no longer in storage.", "file_missing", NextStep.OWNER
    EMPTY = "empty", "The file in storage is empty.", "file_missing", NextStep.OWNER
    DENIED = (
        "denied",
        "Storage refused the file: it may not be read, or it is gone.",
        "storage_refused",
        NextStep.OWNER,
    )
    ARCHIVED = (
        "archived",
        "The file was archived by the storage's owner. It can be played after they have restored it.",
        "storage_refused",
        NextStep.OWNER,
    )
    MOVED = (
        "moved",
        "Storage says the bucket is at another address.",
        "storage_refused",
        NextStep.OPERATOR,
    )
    NO_BUCKET = (
        "no_bucket",
        "Storage has no bucket of this name at this address.",
        "storage_refused",
        NextStep.OPERATOR,
    )
    CLOCK_SKEWED = (
        "clock_skewed",
        "Storage refused the link because clocks differ: this server's clock, or the clock of whoever signed the "
        "link, is wrong. The file is not affected.",
        "",
        NextStep.OPERATOR,
    )
    KEY_REFUSED = (
        "key_refused",
        "Storage does not accept the key that signed the link. The file is not affected.",
        "",
        NextStep.OPERATOR,
    )
    WRONG_REGION = (
        "wrong_region",
        "Storage expects signatures for another region. The file is not affected.",
        "",
        NextStep.OPERATOR,
    )
    NOT_A_FILE = (
        "not_a_file",
        "Storage answered with a web page or a message instead of a recording.",
        "",
        NextStep.OWNER,
    )
    UNEXPECTED = "unexpected", "Storage gave an answer that makes no sense.", "", NextStep.OPERATOR

    @property
    def gives_out(self) -> bool:
        """Whether a URL may be given out after this answer."""
        return self.next in (NextStep.PLAY, NextStep.PLAYER_RETRIES)

    @property
    def passes(self) -> bool:
        """Whether a later try may work although nobody has done anything."""
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
    """What one answer says. `status` is None when nothing answered.

    `region` is the one storage expects (WRONG_REGION). `clock_ahead` is how many seconds storage's clock is ahead of
    this server's, where it named its time.
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
    """Read an answer of status 200 or 206. `first_bytes` are those of the file, where they were asked for."""
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
    """Read an answer of any other status, with the beginning of its body."""
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
    """Tell a refusal from a link that has ended, and that from a wrong clock: by one of two clocks the link is alive.

    Ceph RGW refuses a URL that has ended, or has not begun, without saying why: then the times decide alone.
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
    """The whole file's length, also where ranges are ignored."""
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
