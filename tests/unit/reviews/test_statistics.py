"""Intervals against published values, and against their definitions."""

import math

import pytest

from recordings.reviews.statistics import mean_interval, t_quantile, wilson


# Newcombe 1998 (Statistics in Medicine 17), table I, method 3; the last row is n successes of n.
@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_wilson_gives_the_published_intervals(successes: int, n: int, low: float, high: float) -> None:
    found = wilson(successes, n)
    assert found is not None
    assert found.low == pytest.approx(low, abs=0.00005)
    assert found.high == pytest.approx(high, abs=0.00005)
    assert (found.n, found.value) == (n, successes / n)


def test_wilson_refuses_what_is_no_share() -> None:
    assert wilson(0, 0) is None
    for successes, n in ((1, 0), (-1, 3), (4, 3)):
        with pytest.raises(ValueError, match="between 0 and n"):
            wilson(successes, n)


# Fisher and Yates' table of t, two-sided 5 % and 1 %.
@pytest.mark.parametrize(
    ("p", "degrees", "t"),
    [
        (0.975, 1, 12.7062),
        (0.975, 2, 4.3027),
        (0.975, 3, 3.1824),
        (0.975, 4, 2.7764),
        (0.975, 9, 2.2622),
        (0.975, 29, 2.0452),
        (0.975, 30, 2.0423),
        (0.975, 120, 1.9799),
        (0.975, 100_000, 1.9600),
        (0.995, 1, 63.6567),
        (0.995, 10, 3.1693),
        (0.995, 30, 2.7500),
        (0.5, 7, 0.0),
    ],
)
def test_quantiles_are_those_of_the_tables(p: float, degrees: int, t: float) -> None:
    assert t_quantile(p, degrees) == pytest.approx(t, abs=0.00005)


def test_the_two_ways_of_a_quantile_meet() -> None:
    """Below 30 degrees of freedom the quantile is searched, above it is expanded: there is no step between them."""
    below, above = t_quantile(0.975, 29), t_quantile(0.975, 30)
    assert above < below < above + 0.0031


def test_a_mean_has_its_interval() -> None:
    found = mean_interval([80.0, 90.0, 100.0])
    assert found is not None
    half = 4.302652729911275 * 10 / math.sqrt(3)
    assert (found.n, found.value) == (3, 90.0)
    assert found.low == pytest.approx(90 - half, abs=1e-9)
    assert found.high == pytest.approx(90 + half, abs=1e-9)


def test_few_values_give_no_interval() -> None:
    assert mean_interval([]) is None
    one = mean_interval([75.0])
    assert one is not None
    assert (one.n, one.value, one.low, one.high) == (1, 75.0, None, None)
