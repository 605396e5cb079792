"""What something costs the processor: other programs on the machine and its speed must not decide a test."""

import time
from collections.abc import Callable


def cost(act: Callable[[], object]) -> float:
    """Seconds of processor time that this thread needs for `act`: the least of three goes.

    Compare it with the cost of something else measured beside it, never with a number of seconds.
    """
    return min(_seconds(act) for _ in range(3))


def _seconds(act: Callable[[], object]) -> float:
    started = time.thread_time()
    act()
    return time.thread_time() - started
