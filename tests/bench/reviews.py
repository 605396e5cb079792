"""A sample drawn from a million units and scorecards scored, each in a process of its own; a year of evaluations.

BENCH_REVIEWS=pages or exports measures these of the year alone, BENCH_REVIEWS=rules the rest alone. A year has
100,000 evaluations, or BENCH_EVALUATIONS.
"""

import hmac
import json
import os
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, TypeVar
from uuid import UUID

from recordings.sampling.draw import draw
from recordings.sampling.population import unit_id, write_population
from recordings.scorecards.answers import read_answers
from recordings.scorecards.form import read_form
from recordings.scorecards.score import score
from tests.bench import memory
from tests.bench.results import Measured

NEEDS_OBJECTS = False
UNITS, PICKS, TEAMS, ROUNDS = 1_000_000, 3_000, 30, 3
CARDS, SECTIONS, QUESTIONS = 2_000, 10, 6
LINES = ["— witness.example {}\n".format("A" * 100 + "==").encode()]

Answer = TypeVar("Answer")


def measure() -> Iterator[Measured]:
    """Times of bare HMACs that a draw takes, its memory, cards a second, and pages and exports of a year."""
    wanted = os.environ.get("BENCH_REVIEWS", "")
    if wanted in ("", "rules"):
        yield from _rules()
    if wanted != "rules":
        # Here, because the processes of `in_process` import this module and have no Django.
        from tests.bench import reviews_pages

        yield from reviews_pages.figures(_form("points"), _answers, wanted)


def _rules() -> Iterator[Measured]:
    with TemporaryDirectory() as folder:
        for name, teams in (("one stratum", 1), ("30 strata", TEAMS)):
            path = Path(folder) / f"{teams}.tsv"
            freezing = in_process(_freeze, path, teams)
            bare, ours, peak = in_process(_draw, path, PICKS // teams)
            yield Measured(f"a draw of 3,000 from 1,000,000, {name}", ours, "s", ours / bare,
                           "the time of 1,000,000 bare HMACs (at most 3)")  # fmt: skip
            yield Measured(f"a draw of 3,000 from 1,000,000, {name}: memory", peak, "MiB")
            yield Measured(f"freezing a population of 1,000,000, {name}", freezing, "s")
    for mode in ("points", "sections"):
        reading, scoring = in_process(_score, mode)
        yield Measured(f"cards of 60 answers read, {mode}", reading, "cards/s")
        yield Measured(f"cards of 60 answers scored, {mode}", scoring, "cards/s")


def in_process(work: Callable[..., Answer], *arguments: Any) -> Answer:
    """Run the work in a new process, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _freeze(path: Path, teams: int) -> float:
    dice = random.Random(teams)
    units = [
        (
            unit_id(UUID(int=dice.getrandbits(128)), agent=dice.randint(1, 300), length_ms=600_000),
            f"team {dice.randrange(teams)}",
        )
        for _ in range(UNITS)
    ]
    started = perf_counter()
    with path.open("wb") as file:
        write_population(units, file)
    return perf_counter() - started


def _draw(path: Path, number: int) -> tuple[float, float, float]:
    """Seconds of bare HMACs and of the draw, the best of some rounds side by side, and the peak of memory in MiB."""
    key, unit = bytes(32), b"01a17720-ca00-754c-ba12-02743e81b0ca/5001/0-60000"
    times = []
    with path.open("rb") as file:
        for _ in range(ROUNDS):
            started = perf_counter()
            for _ in range(UNITS):
                hmac.digest(key, unit, "sha256")
            between = perf_counter()
            draw(file, LINES, number)
            times.append((between - started, perf_counter() - between))
    bare, ours = (min(column) for column in zip(*times, strict=True))
    return bare, ours, memory.peak()


def _score(mode: str) -> tuple[float, float]:
    """Cards read and cards scored a second, the best of some rounds."""
    form = read_form(json.dumps(_form(mode)).encode())
    dice = random.Random(1)
    files = [_answers(dice) for _ in range(CARDS)]
    times = []
    for _ in range(ROUNDS):
        started = perf_counter()
        cards = [read_answers(file, form) for file in files]
        between = perf_counter()
        for card in cards:
            score(form, card).as_json()
        times.append((between - started, perf_counter() - between))
    reading, scoring = (min(column) for column in zip(*times, strict=True))
    return CARDS / reading, CARDS / scoring


def _form(mode: str) -> dict[str, Any]:
    sections = [
        {
            "key": f"s{section}",
            "title": "Section",
            "weight": "10",
            "questions": [_question(QUESTIONS * section + number) for number in range(QUESTIONS)],
        }
        for section in range(SECTIONS)
    ]
    return {"format": "auditportal-form/1", "title": "Bench", "mode": mode, "sections": sections}


def _question(number: int) -> dict[str, Any]:
    """Return a question: one in six a number with a fail, one multiple, one asked only after the one before."""
    question: dict[str, Any] = {"key": f"q{number}", "text": "?", "weight": "1.5"}
    if number % QUESTIONS == 0:
        ends = (("0", "30", "10"), ("31", "60", "5"), ("61", None, "0"))
        ranges = [{"from": low, "to": high, "points": points} for low, high, points in ends]
        ranges[-1]["fail"] = "section"
        return {**question, "type": "number", "step": "1", "ranges": ranges}
    points = {"yes": "1", "part": "0.5", "no": "0"}
    question["options"] = [{"key": key, "label": key, "points": value} for key, value in points.items()]
    question |= {"type": "multiple" if number % QUESTIONS == 1 else "choice", "na": True}
    if number % QUESTIONS == QUESTIONS - 1:
        question["when"] = {"all": [{"question": f"q{number - 1}", "op": "in", "options": ["yes", "part"]}]}
    return question


def _answers(dice: random.Random) -> bytes:
    answers: dict[str, Any] = {}
    for number in range(SECTIONS * QUESTIONS):
        if number % QUESTIONS == 0:
            answer: dict[str, Any] = {"number": str(dice.randint(0, 90))}
        elif dice.random() < 0.1:
            answer = {"na": True, "reason": "no screen was shared"}
        elif number % QUESTIONS == 1:
            answer = {"options": dice.sample(["yes", "part", "no"], 2)}
        else:
            answer = {"option": dice.choice(["yes", "part", "no"])}
        answers[f"q{number}"] = {**answer, "at_ms": "83000"}
    return json.dumps({"format": "auditportal-answers/1", "answers": answers}).encode()
