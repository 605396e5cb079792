"""Locate a recording's file, if it is in a bucket that the portal may access.

An entry of the allow-list is `https://host/bucket` (path style) or `https://bucket.host` (virtual-host style: the whole
host is the bucket). Scheme, host, port and bucket must match exactly. `?region=eu-west-1` after either names the region
to sign for. Everything else is refused with a reason.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import quote, unquote

from recordings.storage.addresses import (
    Address,
    check_query,
    check_steps,
    key_of,
    read_address,
    version_id_of,
)
from recordings.storage.hosts import is_loopback, is_private
from recordings.storage.refusals import NotPlayable, Reason
from recordings.storage.s3_urls import DEFAULT_PORTS, is_shared_endpoint, region_of_host

REGION = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")

_REGION_QUERY = re.compile(r"region=(.*)")


class Style(StrEnum):
    """Whether the bucket is in the path or in the host."""

    PATH = "path"
    VIRTUAL_HOST = "virtual_host"


@dataclass(frozen=True, slots=True)
class Location:
    """One file in one allowed bucket. `key` is decoded; `port` is always a number; `region` may be empty."""

    scheme: str
    host: str
    port: int
    bucket: str
    key: str
    version_id: str
    style: Style
    region: str = ""

    @property
    def authority(self) -> str:
        """The host as in a Host header: without the scheme's default port (RFC 9110, 7.2)."""
        return self.host if self.port == DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The canonical URL without a query. Characters of the key that are not unreserved are encoded once."""
        parts = [self.bucket, self.key] if self.style is Style.PATH else [self.key]
        return f"{self.scheme}://{self.authority}/{quote('/'.join(parts), safe='/-_.~')}"

    @property
    def place(self) -> str:
        """The bucket as in the allow-list, without a region."""
        bucket = f"/{self.bucket}" if self.style is Style.PATH else ""
        return f"{self.scheme}://{self.authority}{bucket}"


@dataclass(frozen=True, slots=True)
class _AllowedBucket:
    scheme: str
    host: str
    port: int
    bucket: str | None
    region: str


def locate(url: str, allowed: Sequence[str], *, plus_is_blank: bool = False) -> Location:
    """Return the location of a file that a URL names in one of the `allowed` buckets.

    `plus_is_blank`: a plus sign in the path is a space, as in links of the AWS console. Raises NotPlayable for every
    other URL, and ValueError when the allow-list itself is invalid.
    """
    address = read_address(url)
    if address.scheme == "http" and not is_loopback(address.host):
        raise NotPlayable(Reason.SCHEME)
    entries = _entries_for(address, [_read_entry(entry) for entry in allowed])
    check_steps(address.path)
    entry = _entry_of_bucket(entries, address.path)
    key = address.path if entry.bucket is None else address.path[len(entry.bucket) + 1 :]
    check_query(url)
    return Location(
        address.scheme,
        address.host,
        address.port,
        entry.bucket or address.host,
        key_of(key, plus_is_blank=plus_is_blank),
        version_id_of(url),
        Style.VIRTUAL_HOST if entry.bucket is None else Style.PATH,
        entry.region or region_of_host(address.host),
    )


def has_two_readings(url: str) -> bool:
    """Return whether the path has a plus sign: a plus in the name, or, in a link of the AWS console, a space."""
    return "+" in url.partition("#")[0].partition("?")[0].partition("://")[2]


def check_bucket(entry: str) -> None:
    """Raise ValueError with a sentence when `entry` is not valid on the allow-list."""
    _read_entry(entry)


@lru_cache(maxsize=256)
def _read_entry(entry: str) -> _AllowedBucket:
    try:
        address = read_address(entry)
        check_steps(address.path)
    except NotPlayable as error:
        raise ValueError(f"{_shown(entry)} cannot be a recording bucket: {error}") from None
    if address.scheme == "http" and not is_loopback(address.host):
        raise ValueError(f"{_shown(entry)} must start with https:// (http:// is for this machine only)")
    bucket = unquote(address.path.removesuffix("/"))
    if "/" in bucket:
        raise ValueError(f"{_shown(entry)} must be https://host/bucket or https://bucket.host and no more")
    if not bucket and is_shared_endpoint(address.host):
        raise ValueError(f"{_shown(entry)} is shared by every bucket of that store: name the bucket")
    region = _REGION_QUERY.fullmatch(address.query or "region=")
    if region is None or not ((region[1] == "" and address.query is None) or REGION.fullmatch(region[1])):
        raise ValueError(f"{_shown(entry)} may have ?region=eu-west-1 after the bucket, and no more")
    return _AllowedBucket(address.scheme, address.host, address.port, bucket or None, region[1])


def _shown(entry: str) -> str:
    return repr(entry.partition("?")[0][:120])


def _entries_for(address: Address, allowed: Sequence[_AllowedBucket]) -> list[_AllowedBucket]:
    entries = [entry for entry in allowed if entry.host == address.host]
    if not entries:
        raise NotPlayable(Reason.PRIVATE_ADDRESS if is_private(address.host) else Reason.HOST_NOT_LISTED)
    entries = [entry for entry in entries if entry.scheme == address.scheme]
    if not entries:
        raise NotPlayable(Reason.SCHEME)
    entries = [entry for entry in entries if entry.port == address.port]
    if not entries:
        raise NotPlayable(Reason.PORT)
    return entries


def _entry_of_bucket(entries: Sequence[_AllowedBucket], path: str) -> _AllowedBucket:
    first = path.partition("/")[0]
    for entry in sorted(entries, key=lambda entry: entry.bucket is None):
        if entry.bucket in (None, first):
            return entry
    raise NotPlayable(Reason.BUCKET_NOT_LISTED if path else Reason.EMPTY_KEY)
