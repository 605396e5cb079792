"""Waiting for what a test looks for, on a machine that other work may keep busy."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 60.0


def wait_for(holds: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Return as soon as `holds()` is true. AssertionError after `seconds`.

    The bound lets what is broken fail; it says nothing about how fast anything is.
    """
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"it did not happen within {seconds:.0f} seconds"
        time.sleep(0.02)
