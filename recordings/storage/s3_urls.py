"""Read a recording's URL: its kind, its expiry and its file, whoever signed it."""

import base64
import binascii
import ipaddress
import json
import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

MAX_SIGV4_SECONDS = 604_800  # AWS: a Signature V4 URL lives seven days at most
MAX_EPOCH = 253_402_300_799  # the last second of year 9999
DEFAULT_PORTS = {"http": 80, "https": 443}

_AMZ_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_DIGITS = re.compile(r"[0-9]{1,12}")
_AWS_S3_HOST = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3(?:[.-]dualstack)?(?:[.-](?:external-1|(?P<region>[a-z]{2}(?:-[a-z]+)+-[0-9])))?"
    r"\.amazonaws\.com(?P<partition>\.cn)?"
)
# Such a name of a parameter cannot be part of a file name that was not encoded.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.~-]{1,100}")
# The parameters that an unsigned URL may have: those of a GET. Amazon's libraries add x-id.
_UNSIGNED_NAME = re.compile(r"versionid|response-[a-z-]+|x-id", re.IGNORECASE)
# CloudFront's variant of base64.
_CLOUDFRONT_BASE64 = str.maketrans("-_~", "+=/")


class UrlKind(StrEnum):
    """Whether a URL contains its own permission (a bearer secret), needs the portal's, or is missing."""

    PRESIGNED = "presigned"
    DIRECT = "direct"
    NONE = "none"


def kind_of(url: str) -> UrlKind:
    """Return whether a URL is presigned (S3 Signature V4 or V2, signed CDN URL) or direct, by its query."""
    if not url:
        return UrlKind.NONE
    return UrlKind.PRESIGNED if _signature_form(_query(url)) else UrlKind.DIRECT


def expiry_of(url: str) -> datetime | None:
    """Return when a presigned URL expires (UTC); None for a direct URL and for an unreadable expiry.

    It may expire earlier with temporary credentials; the URL does not say so.
    """
    query = _query(url)
    match _signature_form(query):
        case "v4":
            return _v4_end(query)
        case "epoch":
            return _from_epoch(query.get("expires", ""))
        case "policy":
            return _policy_end(query["policy"])
    return None


def life_of(url: str) -> tuple[datetime | None, datetime | None]:
    """Return when a presigned URL becomes valid and expires (UTC); None if unknown. Only Signature V4 has a start."""
    ends_at = expiry_of(url)
    query = _query(url)
    if ends_at is None or _signature_form(query) != "v4":
        return None, ends_at
    return _amz_date(query), ends_at


def signed_region_of(url: str) -> str:
    """Return the region that a Signature V4 URL was signed for, or an empty text."""
    scope = _query(url).get("x-amz-credential", "").split("/")
    return scope[2] if len(scope) == 5 else ""


def strip_query(url: str) -> str:
    """Remove the query from a URL, so that it may be stored and shown. The file's version id is not secret and stays.

    The mark of a fragment, or of a query that may belong to the file name, also stays: the URL must still be refused.
    """
    base, mark, _ = url.partition("#")
    version = version_of(url)
    query = f"?versionId={quote(version, safe='')}" if version else ""
    return base.partition("?")[0] + (query if has_plain_query(url) else "?") + mark


def has_plain_query(url: str) -> bool:
    """Return whether the part after the first question mark can only be parameters, not part of a file name."""
    _, mark, query = url.partition("#")[0].partition("?")
    if not mark:
        return True
    pairs = [pair.partition("=") for pair in query.split("&")]
    names = [name for name, _, _ in pairs]
    if "?" in query or not all(_PLAIN_NAME.fullmatch(name) for name in names):
        return False
    if not all(equals for _, equals, _ in pairs):
        return False
    return kind_of(url) is UrlKind.PRESIGNED or all(_UNSIGNED_NAME.fullmatch(name) for name in names)


def version_of(url: str) -> str:
    """Return the S3 version id in a URL, or an empty text."""
    return next(iter(versions_of(url)), "")


def versions_of(url: str) -> list[str]:
    """Return every version id in a URL. S3 never makes URLs with several."""
    return [value for name, value in _parameters(url) if name == "versionid"]


