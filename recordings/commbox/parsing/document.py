"""Parse JSON into a value that is safe to store: of limited size, and without characters that PostgreSQL refuses."""

import json
import re
from typing import Any, NoReturn

from recordings.commbox.parsing.fields import Refused, fold

MAX_DEPTH = 64
# Objects, lists and their elements. Ten thousand recordings need less than two thirds of it.
MAX_VALUES = 300_000
MAX_TEXT_BYTES = 64 * 1024
MOST_WRAPPINGS = 3

# Fields that contain a file's URL.
_HOLD_ADDRESSES = frozenset({"recordingurl", "data"})
_SURROGATES = re.compile("[\ud800-\udfff]")
_LONGEST_INTEGER = 20  # digits and sign of the longest 64-bit number; longer numbers stay texts


class Unreadable(ValueError):
    """The text is not JSON, or exceeds the limits of size or depth."""


class Repeated(dict[str, Any]):
    """A JSON object with a duplicate name, so that the intended value is unknown."""


def read_json(text: str, *, max_depth: int = MAX_DEPTH, max_values: int = MAX_VALUES) -> Any:
    """Parse JSON strictly. NaN and Infinity are refused; integers beyond 64 bits become texts.

    NUL characters are removed and lone surrogates replaced, because PostgreSQL stores neither. In a URL, and in text
    that may contain one, a NUL is replaced: removed, the URL might name another file. An object with a duplicate name
    becomes Repeated. Raises Unreadable, also for too many values or too deep nesting.
    """
    # Counted before parsing, because two bytes of text can become a hundred bytes of memory. Strings are counted too,
    # because a string may contain JSON that is parsed later.
    if text.count(",") + text.count("[") + text.count("{") >= max_values:
        raise Unreadable("it holds too many values")
    try:
        document = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_fraction,
        )
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except ValueError as error:
        raise Unreadable(error.msg if isinstance(error, json.JSONDecodeError) else str(error)) from None
    # A document that is a string is JSON again, and may contain a URL.
    return _clean(document, max_depth, holds_address=True)


def unwrap_json(text: str) -> Any:
    """Parse JSON that may be a JSON string of JSON, up to three levels. Raises Unreadable."""
    value: Any = text
    for _ in range(MOST_WRAPPINGS):
        value = read_json(value)
        if not isinstance(value, str):
            break
    return value


def clean_text(text: str) -> str:
    """Remove NUL characters and replace lone surrogates, which PostgreSQL cannot store."""
    if text.isascii():
        return text.replace("\x00", "")
    return _SURROGATES.sub("\ufffd", text.replace("\x00", ""))


def check_believable(value: Any) -> None:
    """Raise Refused for a value with a text longer than 64 KiB or a duplicate field."""
    if isinstance(value, str):
        if len(value) * 4 > MAX_TEXT_BYTES and len(value.encode()) > MAX_TEXT_BYTES:
            raise Refused("One of its texts is longer than 64 KiB.")
    elif isinstance(value, Repeated):
        raise Refused("One of its fields stands in it twice.")
    elif isinstance(value, dict):
        for key, item in value.items():
            check_believable(key)
            check_believable(item)
    elif isinstance(value, list):
        for item in value:
            check_believable(item)


def _clean(value: Any, depth_left: int, *, holds_address: bool = False) -> Any:
    if isinstance(value, str):
        return clean_text(value.replace("\x00", "\ufffd") if holds_address else value)
    if not isinstance(value, (dict, list)):
        return value
    if depth_left == 0:
        raise Unreadable("it is nested too deeply")
    if isinstance(value, list):
        return [_clean(item, depth_left - 1, holds_address=holds_address) for item in value]
    cleaned = {
        clean_text(key): _clean(item, depth_left - 1, holds_address=fold(key) in _HOLD_ADDRESSES)
        for key, item in value.items()
    }
    is_repeated = isinstance(value, Repeated) or len(cleaned) < len(value)
    return Repeated(cleaned) if is_repeated else cleaned


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else Repeated(fields)


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= _LONGEST_INTEGER else text[:64]


def _fraction(text: str) -> float | str:
    number = float(text)
    return text[:64] if number in (float("inf"), float("-inf")) else number


def _refuse_constant(name: str) -> NoReturn:
    raise Unreadable(f"{name} is not JSON")
