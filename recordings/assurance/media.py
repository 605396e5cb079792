"""Tell whether a file opens as a video, from its first and last bytes: an MP4's boxes (ISO/IEC 14496-12), a WebM's EBML
elements (RFC 8794, RFC 9559). Plain bytes in, an answer out: whatever they hold, nothing is raised."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

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
    """What the bytes say. `opens` is None where they cannot tell; `more_at` is the offset of a further window of bytes
    that is needed."""

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
    return Inspection("", None, "It begins with no sign of a kind of file that the portal can read into.")


# --- MP4


def _inspect_mp4(head: bytes, size_bytes: int, more: tuple[int, bytes] | None) -> Inspection:
    """Walk the boxes as far as the bytes go: the index must be among them, and none may end behind the file's end."""
    index, offset = _walk_boxes(head, 0, size_bytes)
    if (index is None or index.opens) and offset < size_bytes:
        if more is None or more[0] != offset:
            return Inspection("mp4", None, "Its boxes go on further back.", more_at=offset)
        further, offset = _walk_boxes(more[1], offset, size_bytes)
        index = further if further is not None and not further.opens else index or further
        if index is None:
            return Inspection("mp4", False, "The file has no index (moov) where its boxes say one must be.")
    return index or Inspection("mp4", False, "The file has no index (moov), so no player can open it.")


def _walk_boxes(data: bytes, start: int, size_bytes: int) -> tuple[Inspection | None, int]:
    """What boxes from `start` of the file on say of its index, and where the next one begins. Behind the last one may
    be anything, which players pass over."""
    index, offset = None, start
    for box in _boxes(data, start, size_bytes):
        if box.ends_at > size_bytes and box.kind not in (b"mdat", b"moov", b"moof"):
            break
        if box.ends_at > size_bytes:
            return Inspection("mp4", False, "The file is cut off: it ends before its pictures do."), offset
        if box.kind == b"moov":
            index = _inspect_moov(data, box, start)
        offset = box.ends_at
    return index, offset


def _inspect_moov(data: bytes, moov: _Box, base: int) -> Inspection:
    """mvhd is the first thing in moov (14496-12, 8.2.2), so a window that holds moov's beginning holds it."""
    for box in _boxes(data, moov.content_at, moov.ends_at, base=base):
        if box.kind == b"mvhd":
            return _inspect_mvhd(data[box.content_at - base : box.ends_at - base])
    return Inspection("mp4", False, "The file's index (moov) holds no header (mvhd).")


def _inspect_mvhd(content: bytes) -> Inspection:
    try:
        version = content[0]
        scale, length = (
            struct.unpack_from(">IQ", content, 20) if version else struct.unpack_from(">II", content, 12)
        )
    except (IndexError, struct.error):
        return Inspection("mp4", False, "The header of the file's index (mvhd) is cut off.")
    if not scale:
        return Inspection("mp4", False, "The header of the file's index (mvhd) counts time in no unit.")
    # A file written while it was recorded (fragments) has no length in its header, or all ones for "unknown".
    known = length not in (0, 2**32 - 1, 2**64 - 1)
    return Inspection("mp4", True, "Its index was found.", length * 1000 // scale if known else None)


def _boxes(data: bytes, start: int, end: int, *, base: int | None = None) -> Iterator[_Box]:
    """The boxes from `start` on whose headers are in `data`, which begins at `base` of the file, or else at `start`."""
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
            return  # a size smaller than its own header: no boxes from here on
        yield _Box(kind, offset, content, ends)
        offset = ends


# --- WebM


def _inspect_webm(head: bytes, size_bytes: int) -> Inspection:
    """The header and Info, which muxers write first; a live recording has no length in it."""
    segments = ((start, end) for number, start, end in _elements(head, 0, len(head)) if number == _SEGMENT)
    segment_start, segment_end = next(segments, (None, 0))
    if segment_start is None:
        return Inspection("webm", False, "The file has a header and nothing behind it.")
    if segment_end > size_bytes:
        return Inspection("webm", False, "The file is cut off: it ends before its pictures do.")
    scale, duration, clusters = 1_000_000, None, False
    for number, start, end in _elements(head, segment_start, len(head)):
        clusters |= number == _CLUSTER
        if number == _INFO:
            scale, duration = _read_info(head, start, min(end, len(head)))
    length = int(duration * scale / 1e6) if duration and 0 < duration * scale < 1e16 else None
    if length is None and not clusters and len(head) < WINDOW:
        return Inspection("webm", False, "The file has a header and no pictures behind it.")
    return Inspection("webm", True, "Its header was found.", length)


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
    """Number, beginning and end of the content of each element; an unknown length reaches to the end."""
    offset = start
    while offset < end:
        number, offset = _vint(data, offset, keep_marker=True)
        length, offset = _vint(data, offset, keep_marker=False)
        if number is None or length is None:
            return
        yield number, offset, offset + length if length >= 0 else end
        offset = offset + length if length >= 0 else end


def _vint(data: bytes, offset: int, *, keep_marker: bool) -> tuple[int | None, int]:
    """A number of 1–8 bytes (RFC 8794, section 4); -1 where all its bits are ones: unknown. None past the end."""
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
