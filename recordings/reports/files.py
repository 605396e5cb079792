"""The files of reports: written beside their place and moved there whole, hashed on the way, read in pieces."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from django.conf import settings

from recordings.exceptions import PortalError
from recordings.models import Report
from recordings.reports.facts import file_stem

_CHUNK = 256 * 1024
_ENDINGS = {"bundle": "zip"}


KEPT = timedelta(days=30)


class FileGone(PortalError):
    """The row is there, its file is not, or is not the one that was built."""

    status = 410
    sentence = (
        f"The file of this report is no longer here, or is not the one that was built. Files are kept for {KEPT.days}"
        " days. Request the report again."
    )


def folder() -> Path:
    """Where reports are kept; made when missing, for the portal's own user only."""
    path = Path(settings.REPORTS_DIR)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def file_of(report: Report) -> Path:
    """Where the finished file of this report is. The attempt is in its name: one that lost its lease and comes in
    late never takes the place of the file whose hash the row holds."""
    return Path(settings.REPORTS_DIR) / f"{report.pk}.{report.attempts}.{report.format}"


def name_of(report: Report) -> str:
    """What the finished file is called once it is somebody's: what it is, its period, its id; digits and letters only,
    the same in every attempt."""
    return f"{file_stem(report)}.{_ENDINGS.get(report.format, report.format)}"


def room_for(size_bytes: int) -> bool:
    """Whether the volume has this much room left."""
    return shutil.disk_usage(folder()).free > size_bytes


def delete_old(now: datetime) -> int:
    """Delete the files of reports that are older than KEPT: each holds personal values, and can be built again.

    Returns how many there were.
    """
    limit = (now - KEPT).timestamp()
    old = [path for path in folder().iterdir() if path.is_file() and path.stat().st_mtime < limit]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


class Draft:
    """A file being written: only a complete one gets its name. Each attempt has a draft of its own."""

    def __init__(self, report_id: UUID, attempt: int) -> None:
        for left_behind in folder().glob(f"{report_id}.*.partial"):
            left_behind.unlink(missing_ok=True)
        self.path = folder() / f"{report_id}.{attempt}.partial"
        self.size_bytes = 0
        self._hash = hashlib.sha256()
        # Nobody but the portal reads reports: the mode is set at birth, not afterwards.
        self._file = os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        try:
            self._file.close()
        finally:
            self.path.unlink(missing_ok=True)

    def write(self, data: bytes, /) -> int:
        """Append. Raises OSError when there is no room."""
        self._file.write(data)
        self._hash.update(data)
        self.size_bytes += len(data)
        return len(data)

    def flush(self) -> None:
        """Part of being written to like a file; the bytes go to the disk with `finish`."""

    def finish(self, path: Path) -> str:
        """Give the file its name once its bytes are on the disk, and return its SHA-256."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self.path.rename(path)
        return self._hash.hexdigest()


def checked_size(report: Report) -> int:
    """The size of the finished file. Raises FileGone when it is not there or not as long as it was."""
    try:
        size = file_of(report).stat().st_size
    except OSError as error:
        raise FileGone from error
    if size != report.size_bytes:
        raise FileGone
    return size


def is_there(report: Report) -> bool:
    """Whether the finished file can still be sent."""
    try:
        checked_size(report)
    except FileGone:
        return False
    return True


def read_range(path: Path, start: int, length: int) -> Iterator[bytes]:
    """Read `length` bytes of a file from `start` on, a piece at a time."""
    with path.open("rb") as file:
        file.seek(start)
        while length > 0 and (piece := file.read(min(_CHUNK, length))):
            length -= len(piece)
            yield piece
