"""The files of reports: written as drafts and renamed when complete, hashed while written, read in pieces."""

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
from django.utils.translation import gettext_lazy as _

from recordings.exceptions import PortalError
from recordings.models import Report
from recordings.reports.facts import file_stem

_CHUNK = 256 * 1024
_EXTENSIONS = {"bundle": "zip"}
KEPT = timedelta(days=30)


class FileGone(PortalError):
    """The file of a report is missing, or is not the one that was built."""

    status = 410
    sentence = _(
        "The file of this report was deleted or changed. Files are kept for 30 days. Request the report again."
    )


def folder() -> Path:
    """Return the folder of reports; created when missing, for the portal's own user only."""
    path = Path(settings.REPORTS_DIR)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def file_of(report: Report) -> Path:
    """Return the path of a report's file.

    The attempt is part of its name, so that a late attempt never replaces the file whose hash is in the row.
    """
    return Path(settings.REPORTS_DIR) / f"{report.pk}.{report.attempts}.{report.format}"


def name_of(report: Report) -> str:
    """Return the name under which a report is downloaded: kind, period, id; the same in every attempt."""
    return f"{file_stem(report)}.{_EXTENSIONS.get(report.format, report.format)}"


def room_for(size_bytes: int) -> bool:
    """Whether the volume has so many bytes left."""
    return shutil.disk_usage(folder()).free > size_bytes


def delete_old(now: datetime) -> int:
    """Delete files of reports older than KEPT and return their number. They hold personal values and can be rebuilt."""
    limit = (now - KEPT).timestamp()
    old = [path for path in folder().iterdir() if path.is_file() and path.stat().st_mtime < limit]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


class Draft:
    """A file being written, which gets its name when complete. Each attempt has its own draft."""

    def __init__(self, report_id: UUID, attempt: int) -> None:
        for left_behind in folder().glob(f"{report_id}.*.partial"):
            left_behind.unlink(missing_ok=True)
        self.path = folder() / f"{report_id}.{attempt}.partial"
        self.size_bytes = 0
        self._hash = hashlib.sha256()
        # The mode is set at creation: no other user may read it at any time.
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
        """Do nothing: `finish` writes to disk. Part of a file's interface."""

    def finish(self, path: Path) -> str:
        """Rename the file when its bytes are on disk, and return its SHA-256."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self.path.rename(path)
        return self._hash.hexdigest()


def checked_size(report: Report) -> int:
    """Return the size of a report's file. Raises FileGone when it is missing or has another size than was built."""
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
    """Read `length` bytes of a file from `start`, in pieces."""
    with path.open("rb") as file:
        file.seek(start)
        while length > 0 and (piece := file.read(min(_CHUNK, length))):
            length -= len(piece)
            yield piece
