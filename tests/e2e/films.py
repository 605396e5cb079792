"""Videos for tests."""

import struct
from typing import NamedTuple

GAP = 32 * 1024 * 1024


def pulled_apart(content: bytes) -> bytes:
    """The same video with its second half far after the first, so that no browser has read it ahead."""
    film = bytearray(content)
    tables = [_chunk_offsets(film, at) for at in _boxes_named(content, b"stco")]
    middle = sorted(offset for table in tables for _, offset in table)[len(tables[0])]
    for place, offset in (entry for table in tables for entry in table):
        struct.pack_into(">I", film, place, offset + GAP if offset >= middle else offset)
    data = content.index(b"mdat") - 4
    struct.pack_into(">I", film, data, struct.unpack_from(">I", film, data)[0] + GAP)
    return bytes(film[:middle]) + bytes(GAP) + bytes(film[middle:])


def _boxes_named(content: bytes, name: bytes) -> list[int]:
    return [at for at in range(content.index(b"mdat")) if content[at : at + 4] == name]


def _chunk_offsets(film: bytearray, box: int) -> list[tuple[int, int]]:
    """Yield the position and value of each entry of a chunk offset box (ISO 14496-12, 8.7.5)."""
    (count,) = struct.unpack_from(">I", film, box + 8)
    places = range(box + 12, box + 12 + 4 * count, 4)
    return [(place, struct.unpack_from(">I", film, place)[0]) for place in places]


# --- films whose files tell no length, or a wrong one

_SEGMENT, _SEEK_HEAD, _CUES, _INFO, _DURATION, _VOID = (
    0x18538067,
    0x114D9B74,
    0x1C53BB6B,
    0x1549A966,
    0x4489,
    0xEC,
)


def without_index(webm: bytes) -> bytes:
    """The same WebM as a browser records it: without a length and an index."""
    film = bytearray(webm)
    for element in _elements(film, _segment(film)):
        if element.id in (_SEEK_HEAD, _CUES):
            _blank(film, element)
        if element.id == _INFO:
            for inner in _elements(film, element):
                if inner.id == _DURATION:
                    _blank(film, inner)
    return bytes(film)


def with_length(film: bytes, seconds: int) -> bytes:
    """The same WebM with this length in its header."""
    changed = bytearray(film)
    info = next(one for one in _elements(changed, _segment(changed)) if one.id == _INFO)
    length = next(one for one in _elements(changed, info) if one.id == _DURATION)
    form = ">d" if length.ends_at - length.content_at == 8 else ">f"
    struct.pack_into(form, changed, length.content_at, seconds * 1000.0)
    return bytes(changed)


class _Element(NamedTuple):
    id: int
    at: int
    content_at: int
    ends_at: int


def _segment(film: bytearray) -> _Element:
    whole = _Element(0, 0, 0, len(film))
    return next(one for one in _elements(film, whole) if one.id == _SEGMENT)


def _elements(film: bytearray, parent: _Element) -> list[_Element]:
    """Yield the EBML elements (RFC 8794) in another one."""
    found, at = [], parent.content_at
    while at < min(parent.ends_at, len(film)):
        id_length = 9 - film[at].bit_length()
        size_at = at + id_length
        size_length = 9 - film[size_at].bit_length()
        content_at = size_at + size_length
        size = int.from_bytes(film[size_at:content_at]) & (1 << 7 * size_length) - 1
        found.append(_Element(int.from_bytes(film[at:size_at]), at, content_at, content_at + size))
        at = content_at + size
    return found


def _blank(film: bytearray, element: _Element) -> None:
    """Replace an element by an empty one of the same length."""
    length = element.ends_at - element.at
    head = (
        bytes([_VOID, 0x01]) + (length - 9).to_bytes(7) if length >= 9 else bytes([_VOID, 0x80 | length - 2])
    )
    film[element.at : element.ends_at] = head + bytes(length - len(head))
