"""The form of an event: docs/trail-format.md, section 2. Whoever reads a stored event reads it here.

Whoever holds the application's database login can store bytes that no writer of ours wrote. What has not exactly this
form is no event: its leaf says so, and nothing else that it says is believed. Knows neither Django nor the portal.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Any

from pydantic_core import from_json, to_json

MAX_BYTES = 65_000
MAX_DEPTH = 31  # in a bundle an event is part of a line, which nests at most 32 deep
MAX_INTEGER = 2**53 - 1
_REQUIRED = frozenset(["v", "id", "type", "outcome", "occurred_at", "actor", "asserted_by"])
# Parts with closed keys, all of them strings, and those of them that are always commitments.
_STRINGS = {
    "actor": frozenset(["ref", "kind", "name", "role", "authn"]),
    "object": frozenset(["ref", "kind", "parent", "label"]),
    "purpose": frozenset(["code", "note"]),
    "source": frozenset(["ip", "user_agent"]),
    "request": frozenset(["id", "session", "app_version"]),
}
_COMMITTED = frozenset(["name", "label", "note", "ip", "user_agent"])
# Parts that hold what the type needs.
_FREE = frozenset(["action_detail", "on_behalf_of", "change", "authz"])
# v, id, type, occurred_at, outcome, asserted_by, with a blank between: none of them can hold one.
_HEAD = re.compile(
    r"1 [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} [a-z_]+(?:\.[a-z_]+)+ "
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z (?:granted|denied|error|completed) "
    r"(?:server|client)"
)
_HEX = "0123456789abcdef"
_TEXTS = {str}


class FormError(ValueError):
    """Bytes that are no event; the text says what is wrong with them."""


def read_event(data: bytes) -> dict[str, Any]:
    """The event that these bytes are. FormError unless they have the form, byte for byte."""
    if len(data) > MAX_BYTES:
        raise FormError(f"An event has at most {MAX_BYTES:,} bytes.")
    try:
        said = from_json(data, cache_strings="keys", allow_inf_nan=False)
        # Strings, whole numbers and the rest are written as RFC 8785 has it; keys stand as they were read.
        written = to_json(said)
    except (ValueError, RecursionError) as wrong:
        raise FormError(f"This is not JSON: {str(wrong)[:80]}") from None
    if written != data:
        raise FormError("This is not canonical JSON.")
    if type(said) is not dict or not _has_parts(tuple(said)):
        raise FormError("It has other parts than an event has, or in another order.")
    head = (said["id"], said["type"], said["occurred_at"], said["outcome"], said["asserted_by"])
    if not _HEAD.fullmatch(f"{said['v']!r} {' '.join(map(str, head))}") or set(map(type, head)) != _TEXTS:
        raise FormError(
            "Its id, type, time, outcome or what else every event has is not written as it must be."
        )
    try:
        datetime.fromisoformat(said["occurred_at"])
    except ValueError:
        raise FormError("occurred_at is no moment that exists.") from None
    for name, part in said.items():
        if name in _STRINGS:
            _check_strings(name, part)
        elif name in _FREE:
            if type(part) is not dict or not part:
                raise FormError(f"{name} is not an object that holds something.")
            _check_free(part, 2)
    return said


# Events have few shapes: whether keys are those that may be, in their order, is remembered for each.
@lru_cache(maxsize=1024)
def _has_parts(keys: tuple[str, ...]) -> bool:
    return _in_order(keys) and _REQUIRED <= set(keys) <= _REQUIRED | _STRINGS.keys() | _FREE


@lru_cache(maxsize=1024)
def _committed(name: str, keys: tuple[str, ...]) -> tuple[str, ...] | None:
    """The keys of a part that hold commitments; None when the part may not have these keys, in this order."""
    needed = {"ref"} if name in ("actor", "object") else set()
    fits = keys and _in_order(keys) and needed <= set(keys) <= _STRINGS[name]
    return tuple(key for key in keys if key in _COMMITTED) if fits else None


@lru_cache(maxsize=1024)
def _in_order(keys: tuple[str, ...]) -> bool:
    return list(keys) == sorted(set(keys)) and all(map(str.isascii, keys))


def _check_strings(name: str, part: Any) -> None:
    committed = _committed(name, tuple(part)) if type(part) is dict else None
    if committed is None:
        raise FormError(f"{name} is not an object with the keys that it may have, in their order.")
    if set(map(type, part.values())) != _TEXTS or "" in (part.get("ref"), part.get("parent")):
        raise FormError(f"{name} holds something that is not a string, or an empty reference.")
    for key in committed:
        if len(part[key]) != 64 or part[key].strip(_HEX):
            raise FormError(f"{name}.{key} is no commitment.")


def _check_free(value: Any, depth: int) -> None:
    """Objects, lists, strings and whole numbers, ASCII keys, not too deep: what stands in a part of free content."""
    kind = type(value)
    if kind is str:
        return
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise FormError("A number is too large.")
        return
    if kind not in (dict, list):
        raise FormError("A value is neither a string nor a whole number.")
    if depth > MAX_DEPTH:
        raise FormError("It is nested too deeply.")
    if kind is dict and not _in_order(tuple(value)):
        raise FormError("A key is not ASCII or not in its order.")
    if kind is dict and set(map(type, value.values())) == _TEXTS:
        return
    for item in value.values() if kind is dict else value:
        _check_free(item, depth + 1)
