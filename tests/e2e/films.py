"""Films for tests that a browser cannot have read ahead."""

import struct

GAP = 32 * 1024 * 1024


def pulled_apart(content: bytes) -> bytes:
    """The same film, its second half far behind the first: no browser has read that far ahead."""
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
    """Where each entry of a chunk offset box (ISO 14496-12, 8.7.5) stands, and what it says."""
    (count,) = struct.unpack_from(">I", film, box + 8)
    places = range(box + 12, box + 12 + 4 * count, 4)
    return [(place, struct.unpack_from(">I", film, place)[0]) for place in places]
