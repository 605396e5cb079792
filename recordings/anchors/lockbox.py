"""One S3 bucket with Object Lock: files are put there to stay, and the first version of a file is the one that counts.

Whoever holds the credentials may put newer versions and delete markers on top; what lies below them under compliance
mode nobody can change or delete before its date, the owner of the account included.
"""

import base64
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from recordings.anchors.errand import Trouble
from recordings.storage import Style, check_bucket, locate

# At DEBUG botocore writes signatures and the strings it signs.
logging.getLogger("botocore").setLevel(logging.INFO)

_MODE = "COMPLIANCE"
_CONFIG = Config(
    signature_version="s3v4",
    connect_timeout=5,
    read_timeout=20,
    retries={"total_max_attempts": 2, "mode": "standard"},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class Lockbox:
    """The bucket at `url`, `https://host/bucket`. ValueError when that is no such place."""

    def __init__(self, url: str, access_key: str, secret_key: str, region: str) -> None:
        check_bucket(url)
        place = locate(f"{url}/x", [url])
        if place.style is not Style.PATH:
            raise ValueError("The bucket for anchors is written https://host/bucket.")
        self.bucket = place.bucket
        self._client: Any = botocore.session.Session().create_client(
            "s3",
            region_name=region,
            endpoint_url=f"{place.scheme}://{place.authority}",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=_CONFIG.merge(Config(s3={"addressing_style": "path"})),
        )

    def put(self, key: str, body: bytes, until: datetime) -> str:
        """Put a file that stays until then, unless it lies there already; the id of its version.

        Trouble when it cannot be put, and when the lock is not really there afterwards.
        """
        with _as_trouble():
            if found := self._locked(key, len(body)):
                return found
            done = self._client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=body,
                # S3 demands a digest with every locked file; MD5 is the one that every store knows.
                ContentMD5=base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),
                ObjectLockMode=_MODE,
                ObjectLockRetainUntilDate=until,
            )
            return self._checked(key, done.get("VersionId", ""), until)

    def first(self, key: str) -> bytes | None:
        """The file as it was first put; None when there never was one."""
        with _as_trouble():
            pages = self._pages(Prefix=key)
            versions = [found for page in pages for found in page.get("Versions", ()) if found["Key"] == key]
            if not versions:
                return None
            # S3 lists the versions of a file newest first.
            where = {"Bucket": self.bucket, "Key": key, "VersionId": versions[-1]["VersionId"]}
            return bytes(self._client.get_object(**where)["Body"].read())

    def names(self, prefix: str) -> list[str]:
        """What follows `prefix` up to and with the next slash, or to the end, sorted; deleted files included."""
        with _as_trouble():
            pages = list(self._pages(Prefix=prefix, Delimiter="/"))
        folders = {found["Prefix"] for page in pages for found in page.get("CommonPrefixes", ())}
        files = {found["Key"] for page in pages for found in page.get("Versions", ())}
        return sorted(name.removeprefix(prefix) for name in folders | files)

    def _locked(self, key: str, size: int) -> str | None:
        """The version that an interrupted visit has left there, if it is the whole file under lock."""
        try:
            found = self._client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if _code(error) in ("404", "NoSuchKey", "NotFound"):
                return None
            raise
        whole = found["ContentLength"] == size and found.get("ObjectLockMode") == _MODE
        return str(found.get("VersionId", "")) if whole else None

    def _checked(self, key: str, version: str, until: datetime) -> str:
        if not version or version == "null":
            raise Trouble("The bucket keeps no versions, so nothing in it is locked: it needs Object Lock.")
        found = self._client.head_object(Bucket=self.bucket, Key=key, VersionId=version)
        mode, date = found.get("ObjectLockMode"), found.get("ObjectLockRetainUntilDate")
        if mode != _MODE:
            raise Trouble(
                f"What was put there is not locked in compliance mode (it says {mode or 'nothing'}); reading that "
                "takes the permission s3:GetObjectRetention."
            )
        if date is None or date < until - timedelta(seconds=1):
            raise Trouble(f"What was put there is locked until {date:%Y-%m-%d} only.")
        return version

    def _pages(self, **where: str) -> Iterator[dict[str, Any]]:
        yield from self._client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, **where)


@contextmanager
def _as_trouble() -> Iterator[None]:
    """Errors of the store as sentences: its code, never its message, which may quote what was signed."""
    try:
        yield
    except ClientError as error:
        raise Trouble(f"The bucket refused: {_code(error)}.") from None
    except BotoCoreError as error:
        raise Trouble(f"The bucket could not be reached ({type(error).__name__}).") from None


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))[:80]
