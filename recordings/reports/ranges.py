"""Byte ranges of a download that is resumed (RFC 9110, section 14)."""

import re

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")


class NotSatisfiable(Exception):
    """The range is outside the file: status 416."""


def part_of(header: str, size: int) -> tuple[int, int] | None:
    """Return the first and last byte of a single range; None for the whole file. Raises NotSatisfiable.

    Invalid headers and lists of ranges may be ignored (RFC 9110, 14.2).
    """
    match = _RANGE.match(header.strip())
    if not match or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size - 1
        if int(last) == 0:
            raise NotSatisfiable
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < int(first):
            return None
    if start >= size:
        raise NotSatisfiable
    return start, end
