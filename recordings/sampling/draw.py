"""Draw a sample: the seed comes from the population and its checkpoint, and ranks the units."""

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from io import BufferedIOBase

from recordings.sampling.population import read_population

_PREFIX = b"audit-sample-v1\n"
_COSIGNATURE = re.compile("— [^ \n+]+ [A-Za-z0-9+/]+={0,2}\n".encode())
_ROOT = re.compile(rb"[A-Za-z0-9+/]{43}=\n")


class BadDraw(ValueError):
    """A sample cannot be drawn from these values."""


@dataclass(frozen=True)
class Pick:
    """A unit that was drawn. `rank` is its HMAC. A skipped unit was drawn but is not in the sample."""

    stratum: str
    unit: str
    rank: bytes
    skipped: bool = False


def seed(population_hash: str, lines: Iterable[bytes]) -> bytes:
    """Return the seed from a population's SHA-256 in hex and the cosignature lines of its checkpoint, in any order.

    For a sample that the portal drew alone, the only line is the checkpoint's root in base64.
    """
    ordered = sorted(lines)
    self_drawn = len(ordered) == 1 and _ROOT.fullmatch(ordered[0])
    if not ordered or not (self_drawn or all(map(_COSIGNATURE.fullmatch, ordered))):
        raise BadDraw("Expected are cosignature lines, or the checkpoint's root in base64.")
    if len(set(ordered)) < len(ordered):
        raise BadDraw("A cosignature line is repeated.")
    return hashlib.sha256(b"".join([_PREFIX, population_hash.encode(), b"\n", *ordered])).digest()


def draw(
    population: BufferedIOBase, lines: Iterable[bytes], number: int, skipped: Collection[str] = ()
) -> list[Pick]:
    """Draw `number` units of each stratum, or all where there are fewer, by ascending rank.

    A skipped unit is replaced by the next rank and stays in the list. Strata are in the order of their bytes. The file
    is read twice and never held in memory. Raises BadPopulation, and BadDraw for a skipped unit that was not drawn.
    """
    if number < 1:
        raise BadDraw("The number of units must be at least 1.")
    population.seek(0)
    key = seed(hashlib.file_digest(population, "sha256").hexdigest(), lines)
    population.seek(0)
    without = {unit.encode() for unit in skipped}
    picks = [
        Pick(stratum.decode(), unit.decode(), rank, unit in without)
        for stratum, ranked in sorted(_lowest(population, key, number + len(without)).items())
        for rank, unit in _first(ranked, number, without)
    ]
    if missing := without - {pick.unit.encode() for pick in picks}:
        raise BadDraw(f"The unit {min(missing).decode()} was skipped but not drawn.")
    return picks


def _lowest(population: BufferedIOBase, key: bytes, most: int) -> dict[bytes, list[tuple[bytes, bytes]]]:
    """Return the units with the lowest ranks of each stratum, with their ranks, in ascending order."""
    lowest: dict[bytes, list[tuple[bytes, bytes]]] = {}
    limits: dict[bytes, bytes] = {}  # the highest rank that can still be among the lowest
    for unit, stratum in read_population(population):
        rank = hmac.digest(key, unit, "sha256")
        if stratum in limits and rank > limits[stratum]:
            continue
        ranked = lowest.setdefault(stratum, [])
        ranked.append((rank, unit))
        if len(ranked) == 2 * most:
            ranked.sort()
            del ranked[most:]
            limits[stratum] = ranked[-1][0]
    return {stratum: sorted(ranked)[:most] for stratum, ranked in lowest.items()}


def _first(
    ranked: list[tuple[bytes, bytes]], number: int, without: Collection[bytes]
) -> list[tuple[bytes, bytes]]:
    """Return the first units until `number` of them are not skipped."""
    first, left = [], number
    for rank, unit in ranked:
        if not left:
            break
        first.append((rank, unit))
        left -= unit not in without
    return first
