"""Parse byte ranges as S3 does (RFC 9110 section 14): one range; several, or a malformed one, are ignored."""

import re

FORM = re.compile(r"bytes=\s*(\d*)-(\d*)\s*", re.ASCII | re.IGNORECASE)


class Unsatisfiable(ValueError):
    """The file has no byte in the requested range (416)."""


def parse_range(header: str | None, size: int) -> range | None:
    """Which bytes to send: a range of offsets, or None for the whole file.

    Open (`bytes=5-`), closed (`bytes=5-9`) and suffix (`bytes=-3`) forms. Raises Unsatisfiable for a start at or
    behind the end and for a suffix of nothing.
    """
    match = FORM.fullmatch(header or "")
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return suffix(int(last), size)
    start, stop = int(first), min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return range(start, stop)


def suffix(length: int, size: int) -> range:
    """Return the last `length` bytes, or everything when the file is shorter."""
    if length == 0 or size == 0:
        raise Unsatisfiable
    return range(max(0, size - length), size)