def is_shared_endpoint(host: str) -> bool:
    """Return whether a host is one of Amazon's that serve all buckets, such as s3.amazonaws.com."""
    amazon = _AWS_S3_HOST.fullmatch(host)
    return amazon is not None and amazon["bucket"] is None


def region_of_host(host: str) -> str:
    """Return the region in a host name of Amazon's, or an empty text."""
    amazon = _AWS_S3_HOST.fullmatch(host)
    return (amazon["region"] or "") if amazon else ""


def fingerprint(*, object_id: str, url: str, recorded_at: datetime | None, upstream_id: str | None) -> str:
    """Compute the identity of a recording as SHA-256 in hex. It is the same however the file's URL is signed.

    It is made from CommBox's activity id if there is one, else from object, file and recorded time; in both cases also
    from the file's version id.
    """
    recorded = recorded_at.astimezone(UTC).isoformat(timespec="microseconds") if recorded_at else ""
    what = ["id", upstream_id] if upstream_id else ["file", file_of(url), recorded]
    identity = ["recording-identity/1", object_id, *what, version_of(url)]
    return sha256(json.dumps(identity, ensure_ascii=True).encode("ascii")).hexdigest()


def file_of(url: str) -> str:
    """Return one name for a file, the same for path style and virtual-host style.

    Amazon's hosts are read as bucket and key, because bucket names are unique across regions. Elsewhere the bucket is
    the host's first label or the path's first part; with the labels of the host reversed, both give the same text.
    """
    parts = _split(url)
    if parts is None or not parts.hostname:
        return url.partition("#")[0].partition("?")[0]
    key = unquote(parts.path)
    host = parts.hostname.rstrip(".")
    if amazon := _AWS_S3_HOST.fullmatch(host):
        bucket = f"/{amazon['bucket']}" if amazon["bucket"] else ""
        return f"s3{amazon['partition'] or ''}:{bucket}{key}"
    return f"{parts.scheme}:{_port(parts)}/{_reversed_labels(host)}{key}"


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it raises for a port that is none
    except ValueError:
        return None
    return parts


def _parameters(url: str) -> list[tuple[str, str]]:
    text = url.partition("#")[0].partition("?")[2]
    if not text:
        return []
    try:
        return [(name.lower(), value) for name, value in parse_qsl(text, max_num_fields=200)]
    except ValueError:
        return []


def _query(url: str) -> dict[str, str]:
    return dict(reversed(_parameters(url)))


def _signature_form(query: dict[str, str]) -> str:
    if "x-amz-signature" in query:
        return "v4"
    if "signature" not in query:
        return ""
    if "awsaccesskeyid" in query or "key-pair-id" in query:
        return "epoch" if "expires" in query else "policy" if "policy" in query else ""
    return ""


def _v4_end(query: dict[str, str]) -> datetime | None:
    start, seconds = _amz_date(query), query.get("x-amz-expires", "")
    if start is None or not _DIGITS.fullmatch(seconds):
        return None
    try:
        return start + timedelta(seconds=min(int(seconds), MAX_SIGV4_SECONDS))
    except OverflowError:
        return None


def _amz_date(query: dict[str, str]) -> datetime | None:
    text = query.get("x-amz-date", "")
    try:
        return (
            datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            if _AMZ_DATE.fullmatch(text)
            else None
        )
    except ValueError:
        return None


def _from_epoch(text: str) -> datetime | None:
    if not _DIGITS.fullmatch(text) or int(text) > MAX_EPOCH:
        return None
    return datetime.fromtimestamp(int(text), UTC)


def _policy_end(policy: str) -> datetime | None:
    try:
        document = json.loads(base64.b64decode(policy.translate(_CLOUDFRONT_BASE64), validate=True))
        seconds = document["Statement"][0]["Condition"]["DateLessThan"]["AWS:EpochTime"]
    except (binascii.Error, ValueError, LookupError, TypeError, RecursionError):
        return None
    return _from_epoch(str(seconds)) if isinstance(seconds, int) else None


def _port(parts: SplitResult) -> str:
    return "" if parts.port in (None, DEFAULT_PORTS.get(parts.scheme)) else str(parts.port)


def _reversed_labels(host: str) -> str:
    try:
        return "localhost" if ipaddress.ip_address(host).is_loopback else host
    except ValueError:
        return "/".join(reversed(host.split(".")))
