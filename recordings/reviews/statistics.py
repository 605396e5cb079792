"""Intervals of shares and of means. Every average of the reviews is shown with its number and its interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist, fmean, stdev

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate from `n` values. `low` and `high` are None when one value gives no interval."""

    n: int
    value: float
    low: float | None
    high: float | None


def wilson(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval | None:
    """Return a share between 0 and 1 with Wilson's score interval, without continuity correction; None for n = 0."""
    if not 0 <= successes <= n:
        raise ValueError("successes must be between 0 and n")
    if n == 0:
        return None
    share, z = successes / n, NormalDist().inv_cdf((1 + confidence) / 2)
    middle = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = ((middle + side * half) / (1 + z * z / n) for side in (-1, 1))
    # Rounding would leave 1e-17 where the bound is exactly 0 or 1.
    return Interval(n, share, 0.0 if successes == 0 else low, 1.0 if successes == n else high)


def mean_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval | None:
    """Return the mean with Student's interval, which assumes independent values; None without values."""
    n = len(values)
    if n == 0:
        return None
    mean = fmean(values)
    if n == 1:
        return Interval(n, mean, None, None)
    half = t_quantile((1 + confidence) / 2, n - 1) * stdev(values) / math.sqrt(n)
    return Interval(n, mean, mean - half, mean + half)


@lru_cache(maxsize=4096)
def t_quantile(p: float, degrees: int) -> float:
    """Return the quantile of Student's distribution for 0.5 <= p < 1, exact to seven digits."""
    if degrees >= 30:
        return _expanded_quantile(p, degrees)
    low, high = 0.0, 1.0
    while _probability(high, degrees) < p:
        low, high = high, high * 2
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if _probability(middle, degrees) < p else (low, middle)
    return (low + high) / 2


def _probability(t: float, degrees: int) -> float:
    """Return P(T <= t) for t >= 0 by the finite sums of Abramowitz and Stegun, 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(degrees))
    sine, cosine = math.sin(angle), math.cos(angle)
    if degrees == 1:
        return 0.5 + angle / math.pi
    is_odd = degrees % 2
    term = total = cosine if is_odd else 1.0
    for index in range(2 + is_odd, degrees - 1, 2):
        term *= cosine * cosine * (index - 1) / index
        total += term
    inside = 2 / math.pi * (angle + sine * total) if is_odd else sine * total
    return 0.5 + inside / 2


def _expanded_quantile(p: float, degrees: int) -> float:
    """Return the quantile by the expansion about the normal one (Abramowitz and Stegun, 26.7.5)."""
    x = NormalDist().inv_cdf(p)
    terms = (
        x,
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return float(sum(term / degrees**power for power, term in enumerate(terms)))
