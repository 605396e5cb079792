"""Closed lists whose members bring words along."""

from enum import StrEnum
from typing import Any, Self


class Worded(StrEnum):
    """An enum of texts with further facts. A subclass annotates them; its members give them after the value, in that
    order: `sentence: str`, then `GONE = "gone", "It is gone."`. Raises ValueError for a member with too few or many.
    """

    def __new__(cls, value: str, *facts: Any) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        for name, fact in zip(cls.__annotations__, facts, strict=True):
            setattr(member, name, fact)
        return member
