"""How long something takes at best: what a bound is about, on machines that others use too."""

import time
from collections.abc import Callable


def is_done_within(
    seconds: float, act: Callable[[], object], clock: Callable[[], float] = time.monotonic
) -> bool:
    """Whether `act` takes less than `seconds` at least once in three goes.

    What is slow by nature is slow each time; a collection of garbage or a neighbour on the processor hits once.
    """
    return any(_seconds(act, clock) < seconds for _ in range(3))


def _seconds(act: Callable[[], object], clock: Callable[[], float]) -> float:
    started = clock()
    act()
    return clock() - started
