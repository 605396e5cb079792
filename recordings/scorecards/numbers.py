"""Decimal numbers in forms and answers: strings, computed exactly as fractions, shown with two decimals."""

import re
from fractions import Fraction

_UNSIGNED = re.compile(r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,4})?")


def parse_number(text: str, *, signed: bool = False) -> Fraction | None:
    """Parse a number; None when the text is not one. `signed` allows a minus sign, but not "-0"."""
    negative = signed and text.startswith("-")
    if not _UNSIGNED.fullmatch(text[1:] if negative else text):
        return None
    number = Fraction(text)
    return None if negative and not number else number


def show(number: Fraction | None) -> str | None:
    """Format a number that is not negative with two decimals, rounded once, half up."""
    if number is None:
        return None
    hundredths = (200 * number.numerator + number.denominator) // (2 * number.denominator)
    return f"{hundredths // 100}.{hundredths % 100:02}"
