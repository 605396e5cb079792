"""Locate a recording's bytes, if they are where the portal may fetch from.

The allow-list names exact (scheme, host, port, bucket) pairs: `https://host/bucket` (path style) or
`https://bucket.host` (virtual-host style, the whole host is the bucket). All else is refused with a reason.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from recordings.storage.hosts import HostForm, form_of, is_loopback, is_private
from recordings.storage.s3_urls import DEFAULT_PORTS, is_shared_endpoint, versions_of
from recordings.worded import Worded

MAX_URL_CHARACTERS = 8_192
MAX_KEY_BYTES = 1_024  # S3's own limit

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?"
    r"(?P<query>\?[^#]*)?(?P<fragment>#.*)?"
)
_OTHER_SCHEME = re.compile(r"(?!https?:)[A-Za-z][A-Za-z0-9+.-]*:|//", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?P<port>:.*)?")
_PORT = re.compile(r":([1-9][0-9]{0,4})")
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\\\\\ud800-\udfff]")
# Decoded or still encoded, none of these has a place in the key of a recording.
_TRICKY_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%(?:25)*(?:2[eEfF]|5[cC]|[01][0-9A-Fa-f]|7[fF])")
_VERSION_ID = re.compile(r"[\x21-\x7e]{1,1024}")


class Reason(Worded):
    """Why a recording's URL is not played; `sentence` says it to a person."""

    sentence: str

    NO_URL = "no_url", "CommBox gave no link to the file."
    NOT_A_URL = "not_a_url", "What CommBox gave as a link is not a web address."
    SCHEME = "scheme", "The link does not use HTTPS."
    USER_INFO = "user_info", "The link carries a user name, which a link to storage never does."
    PORT = "port", "The link names a port that is not on the list of recording buckets."
    HOST_NOT_LISTED = "host_not_listed", "The file is on a host that is not on the list of recording buckets."
    BUCKET_NOT_LISTED = "bucket_not_listed", "The file is in a bucket that is not on the list."
    PRIVATE_ADDRESS = "private_address", "The link points into a private network."
    INTERNATIONAL_NAME = (
        "international_name",
        "The link's host uses letters that can imitate others.",
    )
    ADDRESS_FORM = "address_form", "The link writes its network address in a disguised form."
    PATH = "path", "The link's path holds characters or steps that a link to a recording never has."
    EMPTY_KEY = "empty_key", "The link names a bucket or folder, not a file."
    FRAGMENT = "fragment", "The link has a part after a number sign, which a link to storage never has."
    VERSION_ID = "version_id", "The link names a version of the file in a form that cannot be right."


