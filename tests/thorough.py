"""How much is tried: enough to find a mistake in every run of the suite, much more by `make thorough`.

`make quick` tries fewer examples of each property.
"""

import os
from typing import TypeVar

Amount = TypeVar("Amount")

THOROUGH = os.environ.get("THOROUGH") == "1"
QUICK = os.environ.get("QUICK") == "1"


def amount(usual: Amount, thorough: Amount) -> Amount:
    """The first, or the second under `make thorough`."""
    return thorough if THOROUGH else usual


def examples(usual: int) -> int:
    """How many examples of a property are tried: ten times as many under `make thorough`, a quarter in `make quick`."""
    return amount(usual // 4 if QUICK else usual, 10 * usual)
