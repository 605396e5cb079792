"""The part of a file a browser asks for when it resumes a download (RFC 9110, section 14)."""

import re

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z")


class NotSatisfiable(Exception):
    """The range lies outside of the file: 416."""


def part_of(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range; None when the whole file is to be sent.

    What cannot be read, and lists of ranges, may be ignored (RFC 9110, 14.2). Raises NotSatisfiable.
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
