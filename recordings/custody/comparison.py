"""Compare a file with the one first seen. Knows nothing of storage or database."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from recordings.models import FileBadge


@dataclass(frozen=True)
class FileState:
    """A file as storage showed it. `found`: storage gave it out; `sha256` is empty when it was not read whole."""

    found: bool
    sentence: str = ""
    size_bytes: int | None = None
    etag: str = ""
    last_modified: datetime | None = None
    version_id: str = ""
    sha256: str = ""

    @property
    def headers(self) -> tuple[object, ...]:
        """What storage says without the file being read: while that stays, the hash is not computed again."""
        return (self.size_bytes, self.etag, self.last_modified, self.version_id)


@dataclass(frozen=True)
class Comparison:
    badge: FileBadge
    sentence: str


def first_of(states: Sequence[FileState]) -> FileState | None:
    """Return the file as first seen, of its states in order; None when there are none.

    Its hash may have been computed later, while storage still described it the same.
    """
    if not states:
        return None
    same = [state.sha256 for state in states if state.headers == states[0].headers and state.sha256]
    return replace(states[0], sha256=same[0] if same else "")


def compare(first: FileState | None, now: FileState, reported_bytes: int | None) -> Comparison:
    """Compare the file now with its first sighting, or without one with the size that CommBox reports.

    The strongest evidence decides: the hash of the whole file, else its length, else storage's version or tag of it.
    A tag that differs proves nothing by itself: the same bytes uploaded in other parts get another one. A reported size
    of 0 says that CommBox did not know it.
    """
    if not now.found:
        return Comparison(FileBadge.CANNOT_TELL, now.sentence)
    if first is None:
        if not reported_bytes or now.size_bytes is None:
            sentence = "Seen for the first time; CommBox reports no size to compare with."
            return Comparison(FileBadge.CANNOT_TELL, sentence)
        if reported_bytes != now.size_bytes:
            return _differs(f"CommBox reports {reported_bytes} bytes; storage holds {now.size_bytes}.")
        return _unchanged("Its length is the one CommBox reports.")
    if first.sha256 and now.sha256:
        if first.sha256 == now.sha256:
            return _unchanged("Every byte is as first seen.")
        return _differs("The file's contents have changed since it was first seen.")
    if first.size_bytes != now.size_bytes:
        return _differs(f"It had {first.size_bytes} bytes when first seen and has {now.size_bytes} now.")
    if (first.version_id or first.etag) and (first.version_id, first.etag) == (now.version_id, now.etag):
        return _unchanged("Storage gives it the same tag and length as first seen.")
    return Comparison(
        FileBadge.CANNOT_TELL,
        "It is as long as first seen, storage's tag is another, and it was not read whole.",
    )


def _unchanged(sentence: str) -> Comparison:
    return Comparison(FileBadge.UNCHANGED, sentence)


def _differs(sentence: str) -> Comparison:
    return Comparison(FileBadge.DIFFERS, sentence)
