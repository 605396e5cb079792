"""An S3 bucket with Object Lock: files are put there to stay, and the first version of a file is the one that counts.

The credentials allow newer versions and delete markers on top. The versions below them, in compliance mode, cannot be
changed or deleted before their date, not even by the account's owner.
"""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from recordings.proof.anchors.destination import DestinationError
from recordings.storage import Style, check_bucket, locate

_MODE = "COMPLIANCE"
_CONFIG = Config(
    signature_version="s3v4",
    connect_timeout=5,
    read_timeout=20,
    retries={"total_max_attempts": 2, "mode": "standard"},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class Differs(DestinationError):
    """The bucket holds different content than this log would have put there."""


class LockedBucket:
    """The bucket at `url`, `https://host/bucket`. Raises ValueError for any other URL."""

    def __init__(self, url: str, access_key: str, secret_key: str, region: str) -> None:
        check_bucket(url)
        location = locate(f"{url}/x", [url])
        if location.style is not Style.PATH:
            raise ValueError("AUDIT_ANCHOR_BUCKET must be https://host/bucket.")
        self.bucket = location.bucket
        self._client: Any = botocore.session.Session().create_client(
            "s3",
            region_name=region,
            endpoint_url=f"{location.scheme}://{location.authority}",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=_CONFIG.merge(Config(s3={"addressing_style": "path"})),
        )

    def put(self, key: str, body: bytes, until: datetime) -> str:
        """Put a file that stays until `until`; returns its version id. A file that an interrupted attempt put is kept.

        Raises DestinationError when it cannot be put or is not really locked afterwards, Differs when the first file of
        this name has other content.
        """
        with _convert_errors():
            first = self._first_version(key)
            if first and self._read(key, first) != body:
                raise Differs(f"The bucket holds different content under {key}.")
            version = first or self._put(key, body, until)
            if self._locked_until(key, version) < until - timedelta(seconds=1):
                self._extend_lock(key, version, until)
            return version

    def first(self, key: str) -> bytes | None:
        """Read the first version of a file; None when there was never one."""
        with _convert_errors():
            version = self._first_version(key)
            return None if version is None else self._read(key, version)

    def names(self, prefix: str) -> list[str]:
        """List the rest of each name after `prefix`, up to the next slash, sorted. Deleted files are included."""
        with _convert_errors():
            pages = list(self._pages(Prefix=prefix, Delimiter="/"))
        folders = {folder["Prefix"] for page in pages for folder in page.get("CommonPrefixes", ())}
        files = {version["Key"] for page in pages for version in page.get("Versions", ())}
        return sorted(name.removeprefix(prefix) for name in folders | files)

    def _first_version(self, key: str) -> str | None:
        """Find the oldest version of a file. S3 lists names in order, and the versions of each newest first."""
        listed = (version for page in self._pages(Prefix=key) for version in page.get("Versions", ()))
        versions = [
            version["VersionId"] for version in takewhile(lambda version: version["Key"] == key, listed)
        ]
        return versions[-1] if versions else None

    def _read(self, key: str, version: str) -> bytes:
        response = self._client.get_object(Bucket=self.bucket, Key=key, VersionId=version)
        return bytes(response["Body"].read())

    def _put(self, key: str, body: bytes, until: datetime) -> str:
        # S3 requires a digest with every locked file; MD5 is the only one that all stores support.
        digest = hashlib.md5(body, usedforsecurity=False).digest()
        response = self._client.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=body,
            ContentMD5=base64.b64encode(digest).decode(),
            ObjectLockMode=_MODE,
            ObjectLockRetainUntilDate=until,
        )
        return str(response.get("VersionId", "null"))

    def _locked_until(self, key: str, version: str) -> datetime:
        """Ask the store how long a version is locked, whatever was requested."""
        if version == "null":
            raise DestinationError(
                "The bucket has no versioning, so nothing in it is locked. Enable Object Lock."
            )
        head = self._client.head_object(Bucket=self.bucket, Key=key, VersionId=version)
        mode, date = head.get("ObjectLockMode"), head.get("ObjectLockRetainUntilDate")
        if mode != _MODE or not isinstance(date, datetime):
            raise DestinationError(
                f"The file is not locked in compliance mode (its mode is {mode or 'not set'}). Reading the mode "
                "requires the permission s3:GetObjectRetention."
            )
        return date

    def _extend_lock(self, key: str, version: str, until: datetime) -> None:
        """Extend a lock; compliance mode never allows shortening it."""
        self._client.put_object_retention(
            Bucket=self.bucket,
            Key=key,
            VersionId=version,
            Retention={"Mode": _MODE, "RetainUntilDate": until},
        )
        if self._locked_until(key, version) < until - timedelta(seconds=1):
            raise DestinationError("The file is locked for less time than was requested.")

    def _pages(self, **where: str) -> Iterator[dict[str, Any]]:
        yield from self._client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, **where)


@contextmanager
def _convert_errors() -> Iterator[None]:
    """Convert errors of the store to DestinationError. Only their code is kept: a message may quote signed headers."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))[:80]
        raise DestinationError(f"The bucket refused the request: {code}.") from None
    except BotoCoreError as error:
        raise DestinationError(f"The bucket could not be reached ({type(error).__name__}).") from None
