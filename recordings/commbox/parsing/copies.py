"""Merge items that one response contains several times. Contradictions are kept and flagged."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from recordings.commbox.records import RecordingItem
from recordings.storage.s3_urls import UrlKind, file_of, fingerprint

# Fields on which copies of a recording should agree, with the names used in flags.
COMPARED = {
    "duration_seconds": "duration",
    "file_size_bytes": "file_size",
    "recorded_at": "recorded_at",
    "recording_type": "recording_type",
}
TWO_FILES = "activity_with_two_files"

_URL_ORDER = (UrlKind.NONE, UrlKind.DIRECT, UrlKind.PRESIGNED)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def without_copies(items: Iterable[RecordingItem]) -> list[RecordingItem]:
    """Return one item per recording, in the order of their first copies.

    One activity with two files is two recordings, identified by their files. Copies that differ otherwise are one
    recording: the greater value counts, a flag names the field, and `raw` keeps the other values.
    """
    by_identity: dict[str, list[RecordingItem]] = defaultdict(list)
    for item in items:
        by_identity[item.fingerprint].append(item)
    groups: list[list[RecordingItem]] = []
    for copies in by_identity.values():
        files = {file_of(copy.recording_url) for copy in copies if copy.recording_url}
        groups += [copies] if len(files) < 2 else _by_file(copies)
    return [copies[0] if len(copies) == 1 else _merged(copies) for copies in groups]


def _by_file(copies: Sequence[RecordingItem]) -> list[list[RecordingItem]]:
    """Group the copies of one activity by file, and identify each group by its file."""
    by_file: dict[str, list[RecordingItem]] = defaultdict(list)
    for copy in copies:
        identity = fingerprint(
            object_id=copy.object_id, url=copy.recording_url, recorded_at=copy.recorded_at, upstream_id=None
        )
        flagged = replace(copy, fingerprint=identity, flags=(*copy.flags, TWO_FILES))
        by_file[identity].append(flagged)
    return list(by_file.values())


def _merged(copies: Sequence[RecordingItem]) -> RecordingItem:
    """Merge copies into one item. Their order does not matter, because the next response may have another."""
    url = max(copies, key=lambda copy: (_url_life(copy), copy.recording_url))
    main = max(copies, key=lambda copy: [_rank(getattr(copy, name)) for name in COMPARED])
    flags = list(dict.fromkeys(flag for copy in sorted(copies, key=_rank_of_flags) for flag in copy.flags))
    others: dict[str, Any] = {}
    for name, words in COMPARED.items():
        values = {getattr(copy, name) for copy in copies} - {getattr(main, name), None, ""}
        if values:
            flags.append(f"contradictory_{words}")
            others[words] = sorted(map(str, values))
    return replace(
        main,
        recording_url=url.recording_url,
        url_kind=url.url_kind,
        url_expires_at=url.url_expires_at,
        flags=tuple(flags),
        raw={**main.raw, "otherValues": others} if others else main.raw,
    )


def _rank(value: Any) -> tuple[bool, str | float]:
    """Return a sort key that puts unknown values first."""
    if isinstance(value, datetime):
        return True, value.timestamp()
    return value not in (None, ""), value or (0 if not isinstance(value, str) else "")


def _rank_of_flags(copy: RecordingItem) -> tuple[str, ...]:
    return copy.flags


def _url_life(item: RecordingItem) -> tuple[int, datetime]:
    """Return a sort key that prefers presigned URLs, and among them the one that expires last."""
    return _URL_ORDER.index(item.url_kind), item.url_expires_at or _LONG_AGO
