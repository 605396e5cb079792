"""A failing CommBox never sees much more load than a healthy one (F06)."""

import random

from hypothesis import given
from hypothesis import strategies as st

from recordings.commbox.errors import ServerError
from recordings.commbox.retry import Backoff, RetryBudget, RetryDecision


def calls(budget: RetryBudget, failing: float, first: int, seed: int) -> int:
    """How many calls go out for so many first tries when this share of all fails."""
    dice, out = random.Random(seed), 0
    for _ in range(first):
        patience = RetryDecision(Backoff(initial=0.001), budget)
        out += 1
        while dice.random() < failing and patience(ServerError()) is not False:
            out += 1
    return out


@given(failing=st.floats(0, 1), first=st.integers(1, 300), seed=st.integers())
def test_at_most_a_fifth_more_and_a_few(failing: float, first: int, seed: int) -> None:
    assert calls(RetryBudget(), failing, first, seed) <= first * 1.2 + 5


def test_with_a_third_failing_retries_still_help() -> None:
    assert calls(RetryBudget(), 0.3, 1000, 7) > 1150


def test_a_quiet_process_may_try_again_all_the_same() -> None:
    budget = RetryBudget(at_start=2.0)
    assert [budget.spend(), budget.spend(), budget.spend()] == [True, True, False]
