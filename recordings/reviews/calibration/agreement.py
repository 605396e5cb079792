"""How far scorers agree on a question: Krippendorff's α and per cent agreement. Exact; needs no database.

Definition: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011). docs/calibration.md has it in short.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from recordings.scorecards.form import Question

Value = str | Fraction
# Stands for N/A beside the keys of options, none of which has a blank.
NOT_APPLICABLE = "not applicable"
COMPARED = ("choice", "multiple", "number")


@dataclass(frozen=True)
class Agreement:
    """How far scorers agree on a question.

    `values`: answers that can be paired with another of the same recording; `recordings`: those that have such pairs.
    `percent` and `alpha` are None where they are not defined.
    """

    values: int
    recordings: int
    percent: Fraction | None
    alpha: Fraction | None

    @property
    def is_uniform(self) -> bool:
        """Whether there is no α because all answers are the same, not because there are too few."""
        return self.alpha is None and self.recordings > 1


def value_of(question: Question, node: Mapping[str, Any] | None) -> Value | None:
    """Return an answer of a file as a value to compare; None where there is none.

    Several choices are one value. N/A is a value among choices; among numbers it is missing.
    """
    if node is None or question.type not in COMPARED:
        return None
    if question.type == "number":
        return None if node.get("na") else Fraction(node["number"])
    return NOT_APPLICABLE if node.get("na") else " ".join(node.get("options", [node.get("option", "")]))


def agreement_on(question: Question, units: Iterable[Sequence[Value]]) -> Agreement:
    """Compute the agreement on a question. `units`: for each recording the values of those who answered."""
    return agreement(units, _squares if question.type == "number" else _unequal)


def nominal(units: Iterable[Sequence[Value]]) -> Agreement:
    """Compute the agreement on values that are the same or not."""
    return agreement(units, _unequal)


def interval(units: Iterable[Sequence[Value]]) -> Agreement:
    """Compute the agreement on numbers, by the square of their difference."""
    return agreement(units, _squares)


def agreement(
    units: Iterable[Sequence[Value]], differences: Callable[[Sequence[Any]], Fraction]
) -> Agreement:
    """Compute the agreement of values. `differences`: the sum of the differences of all ordered pairs of a list.

    Observed disagreement Do = Σ of units (differences ÷ (m - 1)) ÷ n with m values in a unit and n in all; expected
    disagreement De = differences of all values ÷ (n · (n - 1)); α = 1 - Do ÷ De. With one unit Do equals De whatever
    was answered, so α needs two.
    """
    paired = [list(unit) for unit in units if len(unit) > 1]
    everything = [value for unit in paired for value in unit]
    n = len(everything)
    pairs = sum(len(unit) * (len(unit) - 1) for unit in paired)
    unequal = sum((_unequal(unit) for unit in paired), Fraction(0))
    expected = differences(everything)
    alpha = None
    if len(paired) > 1 and expected:
        observed = sum((differences(unit) / (len(unit) - 1) for unit in paired), Fraction(0))
        alpha = 1 - (n - 1) * observed / expected
    return Agreement(n, len(paired), 100 * (1 - unequal / pairs) if pairs else None, alpha)


def _unequal(values: Sequence[Any]) -> Fraction:
    """Return how many ordered pairs are not equal."""
    return Fraction(len(values) ** 2 - sum(count**2 for count in Counter(values).values()))


def _squares(values: Sequence[Any]) -> Fraction:
    """Return the sum of the squared differences of all ordered pairs."""
    total = sum(values, Fraction(0))
    return 2 * (len(values) * sum((value * value for value in values), Fraction(0)) - total * total)
