"""Read one item's fields without regard to case, underscores and the type CommBox chose this time."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from itertools import chain
from math import floor
from typing import Any

from recordings.commbox.parsing.times import parse_time

MIN_INT64, MAX_INT64 = -(2**63), 2**63 - 1
MAX_INT32 = 2**31 - 1

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,19}(?:\.[0-9]{1,19})?")
# Beyond this a floating-point number stands for several whole ones.
_LARGEST_EXACT = 2**53
# These words stand for "nothing" in CommBox's own published examples.
_MISSING_WORDS = frozenset({"", "null", "null,"})


@lru_cache(maxsize=256)
def fold(key: str) -> str:
    """The one spelling of a key: `objectId`, `ObjectId` and `object_id` are the same."""
    return key.replace("_", "").replace("-", "").lower()


def is_missing(value: Any) -> bool:
    """JSON null, empty text and the words `null` and `null,` all mean there is nothing."""
    return value is None or (isinstance(value, str) and value.strip().lower() in _MISSING_WORDS)


def int64(value: Any) -> int | None:
    """A whole 64-bit number, written as a number or as ASCII digits; None for all else (bool, float, wider)."""
    if isinstance(value, str):
        text = value.strip()
        value = int(text) if _INTEGER.fullmatch(text) else None
    if type(value) is not int or not MIN_INT64 <= value <= MAX_INT64:
        return None
    return value


def rounded(value: Any) -> tuple[int | None, bool]:
    """Cut a number or a decimal text to a whole 64-bit number; (None, False) for all else.

    The second is whether nothing was cut off.
    """
    if isinstance(value, float) and abs(value) <= _LARGEST_EXACT:
        return floor(value), value.is_integer()
    if isinstance(value, str) and _DECIMAL.fullmatch(text := value.strip()):
        whole, _, fraction = text.partition(".")
        is_whole = not fraction.strip("0")
        below_zero = whole.startswith("-") and not is_whole
        number = int64(int(whole) - below_zero)
    else:
        number, is_whole = int64(value), True
    return number, number is not None and is_whole


class Refused(ValueError):
    """An item that cannot be read; its message is the reason shown beside it."""


class Fields:
    """Fields by folded key, of one item or of several in order: the first value that holds something counts."""

    def __init__(self, *items: Mapping[str, Any]) -> None:
        self._values: dict[str, Any] = {}
        for key, value in chain.from_iterable(item.items() for item in items):
            if is_missing(self._values.get(fold(key))):
                self._values[fold(key)] = value

    def value(self, *names: str) -> Any:
        """The first of `names` that holds something, as it came; None when none does."""
        for name in names:
            value = self._values.get(fold(name))
            if not is_missing(value):
                return value
        return None

    def integer(self, *names: str) -> int | None:
        """A 64-bit number, or None."""
        return int64(self.value(*names))

    def identifier(self, *names: str) -> int | None:
        """A 64-bit id, or None; CommBox writes 0 where there is none."""
        return self.integer(*names) or None

    def required_id(self, *names: str) -> int:
        """A positive 64-bit id. Raises Refused when there is none."""
        number = self.identifier(*names)
        if number is None or number < 0:
            raise Refused(f"Its {names[0]} is missing or no whole 64-bit number.")
        return number

    def code(self, *names: str) -> int | None:
        """An open enum's number, or None; kept to 32 bit, as no enum is wider."""
        number = self.integer(*names)
        return number if number is not None and abs(number) <= MAX_INT32 else None

    def text(self, *names: str) -> str:
        """A text, or a number written as text; empty when missing or neither."""
        value = self.value(*names)
        if isinstance(value, str):
            return value.strip()
        return str(value) if type(value) is int else ""

    def time(self, *names: str) -> datetime | None:
        """A time in UTC, or None."""
        return parse_time(self.value(*names))

    def group(self, *names: str) -> "Fields":
        """A nested object's fields; none when it is missing or something else."""
        value = self.value(*names)
        return Fields(value if isinstance(value, dict) else {})
