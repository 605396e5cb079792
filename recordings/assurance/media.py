"""Inspect whether a file opens as a video, from its first and last bytes.

Reads the boxes of MP4 (ISO/IEC 14496-12) and the EBML elements of WebM (RFC 8794, RFC 9559). Never raises, whatever the
bytes. Sentences are English, as they are stored.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.translation import gettext_noop

NO_INDEX = gettext_noop("The file has no index (moov), so it cannot be played.")
NO_INDEX_THERE = gettext_noop("The file has no index (moov) where its structure says it should be.")
CONTINUES = gettext_noop("The file continues beyond the bytes that were read.")
INDEX_FOUND = gettext_noop("The file's index was found.")
TRUNCATED = gettext_noop("The file is truncated: it ends before the video does.")
WINDOW = 64 * 1024
_EBML, _SEGMENT, _INFO, _SCALE, _DURATION, _CLUSTER = (
    0x1A45DFA3,
    0x18538067,
    0x1549A966,
    0x2AD7B1,
    0x4489,
    0x1F43B675,
)


@dataclass(frozen=True)
class Inspection:
    """The result. `opens` is None when the bytes do not decide it; `more_at`: offset of another window to read."""

    container: str
    opens: bool | None
    sentence: str
    duration_ms: int | None = None
    more_at: int | None = None


class _Box(NamedTuple):
    kind: bytes
    at: int
    content_at: int
    ends_at: int


def inspect_media(head: bytes, size_bytes: int, more: tuple[int, bytes] | None = None) -> Inspection:
    """Inspect a file by its first bytes and, where its index is elsewhere, by `more`: an offset and the bytes there."""
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"):
        return _inspect_mp4(head, size_bytes, more)
    if head[:4] == _EBML.to_bytes(4):
        return _inspect_webm(head, size_bytes)
    return Inspection("", None, gettext_noop("The file is not in a format that the portal can inspect."))


# --- MP4


def _inspect_mp4(head: bytes, size_bytes: int, more: tuple[int, bytes] | None) -> Inspection:
    """Walk the boxes as far as the bytes go. The index must be among them, and none may end beyond the file's end."""
    index, offset = _walk_boxes(head, 0, size_bytes)
    if (index is None or index.opens) and offset < size_bytes:
        if more is None or more[0] != offset:
            return Inspection(
                "mp4",
                None,
                CONTINUES,
                more_at=offset,
            )
        further, offset = _walk_boxes(more[1], offset, size_bytes)
        index = further if further is not None and not further.opens else index or further
        if index is None:
            return Inspection("mp4", False, NO_INDEX_THERE)
    return index or Inspection("mp4", False, NO_INDEX)


def _walk_boxes(data: bytes, start: int, size_bytes: int) -> tuple[Inspection | None, int]:
    """Return what the boxes from offset `start` say about the index, and the offset of the next box.

    Anything may follow the last box; players ignore it.
    """
    index, offset = None, start
    for box in _boxes(data, start, size_bytes):
        if box.ends_at > size_bytes and box.kind not in (b"mdat", b"moov", b"moof"):
            break
        if box.ends_at > size_bytes:
            return Inspection("mp4", False, TRUNCATED), offset
        if box.kind == b"moov":
            index = _inspect_moov(data, box, start)
        offset = box.ends_at
    return index, offset


def _inspect_moov(data: bytes, moov: _Box, base: int) -> Inspection:
    """Inspect the index. mvhd is its first box (14496-12, 8.2.2), so a window with moov's beginning contains it."""
    for box in _boxes(data, moov.content_at, moov.ends_at, base=base):
        if box.kind == b"mvhd":
            return _inspect_mvhd(data[box.content_at - base : box.ends_at - base])
    return Inspection("mp4", False, gettext_noop("The file's index (moov) has no header (mvhd)."))


def _inspect_mvhd(content: bytes) -> Inspection:
    try:
        version = content[0]
        scale, length = (
            struct.unpack_from(">IQ", content, 20) if version else struct.unpack_from(">II", content, 12)
        )
    except (IndexError, struct.error):
        return Inspection("mp4", False, gettext_noop("The header of the file's index (mvhd) is truncated."))
    if not scale:
        return Inspection(
            "mp4", False, gettext_noop("The header of the file's index (mvhd) has no time scale.")
        )
    # A fragmented file has no length in its header, or all ones for "unknown".
    known = length not in (0, 2**32 - 1, 2**64 - 1)
    return Inspection("mp4", True, INDEX_FOUND, length * 1000 // scale if known else None)


def _boxes(data: bytes, start: int, end: int, *, base: int | None = None) -> Iterator[_Box]:
    """Yield the boxes from `start` whose headers are in `data`, which begins at offset `base`, by default `start`."""
    base = start if base is None else base
    offset = start
    while offset < end and offset - base + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, offset - base)
        content = offset + 8
        if size == 1:
            if offset - base + 16 > len(data):
                return
            (size,) = struct.unpack_from(">Q", data, offset - base + 8)
            content += 8
        ends = end if size == 0 else offset + size
        if ends < content:
            return  # the size is smaller than the box's own header: no valid box follows
        yield _Box(kind, offset, content, ends)
        offset = ends


# --- WebM


def _inspect_webm(head: bytes, size_bytes: int) -> Inspection:
    """Inspect the header and Info, which muxers write first. A live recording has no length there."""
    segments = ((start, end) for number, start, end in _elements(head, 0, len(head)) if number == _SEGMENT)
    segment_start, segment_end = next(segments, (None, 0))
    if segment_start is None:
        return Inspection("webm", False, gettext_noop("The file has only a header."))
    if segment_end > size_bytes:
        return Inspection("webm", False, TRUNCATED)
    scale, duration, clusters = 1_000_000, None, False
    for number, start, end in _elements(head, segment_start, len(head)):
        clusters |= number == _CLUSTER
        if number == _INFO:
            scale, duration = _read_info(head, start, min(end, len(head)))
    length = int(duration * scale / 1e6) if duration and 0 < duration * scale < 1e16 else None
    if length is None and not clusters and len(head) < WINDOW:
        return Inspection("webm", False, gettext_noop("The file has a header but no video."))
    return Inspection("webm", True, gettext_noop("The file's header was found."), length)


def _read_info(head: bytes, start: int, end: int) -> tuple[int, float | None]:
    scale, duration = 1_000_000, None
    for number, content, content_end in _elements(head, start, end):
        value = head[content:content_end]
        if number == _SCALE:
            scale = int.from_bytes(value)
        if number == _DURATION and len(value) in (4, 8):
            (duration,) = struct.unpack(">f" if len(value) == 4 else ">d", value)
    return scale, duration


def _elements(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, start and end of the content of each element. An unknown length extends to `end`."""
    offset = start
    while offset < end:
        number, offset = _vint(data, offset, keep_marker=True)
        length, offset = _vint(data, offset, keep_marker=False)
        if number is None or length is None:
            return
        yield number, offset, offset + length if length >= 0 else end
        offset = offset + length if length >= 0 else end


def _vint(data: bytes, offset: int, *, keep_marker: bool) -> tuple[int | None, int]:
    """Read a number of 1 to 8 bytes (RFC 8794, section 4). Returns -1 for "unknown" (all bits 1), None past the end."""
    if offset >= len(data) or not data[offset]:
        return None, offset
    width = 9 - data[offset].bit_length()
    raw = data[offset : offset + width]
    if len(raw) < width:
        return None, offset
    value = int.from_bytes(raw)
    if keep_marker:
        return value, offset + width
    bits = (1 << 7 * width) - 1
    return (-1 if value & bits == bits else value & bits), offset + width
