"""Is the file the one it was? Compares sightings; knows nothing of storage or database."""

from dataclasses import dataclass
from datetime import datetime

from recordings.models import FileBadge


@dataclass(frozen=True)
class Seen:
    """One look at a file. `found`: storage gave it out; `sha256` is empty when it was not read whole."""

    found: bool
    sentence: str = ""
    size_bytes: int | None = None
    etag: str = ""
    last_modified: datetime | None = None
    version_id: str = ""
    sha256: str = ""

    @property
    def looks(self) -> tuple[object, ...]:
        """What can be seen without reading the file: as long as it stands, so does the hash."""
        return (self.size_bytes, self.etag, self.last_modified, self.version_id)


@dataclass(frozen=True)
class Judgement:
    badge: FileBadge
    sentence: str


def judge(first: Seen | None, now: Seen, reported_bytes: int | None) -> Judgement:
    """Compare what is seen now with the first sighting, or without one with the size that CommBox reports.

    The strongest evidence decides: the hash of the whole file, else its length, else storage's version or tag of it.
    A tag that differs proves nothing by itself: the same bytes uploaded in other parts get another one.
    """
    if not now.found:
        return Judgement(FileBadge.CANNOT_TELL, now.sentence)
    if first is None:
        return _against_report(now, reported_bytes)
    if first.sha256 and now.sha256:
        same = first.sha256 == now.sha256
        return (
            _unchanged("Every byte is as first seen.")
            if same
            else _differs("Its bytes are others than first seen.")
        )
    if first.size_bytes != now.size_bytes:
        return _differs(f"It had {first.size_bytes} bytes when first seen and has {now.size_bytes} now.")
    if (first.version_id or first.etag) and (first.version_id, first.etag) == (now.version_id, now.etag):
        return _unchanged("Storage gives it the same tag and length as first seen.")
    return Judgement(
        FileBadge.CANNOT_TELL,
        "It is as long as first seen, storage's tag is another, and it was not read whole.",
    )


def _against_report(now: Seen, reported_bytes: int | None) -> Judgement:
    if reported_bytes is None or now.size_bytes is None:
        return Judgement(
            FileBadge.CANNOT_TELL, "Seen for the first time; CommBox reports no size to compare with."
        )
    if reported_bytes != now.size_bytes:
        return _differs(f"CommBox reports {reported_bytes} bytes; storage holds {now.size_bytes}.")
    return _unchanged("Its length is the one CommBox reports.")


def _unchanged(sentence: str) -> Judgement:
    return Judgement(FileBadge.UNCHANGED, sentence)


def _differs(sentence: str) -> Judgement:
    return Judgement(FileBadge.DIFFERS, sentence)
