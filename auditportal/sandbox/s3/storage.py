"""Buckets with versions of files, in memory. Every write makes a new version, as in a bucket with versioning on."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class FileVersion:
    """One version of a file. A deletion leaves a version that is a marker."""

    version_id: str
    modified_at: datetime
    content: bytes = b""
    content_type: str = "application/octet-stream"
    deleted: bool = False

    @property
    def etag(self) -> str:
        """Return the quoted MD5 of the content, which S3 uses for files uploaded in one part."""
        return f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'


@dataclass
class Bucket:
    """A named bucket. The last version of a key is the newest."""

    name: str
    files: dict[str, list[FileVersion]] = field(default_factory=dict)
    writes: int = 0

    def put(self, key: str, content: bytes, content_type: str, at: datetime) -> FileVersion:
        """Store a file. An earlier one under the same key stays readable by its version id."""
        version = FileVersion(self._next_version_id(key), at.replace(microsecond=0), content, content_type)
        self.files.setdefault(key, []).append(version)
        return version

    def delete(self, key: str, at: datetime) -> FileVersion:
        """Add a deletion marker. Raises KeyError when there is no such file."""
        if self.newest(key) is None:
            raise KeyError(f"Bucket {self.name} holds no file {key}.")
        marker = FileVersion(self._next_version_id(key), at.replace(microsecond=0), deleted=True)
        self.files[key].append(marker)
        return marker

    def newest(self, key: str) -> FileVersion | None:
        """Return the current version; None when there is none or it was deleted."""
        versions = self.files.get(key)
        return versions[-1] if versions and not versions[-1].deleted else None

    def version(self, key: str, version_id: str) -> FileVersion | None:
        """Return a version by its id, including deletion markers."""
        return next((one for one in self.files.get(key, ()) if one.version_id == version_id), None)

    def _next_version_id(self, key: str) -> str:
        self.writes += 1
        return hashlib.sha256(f"{self.name}/{key}/{self.writes}".encode()).hexdigest()[:32]
