"""Averages and shares of a stratified sample, weighted by the population of each stratum.

W. G. Cochran, Sampling Techniques, 3rd edition, 1977: 5.3 to 5.4 for the estimate, its variance with the correction for
finite populations, and its degrees of freedom.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

from recordings.reviews.numbers.tallies import Sums
from recordings.reviews.statistics import CONFIDENCE, Interval, t_quantile


def weighted_mean(strata: Sequence[tuple[int, Sums]], scale: int = 100) -> Interval | None:
    """Return the mean over all strata, each a population and its values; None when one has no value.

    There is no interval when one value stands for a stratum of several.
    """
    if not strata or any(sums.n == 0 for _population, sums in strata):
        return None
    everything = sum(population for population, _sums in strata)
    n = sum(sums.n for _population, sums in strata)
    mean = sum(population * sums.total / sums.n for population, sums in strata) / everything / scale
    # 1. The variance of each stratum's mean, times the square of its weight.
    parts: list[tuple[float, int]] = []
    for population, sums in strata:
        left = max(0, population - sums.n) / population
        if not left:
            continue
        if sums.n == 1:
            return Interval(n, mean, None, None)
        variance = (sums.n * sums.squares - sums.total**2) / (sums.n * (sums.n - 1))
        parts.append(((population / everything) ** 2 * left * variance / sums.n, sums.n - 1))
    total = sum(part for part, _degrees in parts)
    if not total:
        return Interval(n, mean, mean, mean)
    # 2. The degrees of freedom of their sum (Satterthwaite), rounded down.
    degrees = total**2 / sum(part**2 / free for part, free in parts)
    half = t_quantile((1 + CONFIDENCE) / 2, max(1, math.floor(degrees + 1e-9))) * math.sqrt(total) / scale
    return Interval(n, mean, mean - half, mean + half)


def weighted_share(strata: Sequence[tuple[int, int, int]]) -> Interval | None:
    """Return the share over all strata, each a population, a number of successes and of evaluations.

    Wilson's interval with the number of evaluations that a simple random sample would need for the same variance
    (E. L. Korn and B. I. Graubard, 1998); the true number where the estimated variance is 0.
    """
    if not strata or any(n == 0 for _population, _successes, n in strata):
        return None
    everything = sum(population for population, _successes, _n in strata)
    n = sum(one for _population, _successes, one in strata)
    share = sum(population * successes / one for population, successes, one in strata) / everything
    variance = 0.0
    for population, successes, one in strata:
        left = max(0, population - one) / population
        if left and one == 1:
            return Interval(n, share, None, None)
        if left:
            found = successes / one
            variance += (population / everything) ** 2 * left * found * (1 - found) / (one - 1)
    size = share * (1 - share) / variance if variance else float(n)
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    middle = share + z * z / (2 * size)
    half = z * math.sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    low, high = ((middle + side * half) / (1 + z * z / size) for side in (-1, 1))
    return Interval(n, share, max(0.0, low), min(1.0, high))
