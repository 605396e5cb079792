"""A population: the units that a sample is drawn from, as a file with one line for each."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import IO
from uuid import UUID

# Recording, agent or "-", and a range in whole milliseconds. Without an end the length is unknown.
_NUMBER = rb"(?:0|[1-9][0-9]{0,18})"
_UUID = rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_UNIT = _UUID + rb"/(?:-|" + _NUMBER + rb")/" + _NUMBER + rb"-" + _NUMBER + rb"?"
_LINE = re.compile(rb"(" + _UNIT + rb")\t([^\t\n]*)\n")


class BadPopulation(ValueError):
    """The units cannot be a population. The text names the line."""


def unit_id(recording: UUID, *, agent: int | None, length_ms: int | None) -> str:
    """Return the id of a whole recording: its id, its agent or `-`, and its range in milliseconds."""
    end = "" if length_ms is None else length_ms
    return f"{recording}/{'-' if agent is None else agent}/0-{end}"


def write_population(units: Iterable[tuple[str, str]], file: IO[bytes]) -> tuple[str, int]:
    """Write units, each with its stratum, as a population. Return the file's SHA-256 in hex and the number of lines.

    Raises BadPopulation for a unit or a stratum that cannot be written, a repeated unit, and no unit at all.
    """
    lines = sorted((unit.encode(), stratum.encode()) for unit, stratum in units)
    digest = hashlib.sha256()
    for _ in read_population(line := b"%b\t%b\n" % pair for pair in lines):
        digest.update(line)
        file.write(line)
    return digest.hexdigest(), len(lines)


def read_population(lines: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield each unit's id and stratum. Raises BadPopulation for lines that are malformed, not sorted or repeated."""
    before, number, strata = b"", 0, set[bytes]()
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise BadPopulation(
                f"Line {number}: Expected are a unit's id, a tab, its stratum and a line feed."
            )
        unit, stratum = match.groups()
        if unit <= before:
            raise BadPopulation(
                f"Line {number}: The units are not sorted by their bytes, or one is repeated."
            )
        if stratum not in strata:
            _check_stratum(stratum, number)
            strata.add(stratum)
        before = unit
        yield unit, stratum
    if not number:
        raise BadPopulation("The population has no units.")


def _check_stratum(stratum: bytes, number: int) -> None:
    try:
        text = stratum.decode()
    except UnicodeDecodeError:
        raise BadPopulation(f"Line {number}: The stratum is not UTF-8.") from None
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise BadPopulation(f"Line {number}: The stratum has a control character.")
