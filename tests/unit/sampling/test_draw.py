"""Draws: the committed vector, the published program, and what holds for every population."""

import hashlib
import hmac
import io
import random
import re
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.sampling.draw import BadDraw, draw, seed
from recordings.sampling.population import BadPopulation, read_population, unit_id, write_population
from tests.thorough import examples

VECTOR = Path(__file__).parent / "vector"
POPULATION = VECTOR / "population.tsv"
COSIGNATURES = VECTOR / "cosignatures.txt"
LINES = COSIGNATURES.read_bytes().splitlines(keepends=True)
PROGRAM = re.search(
    r"^```python\n(.*?)^```",
    (Path(__file__).parents[3] / "docs/sampling.md").read_text(),
    re.DOTALL | re.MULTILINE,
)[1]
ROOT = b"n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=\n"

units = st.builds(
    lambda id_, agent, length: unit_id(id_, agent=agent, length_ms=length),
    st.uuids(),
    st.none() | st.integers(0, 10**9),
    st.none() | st.integers(0, 10**8),
)
strata = st.sampled_from(["", "a", "Team B", "צוות א", "\u2028"])
populations = st.dictionaries(units, strata, min_size=1, max_size=30)


def written(population: dict[str, str]) -> bytes:
    file = io.BytesIO()
    write_population(population.items(), file)
    return file.getvalue()


def as_lines(data: bytes) -> list[bytes]:
    return list(io.BytesIO(data))


def redrawn(population: Path, lines: Path, number: int, *skipped: str) -> bytes:
    """Run the program of docs/sampling.md without the portal's code."""
    return subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM, population, lines, str(number), *skipped],
        capture_output=True,
        check=True,
    ).stdout


def test_the_vector_has_its_picks() -> None:
    with POPULATION.open("rb") as file:
        picks = draw(file, LINES, 2)
    assert "".join(f"{pick.stratum}\t{pick.unit}\n" for pick in picks) == (VECTOR / "picks.tsv").read_text()
    assert len(as_lines(POPULATION.read_bytes())) == 10
    assert [pick.stratum for pick in picks] == ["Team B", "Team B", "צוות א", "צוות א"]


def test_the_published_program_gives_the_picks_of_the_vector() -> None:
    assert redrawn(POPULATION, COSIGNATURES, 2) == (VECTOR / "picks.tsv").read_bytes()
    assert len(PROGRAM.strip().splitlines()) <= 15


