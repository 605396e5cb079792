"""Compare a file with the one first seen. Needs neither storage nor the database."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext_noop as _

from recordings.models import FileBadge


@dataclass(frozen=True)
class FileState:
    """A file as storage served it. `found`: storage served it. `sha256` is empty when the whole file was not read."""

    found: bool
    sentence: str = ""
    size_bytes: int | None = None
    etag: str = ""
    last_modified: datetime | None = None
    version_id: str = ""
    sha256: str = ""

    @property
    def headers(self) -> tuple[object, ...]:
        """What storage says about the file without reading it. While it stays the same, so does the hash."""
        return (self.size_bytes, self.etag, self.last_modified, self.version_id)


@dataclass(frozen=True)
class Comparison:
    """The result. `sentence` is stored: it is English, and pages translate it with `wording.stored`."""

    badge: FileBadge
    sentence: str


def first_of(states: Sequence[FileState]) -> FileState | None:
    """Return the file as first seen. `states` are in order; None when there are none.

    Its hash may have been computed later, while storage still described it in the same way.
    """
    if not states:
        return None
    same = [state.sha256 for state in states if state.headers == states[0].headers and state.sha256]
    return replace(states[0], sha256=same[0] if same else "")


def compare(first: FileState | None, now: FileState, reported_bytes: int | None) -> Comparison:
    """Compare the file now with its first sighting, or with the size that CommBox reports when there is none.

    The strongest evidence decides: the hash of the whole file, else its size, else its version or tag in storage. A
    different tag proves nothing: the same bytes uploaded in other parts get another tag. CommBox reports a size of 0
    when it does not know it.
    """
    if not now.found:
        return Comparison(FileBadge.CANNOT_TELL, now.sentence)
    if first is None:
        if not reported_bytes or now.size_bytes is None:
            sentence = _("The file was seen for the first time. CommBox reports no size to compare it with.")
            return Comparison(FileBadge.CANNOT_TELL, sentence)
        if reported_bytes != now.size_bytes:
            message = _("CommBox reports %(n1)s bytes. The file in storage has %(n2)s bytes.")
            return _differs(message % {"n1": reported_bytes, "n2": now.size_bytes})
        return _unchanged(_("The file has the size that CommBox reports."))
    if first.sha256 and now.sha256:
        if first.sha256 == now.sha256:
            return _unchanged(_("The file's contents are the same as when it was first seen."))
        return _differs(_("The file's contents have changed since it was first seen."))
    if first.size_bytes != now.size_bytes:
        message = _("The file had %(n1)s bytes when it was first seen. It now has %(n2)s bytes.")
        return _differs(message % {"n1": first.size_bytes, "n2": now.size_bytes})
    if (first.version_id or first.etag) and (first.version_id, first.etag) == (now.version_id, now.etag):
        return _unchanged(_("The file has the same size and tag in storage as when it was first seen."))
    return Comparison(
        FileBadge.CANNOT_TELL,
        _(
            "The file has the same size as when it was first seen, but a different tag in storage. "
            "The whole file was not read."
        ),
    )


def _unchanged(sentence: str) -> Comparison:
    return Comparison(FileBadge.UNCHANGED, sentence)


def _differs(sentence: str) -> Comparison:
    return Comparison(FileBadge.DIFFERS, sentence)
