"""Read the fields of an item, ignoring case and underscores in names, and variations of type."""

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
# Beyond this a floating-point number does not represent every integer.
_LARGEST_EXACT = 2**53
# CommBox's published examples use these for "nothing".
_MISSING_WORDS = frozenset({"", "null", "null,"})


@lru_cache(maxsize=256)
def fold(key: str) -> str:
    """Normalise a key: `objectId`, `ObjectId` and `object_id` are equal."""
    return key.replace("_", "").replace("-", "").lower()


def is_missing(value: Any) -> bool:
    """Return whether a value means nothing: null, empty text, or the words `null` and `null,`."""
    return value is None or (isinstance(value, str) and value.strip().lower() in _MISSING_WORDS)


def int64(value: Any) -> int | None:
    """Return a 64-bit integer, given as a number or ASCII digits; None for all else, such as bool or float."""
    if isinstance(value, str):
        text = value.strip()
        value = int(text) if _INTEGER.fullmatch(text) else None
    if type(value) is not int or not MIN_INT64 <= value <= MAX_INT64:
        return None
    return value


def rounded(value: Any) -> tuple[int | None, bool]:
    """Round a number or a decimal text down to a 64-bit integer; (None, False) for all else.

    The second value is whether it was an integer already.
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
    """An item cannot be read. The message is the stored reason; operations/meanings.py explains each."""


class Fields:
    """Fields by normalised key, of one item or several in order: the first value that is not missing counts."""

    def __init__(self, *items: Mapping[str, Any]) -> None:
        self._values: dict[str, Any] = {}
        for key, value in chain.from_iterable(item.items() for item in items):
            if is_missing(self._values.get(fold(key))):
                self._values[fold(key)] = value

    def value(self, *names: str) -> Any:
        """Return the first of `names` that is not missing, unchanged; None when all are missing."""
        for name in names:
            value = self._values.get(fold(name))
            if not is_missing(value):
                return value
        return None

    def integer(self, *names: str) -> int | None:
        """Return a 64-bit integer, or None."""
        return int64(self.value(*names))

    def identifier(self, *names: str) -> int | None:
        """Return a 64-bit id, or None. CommBox sends 0 for none."""
        return self.integer(*names) or None

    def required_id(self, *names: str) -> int:
        """Return a positive 64-bit id. Raises Refused when there is none."""
        number = self.identifier(*names)
        if number is None or number < 0:
            raise Refused(f"Its {names[0]} is missing or no whole 64-bit number.")
        return number

    def code(self, *names: str) -> int | None:
        """Return the number of an open enumeration, limited to 32 bits, or None."""
        number = self.integer(*names)
        return number if number is not None and abs(number) <= MAX_INT32 else None

    def text(self, *names: str) -> str:
        """Return a text, or a number as text; "" for anything else."""
        value = self.value(*names)
        if isinstance(value, str):
            return value.strip()
        return str(value) if type(value) is int else ""

    def time(self, *names: str) -> datetime | None:
        """Return a time in UTC, or None."""
        return parse_time(self.value(*names))

    def group(self, *names: str) -> "Fields":
        """Return the fields of a nested object; no fields when it is missing or not an object."""
        value = self.value(*names)
        return Fields(value if isinstance(value, dict) else {})