class NotPlayable(Exception):
    """A URL we will not fetch from. Holds the reason and never the URL, which may be a secret."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.sentence)
        self.reason = reason


class Style(StrEnum):
    """Whether the bucket is in the path or is the host."""

    PATH = "path"
    VIRTUAL_HOST = "virtual_host"


@dataclass(frozen=True, slots=True)
class Location:
    """One file in one allowed bucket. `key` is decoded; `port` is always a number."""

    scheme: str
    host: str
    port: int
    bucket: str
    key: str
    version_id: str
    style: Style

    @property
    def authority(self) -> str:
        """Host as the Host header says it: the scheme's default port is left out (RFC 9110, 7.2)."""
        return self.host if self.port == DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The canonical URL without a query; what is not unreserved in the key is encoded exactly once."""
        parts = [self.bucket, self.key] if self.style is Style.PATH else [self.key]
        return f"{self.scheme}://{self.authority}/{quote('/'.join(parts), safe='/-_.~')}"


@dataclass(frozen=True, slots=True)
class _AllowedBucket:
    scheme: str
    host: str
    port: int
    bucket: str | None


def locate(url: str, allowed: Sequence[str]) -> Location:
    """Read a URL into a Location if it names a file in one of the `allowed` buckets.

    Raises NotPlayable for everything else; ValueError when the allow-list itself is wrong.
    """
    match = _parse(url)
    scheme = match["scheme"].lower()
    host, port = _host_and_port(match["authority"], scheme)
    if scheme == "http" and not is_loopback(host):
        raise NotPlayable(Reason.SCHEME)
    entries = _entries_for(scheme, host, port, [_read_entry(entry) for entry in allowed])
    segments = _segments(match["path"] or "/")
    entry = _entry_of_bucket(entries, segments[0])
    key_segments = segments if entry.bucket is None else segments[1:]
    style = Style.VIRTUAL_HOST if entry.bucket is None else Style.PATH
    return Location(
        scheme, host, port, entry.bucket or host, _decoded_key(key_segments), _version_id(url), style
    )


def check_bucket(entry: str) -> None:
    """Raise ValueError with a plain sentence when `entry` cannot be on the allow-list."""
    _read_entry(entry)


@lru_cache(maxsize=256)
def _read_entry(entry: str) -> _AllowedBucket:
    try:
        match = _parse(entry)
        scheme = match["scheme"].lower()
        host, port = _host_and_port(match["authority"], scheme)
        segments = [part for part in _segments(match["path"] or "/") if part]
    except NotPlayable as error:
        raise ValueError(f"{_shown(entry)} cannot be a recording bucket: {error}") from None
    if scheme == "http" and not is_loopback(host):
        raise ValueError(f"{_shown(entry)} must start with https:// (http:// is for this machine only)")
    if match["query"] or len(segments) > 1:
        raise ValueError(f"{_shown(entry)} must be https://host/bucket or https://bucket.host and no more")
    if not segments and is_shared_endpoint(host):
        raise ValueError(f"{_shown(entry)} is shared by every bucket of that store: name the bucket")
    return _AllowedBucket(scheme, host, port, segments[0] if segments else None)


def _shown(entry: str) -> str:
    return repr(entry.partition("?")[0][:120])


def _parse(url: str) -> re.Match[str]:
    if not url or not url.strip():
        raise NotPlayable(Reason.NO_URL)
    if _FORBIDDEN.search(url):
        raise NotPlayable(Reason.PATH)
    match = _URL.fullmatch(url)
    if match is None or len(url) > MAX_URL_CHARACTERS or url != url.strip():
        raise NotPlayable(Reason.SCHEME if _OTHER_SCHEME.match(url) else Reason.NOT_A_URL)
    if match["scheme"].lower() not in DEFAULT_PORTS:
        raise NotPlayable(Reason.SCHEME)
    if match["fragment"] is not None:
        raise NotPlayable(Reason.FRAGMENT)
    return match


def _host_and_port(authority: str, scheme: str) -> tuple[str, int]:
    if "@" in authority or "%40" in authority:
        raise NotPlayable(Reason.USER_INFO)
    match = _AUTHORITY.fullmatch(authority)
    if match is None or not match["host"]:
        raise NotPlayable(Reason.NOT_A_URL)
    host, port = match["host"].lower(), match["port"]
    match form_of(host):
        case HostForm.INTERNATIONAL:
            raise NotPlayable(Reason.INTERNATIONAL_NAME)
        case HostForm.DISGUISED:
            raise NotPlayable(Reason.ADDRESS_FORM)
        case HostForm.BROKEN:
            raise NotPlayable(Reason.NOT_A_URL)
    if port is None:
        return host, DEFAULT_PORTS[scheme]
    number = _PORT.fullmatch(port)
    if number is None or int(number[1]) > 65_535:
        raise NotPlayable(Reason.PORT)
    return host, int(number[1])


def _entries_for(
    scheme: str, host: str, port: int, allowed: Sequence[_AllowedBucket]
) -> list[_AllowedBucket]:
    entries = [entry for entry in allowed if entry.host == host]
    if not entries:
        raise NotPlayable(Reason.PRIVATE_ADDRESS if is_private(host) else Reason.HOST_NOT_LISTED)
    entries = [entry for entry in entries if entry.scheme == scheme]
    if not entries:
        raise NotPlayable(Reason.SCHEME)
    entries = [entry for entry in entries if entry.port == port]
    if not entries:
        raise NotPlayable(Reason.PORT)
    return entries


def _segments(path: str) -> list[str]:
    if _TRICKY_ESCAPE.search(path):
        raise NotPlayable(Reason.PATH)
    segments = path[1:].split("/")
    if any(part in (".", "..") for part in segments) or "" in segments[:-1]:
        raise NotPlayable(Reason.PATH)
    return segments


def _entry_of_bucket(entries: Sequence[_AllowedBucket], first_segment: str) -> _AllowedBucket:
    for entry in sorted(entries, key=lambda entry: entry.bucket is None):
        if entry.bucket in (None, first_segment):
            return entry
    raise NotPlayable(Reason.BUCKET_NOT_LISTED if first_segment else Reason.EMPTY_KEY)


def _decoded_key(segments: Sequence[str]) -> str:
    if not segments or not segments[-1]:
        raise NotPlayable(Reason.EMPTY_KEY)
    raw = unquote_to_bytes("/".join(segments))
    try:
        key = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise NotPlayable(Reason.PATH) from None
    if len(raw) > MAX_KEY_BYTES or _FORBIDDEN.search(key):
        raise NotPlayable(Reason.PATH)
    return key


def _version_id(url: str) -> str:
    versions = versions_of(url)
    if len(versions) > 1 or any(not _VERSION_ID.fullmatch(version) for version in versions):
        raise NotPlayable(Reason.VERSION_ID)
    return versions[0] if versions else ""
