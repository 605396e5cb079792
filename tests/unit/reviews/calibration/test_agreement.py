"""Krippendorff's α against published examples, and against a slow computation by coincidence matrix."""

from fractions import Fraction
from itertools import permutations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.reviews.calibration.agreement import Value, agreement_on, interval, nominal, value_of
from recordings.scorecards.form import Question, read_form
from tests.unit.scorecards.forms import EXAMPLE, as_bytes

# K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), sections A to C: what each observer wrote of
# each unit, "." where nothing. https://repository.upenn.edu/asc_papers/43
BINARY = ["0100000010", "1110010000"]  # A. two observers, two values
NAMES = ["aabbdcccedda", "babbbccceddd"]  # B. two observers, nominal
MANY = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]  # C. four observers, data missing
# https://en.wikipedia.org/wiki/Krippendorff%27s_alpha#A_computational_example
THREE = [".....34121133.3", "1.213343.......", "..21344.21133.4"]


def units_of(observers: list[str], *, numbers: bool = True) -> list[list[Value]]:
    """Turn what observers wrote into the values of each unit."""
    columns = zip(*observers, strict=True)
    return [
        [Fraction(int(value)) if numbers else value for value in column if value != "."] for column in columns
    ]


@pytest.mark.parametrize(
    ("observers", "numbers", "of_names", "of_numbers", "n"),
    [
        (BINARY, True, "0.095", "0.095", 20),
        (NAMES, False, "0.692", None, 24),
        (MANY, True, "0.743", "0.849", 40),
        (THREE, True, "0.691", "0.811", 26),
    ],
)
def test_published_examples(
    observers: list[str], numbers: bool, of_names: str, of_numbers: str | None, n: int
) -> None:
    units = units_of(observers, numbers=numbers)
    found = nominal(units)
    assert (f"{float(found.alpha or 0):.3f}", found.values) == (of_names, n)
    if of_numbers:
        assert f"{float(interval(units).alpha or 0):.3f}" == of_numbers


def slow_alpha(units: list[list[Value]], difference: Any) -> Fraction | None:
    """Krippendorff's steps as written: reliability data, coincidence matrix, then α. Shares no code."""
    values = sorted({value for unit in units for value in unit})
    coincidences = dict.fromkeys(product(values, repeat=2), Fraction(0))
    for unit in units:
        for one, other in permutations(unit, 2):
            coincidences[one, other] += Fraction(1, len(unit) - 1)
    totals = {value: sum(coincidences[value, other] for other in values) for value in values}
    n = sum(totals.values())
    observed = sum(coincidences[pair] * difference(*pair) for pair in coincidences)
    expected = sum(totals[one] * totals[other] * difference(one, other) for one, other in coincidences)
    return 1 - (n - 1) * observed / expected if expected else None


NUMBERS = st.integers(-3, 3).map(Fraction)
UNITS = st.lists(st.lists(NUMBERS, max_size=5), max_size=8)


@given(UNITS)
def test_it_is_the_alpha_of_the_coincidence_matrix(units: list[list[Value]]) -> None:
    paired = [unit for unit in units if len(unit) > 1]
    enough = len(paired) > 1
    by_name = slow_alpha(units, lambda one, other: int(one != other)) if enough else None
    by_number = slow_alpha(units, lambda one, other: (one - other) ** 2) if enough else None
    assert (nominal(units).alpha, interval(units).alpha) == (by_name, by_number)
    assert nominal(units).values == sum(map(len, paired))


@given(UNITS, st.randoms())
def test_neither_order_nor_unpaired_values_matter(units: list[list[Value]], random: Any) -> None:
    shuffled = [random.sample(unit, len(unit)) for unit in units] + [[Fraction(9)], []]
    random.shuffle(shuffled)
    assert (nominal(shuffled), interval(shuffled)) == (nominal(units), interval(units))


@given(st.lists(st.lists(NUMBERS, min_size=2, max_size=4), min_size=2, max_size=6), st.integers(1, 9))
def test_alpha_is_at_most_one_and_independent_of_the_unit(units: list[list[Value]], factor: int) -> None:
    found = interval(units)
    assert found.alpha is None or found.alpha <= 1
    scaled: list[list[Value]] = [[Fraction(value) * factor + 7 for value in unit] for unit in units]
    assert interval(scaled).alpha == found.alpha
    assert (found.percent == 100) == all(len(set(unit)) == 1 for unit in units)


@pytest.mark.parametrize(
    ("units", "percent", "recordings", "is_uniform"),
    [
        ([], None, 0, False),
        ([["yes"]], None, 0, False),
        ([["yes", "yes", "no"]], Fraction(100, 3), 1, False),  # one recording
        ([["yes", "yes"], ["yes", "yes"]], 100, 2, True),  # nothing that could have been confused
        ([["yes", "yes"], ["no"]], 100, 1, False),
    ],
)
def test_where_alpha_is_not_defined(
    units: list[list[Value]], percent: Fraction | None, recordings: int, is_uniform: bool
) -> None:
    found = nominal(units)
    assert found.alpha is None
    assert (found.percent, found.recordings, found.is_uniform) == (percent, recordings, is_uniform)


def question(key: str) -> Question:
    return next(question for _, question in read_form(as_bytes(EXAMPLE)).questions() if question.key == key)


@pytest.mark.parametrize(
    ("key", "node", "value"),
    [
        ("greeting", {"option": "yes", "at_ms": "1"}, "yes"),
        ("greeting", {"na": True, "reason": "…"}, "not applicable"),
        ("topics", {"options": ["a", "b"]}, "a b"),
        ("topics", {"options": []}, ""),
        ("hold", {"number": "61"}, Fraction(61)),
        ("hold", None, None),
        ("remark", {"text": "…"}, None),
        ("callback", {"date": "2026-11-30"}, None),
    ],
)
def test_answers_as_values(key: str, node: dict[str, Any] | None, value: Value | None) -> None:
    assert value_of(question(key), node) == value


def test_numbers_are_compared_by_their_distance() -> None:
    near = [[Fraction(60), Fraction(61)], [Fraction(10), Fraction(10)]]
    far = [[Fraction(60), Fraction(20)], [Fraction(10), Fraction(10)]]
    alphas = [agreement_on(question("hold"), units).alpha for units in (near, far)]
    assert alphas[0] is not None
    assert alphas[1] is not None
    assert alphas[0] > alphas[1]
