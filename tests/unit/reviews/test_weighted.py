"""Weighted averages against what they must be: one stratum, a census, and how often the interval holds the truth."""

import math
import random
from statistics import mean

import pytest

from recordings.reviews.numbers.tallies import Sums
from recordings.reviews.numbers.weighted import weighted_mean, weighted_share
from recordings.reviews.statistics import wilson

HUGE = 10**12
Strata = list[list[int]]


def test_one_stratum_of_many_is_the_plain_mean() -> None:
    sums = Sums.of([6000, 7000, 9500, 10000])
    found, plain = weighted_mean([(HUGE, sums)]), sums.mean()
    assert found is not None
    assert plain is not None
    for one, other in ((found.value, plain.value), (found.low, plain.low), (found.high, plain.high)):
        assert one is not None
        assert other is not None
        assert math.isclose(one, other, rel_tol=1e-9)


def test_one_stratum_of_many_is_the_plain_share() -> None:
    """But for the n − 1 of the variance's estimate."""
    found, plain = weighted_share([(HUGE, 300, 1001)]), wilson(300, 1000)
    assert found is not None
    assert plain is not None
    assert found.low is not None
    assert plain.low is not None
    assert math.isclose(found.low, plain.low, rel_tol=2e-3)


def test_all_of_a_population_is_its_mean_without_doubt() -> None:
    found = weighted_mean([(2, Sums.of([5000, 7000])), (1, Sums.of([9000]))])
    assert found is not None
    assert (found.value, found.low, found.high) == (70.0, 70.0, 70.0)


def test_a_large_stratum_weighs_more() -> None:
    found = weighted_mean([(900, Sums.of([10000, 10000])), (100, Sums.of([0, 0]))])
    share = weighted_share([(900, 2, 2), (100, 0, 2)])
    assert found is not None
    assert share is not None
    assert found.value == 90.0
    assert share.value == 0.9


@pytest.mark.parametrize("strata", [[], [(10, Sums.of([5000])), (10, Sums())]])
def test_an_empty_stratum_gives_no_average(strata: list[tuple[int, Sums]]) -> None:
    assert weighted_mean(strata) is None


def test_one_value_for_many_gives_no_interval() -> None:
    found, share = weighted_mean([(10, Sums.of([5000]))]), weighted_share([(10, 1, 1)])
    assert found is not None
    assert share is not None
    assert (found.low, share.low) == (None, None)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Samples of 8 from three unequal strata, 400 times: about 95 in 100 intervals hold the population's mean."""
    dice = random.Random(3)
    population: Strata = [
        [round(100 * dice.triangular(low, 100)) for _ in range(size)]
        for low, size in ((0, 400), (40, 150), (80, 30))
    ]
    truth = mean([value for stratum in population for value in stratum]) / 100
    held = 0
    for _ in range(400):
        found = weighted_mean([(len(stratum), Sums.of(dice.sample(stratum, 8))) for stratum in population])
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert 365 <= held <= 396
