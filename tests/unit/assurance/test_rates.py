"""When a share is a drop, held against chance itself."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.assurance.rates import ENOUGH, Share, chance_of_at_most, is_drop


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.integers(1, 99))
def test_the_tail_is_the_binomials_own(share: tuple[int, int], percent: int) -> None:
    k, n = share
    p = Fraction(percent, 100)
    exact = sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))
    assert chance_of_at_most(k, n, percent / 100) == pytest.approx(float(exact), rel=1e-9)


@pytest.mark.parametrize(
    ("now", "past", "drop"),
    [
        (Share(20, 4), Share(40, 30), True),
        (Share(20, 14), Share(40, 30), False),
        (Share(18, 14), Share(900, 845), False),  # three more misses than usual: it happens
        (Share(18, 8), Share(900, 845), True),
        (Share(1, 0), Share(1000, 1000), False),  # a single miss is no drop, whatever was usual
        (Share(3, 0), Share(1000, 1000), True),
        (Share(0, 0), Share(1000, 1000), False),
        (Share(50, 0), Share(ENOUGH - 1, ENOUGH - 1), False),
        (Share(50, 0), Share(1000, 0), False),
        (Share(5000, 3000), Share(90_000, 81_000), True),
    ],
)
def test_what_is_a_drop(now: Share, past: Share, drop: bool) -> None:
    assert is_drop(now, past) is drop


@pytest.mark.parametrize(
    ("share", "nearly"),
    [(Share(20, 19), True), (Share(20, 18), False), (Share(19, 19), False), (Share(100, 95), True)],
)
def test_nearly_all(share: Share, nearly: bool) -> None:
    assert share.nearly_all is nearly