@pytest.mark.parametrize("number", range(8))
def test_the_published_program_agrees_on_random_populations(number: int, tmp_path: Path) -> None:
    dice = random.Random(number)
    population = {
        unit_id(UUID(int=dice.getrandbits(128)), agent=dice.randint(1, 9), length_ms=dice.randint(0, 9**9)):
        dice.choice(["", "a", "b", "\u2028x"])
        for _ in range(dice.choice([1, 7, 400]))
    }  # fmt: skip
    (tmp_path / "population.tsv").write_bytes(written(population))
    (tmp_path / "lines.txt").write_bytes(b"".join(LINES) if number % 2 else ROOT)
    lines = LINES if number % 2 else [ROOT]
    wanted = dice.randint(1, 40)
    with (tmp_path / "population.tsv").open("rb") as file:
        drawn = [pick.unit for pick in draw(file, lines, wanted)]
        skipped = dice.sample(drawn, len(drawn) // 3)
        picks = [pick for pick in draw(file, lines, wanted, skipped) if not pick.skipped]
    ours = "".join(f"{pick.stratum}\t{pick.unit}\n" for pick in picks).encode()
    assert redrawn(tmp_path / "population.tsv", tmp_path / "lines.txt", wanted, *skipped) == ours


@settings(max_examples=examples(200))
@given(populations, st.integers(1, 8))
def test_a_draw_has_the_lowest_ranks_of_each_stratum(population: dict[str, str], number: int) -> None:
    data = written(population)
    key = seed(hashlib.sha256(data).hexdigest(), LINES)
    picks = draw(io.BytesIO(data), LINES, number)
    for stratum in set(population.values()):
        inside = [unit for unit in population if population[unit] == stratum]
        expected = sorted(inside, key=lambda unit: hmac.new(key, unit.encode(), "sha256").digest())[:number]
        assert [pick.unit for pick in picks if pick.stratum == stratum] == expected
    assert len({pick.rank for pick in picks}) == len(picks)


@settings(max_examples=examples(200))
@given(populations)
def test_all_are_drawn_where_there_are_fewer(population: dict[str, str]) -> None:
    picks = draw(io.BytesIO(written(population)), LINES, len(population))
    assert {pick.unit: pick.stratum for pick in picks} == population


@settings(max_examples=examples(200))
@given(populations, st.integers(1, 5), st.data())
def test_a_skip_takes_the_next_rank(population: dict[str, str], number: int, data: st.DataObject) -> None:
    """Skipping the first of a stratum gives the list of one more, with the first marked."""
    file = io.BytesIO(written(population))
    stratum = data.draw(st.sampled_from(sorted(set(population.values()))))
    longer = [pick for pick in draw(file, LINES, number + 1) if pick.stratum == stratum]
    skipped = [pick for pick in draw(file, LINES, number, [longer[0].unit]) if pick.stratum == stratum]
    assert [pick.unit for pick in skipped] == [pick.unit for pick in longer]
    assert [pick.skipped for pick in skipped] == [True] + [False] * (len(longer) - 1)


@settings(max_examples=examples(200))
@given(st.lists(st.binary(min_size=57, max_size=76), min_size=1, max_size=4, unique=True), st.randoms())
def test_the_order_of_cosignatures_does_not_matter(signatures: list[bytes], dice: random.Random) -> None:
    lines = [f"— w{index} {signature.hex()}\n".encode() for index, signature in enumerate(signatures)]
    shuffled = dice.sample(lines, len(lines))
    assert seed("0" * 64, shuffled) == seed("0" * 64, lines)
    if len(lines) > 1:
        assert seed("0" * 64, lines[1:]) != seed("0" * 64, lines)


@settings(max_examples=examples(200))
@given(populations, st.randoms())
def test_only_the_sorted_order_is_a_population(population: dict[str, str], dice: random.Random) -> None:
    lines = as_lines(written(population))
    shuffled = dice.sample(lines, len(lines))
    if shuffled == lines:
        assert [unit.decode() for unit, _ in read_population(lines)] == sorted(population)
    else:
        with pytest.raises(BadPopulation, match="not sorted"):
            list(read_population(shuffled))


def test_a_population_does_not_depend_on_the_order_of_its_units() -> None:
    population = dict(line.rstrip(b"\n").decode().split("\t") for line in as_lines(POPULATION.read_bytes()))
    assert written(dict(reversed(population.items()))) == written(population) == POPULATION.read_bytes()


UNIT = "01a17720-ca00-754c-ba12-02743e81b0ca/5001/0-60000"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no units"),
        (f"{UNIT}\ta".encode(), "Line 1: Expected are"),
        (f"{UNIT}\ta\r\n".encode(), "Line 1: The stratum has a control character"),
        (f"{UNIT}\t\x85\n".encode(), "Line 1: The stratum has a control character"),
        (f"{UNIT}\ta\tb\n".encode(), "Line 1: Expected are"),
        (f"{UNIT}\n".encode(), "Line 1: Expected are"),
        (UNIT.upper().encode() + b"\ta\n", "Line 1: Expected are"),
        (f"{UNIT[:-7]}00-1\ta\n".encode(), "Line 1: Expected are"),
        (UNIT.encode() + b"\t\xff\n", "Line 1: The stratum is not UTF-8"),
        (f"{UNIT}\ta\n{UNIT}\ta\n".encode(), "Line 2: The units are not sorted by their bytes, or one"),
        (f"{UNIT}\ta\n{UNIT}\tb\n".encode(), "Line 2: The units are not sorted by their bytes, or one"),
        (f"{UNIT}\ta\n\n".encode(), "Line 2: Expected are"),
    ],
)
def test_a_malformed_population_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BadPopulation, match=words):
        draw(io.BytesIO(data), LINES, 1)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "Expected are cosignature lines"),
        ([LINES[0].rstrip()], "Expected are cosignature lines"),
        ([LINES[0], ROOT], "Expected are cosignature lines"),
        ([ROOT, ROOT], "Expected are cosignature lines"),
        ([LINES[0], LINES[0]], "repeated"),
    ],
)
def test_malformed_lines_are_refused(lines: list[bytes], words: str) -> None:
    with pytest.raises(BadDraw, match=words):
        seed("0" * 64, lines)


def test_a_skipped_unit_must_have_been_drawn() -> None:
    with POPULATION.open("rb") as file:
        drawn = {pick.unit for pick in draw(file, LINES, 2)}
        file.seek(0)
        other = next(unit.decode() for unit, _ in read_population(file) if unit.decode() not in drawn)
        with pytest.raises(BadDraw, match="skipped but not drawn"):
            draw(file, LINES, 2, [other])
        with pytest.raises(BadDraw, match="at least 1"):
            draw(file, LINES, 0)


def test_the_unit_of_a_whole_recording() -> None:
    recording = UUID("01A17720-CA00-754C-BA12-02743E81B0CA")
    assert unit_id(recording, agent=5001, length_ms=60_000) == UNIT
    assert unit_id(recording, agent=None, length_ms=None) == f"{recording}/-/0-"
