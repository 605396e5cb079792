"""The form of an event (docs/trail-format.md, section 2), checked by the sealer and by the verifier.

With the application's database login, bytes can be stored that our writer did not write. Bytes without exactly this
form are not an event: their leaf is marked malformed, and nothing they say is used. Knows neither Django nor the
portal.
"""

import re
from datetime import datetime
from functools import lru_cache
from typing import Any

from pydantic_core import from_json, to_json

MAX_BYTES = 65_000
MAX_DEPTH = 31  # in a bundle an event is part of a line, whose depth is at most 32
MAX_INTEGER = 2**53 - 1
_REQUIRED = frozenset(["v", "id", "type", "outcome", "occurred_at", "actor", "asserted_by"])
# Parts with a fixed set of keys whose values are strings, and those keys whose values are always commitments.
_STRINGS = {
    "actor": frozenset(["ref", "kind", "name", "role", "authn"]),
    "object": frozenset(["ref", "kind", "parent", "label"]),
    "purpose": frozenset(["code", "note"]),
    "source": frozenset(["ip", "user_agent"]),
    "request": frozenset(["id", "session", "app_version"]),
}
_COMMITTED = frozenset(["name", "label", "note", "ip", "user_agent"])
# Parts whose content depends on the event's type.
_FREE = frozenset(["action_detail", "on_behalf_of", "change", "authz"])
# v, id, type, occurred_at, outcome and asserted_by, separated by spaces: none of them can contain one.
_HEAD = re.compile(
    r"1 [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} [a-z_]+(?:\.[a-z_]+)+ "
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z (?:granted|denied|error|completed) "
    r"(?:server|client)"
)
_HEX = "0123456789abcdef"
_ONLY_STRINGS = {str}


class FormError(ValueError):
    """The bytes are not an event; the text says why."""


def read_event(data: bytes) -> dict[str, Any]:
    """Parse an event. Raises FormError unless the bytes have exactly the form of an event."""
    if len(data) > MAX_BYTES:
        raise FormError(f"An event has at most {MAX_BYTES:,} bytes.")
    try:
        body = from_json(data, cache_strings="keys", allow_inf_nan=False)
        # Canonical (RFC 8785) except for the order of keys, which is checked below.
        formatted = to_json(body)
    except (ValueError, RecursionError) as error:
        raise FormError(f"This is not JSON: {str(error)[:80]}") from None
    if formatted != data:
        raise FormError("This is not canonical JSON.")
    if type(body) is not dict or not _has_parts(tuple(body)):
        raise FormError("Its parts are not those of an event, in their order.")
    head = (body["id"], body["type"], body["occurred_at"], body["outcome"], body["asserted_by"])
    if (
        not _HEAD.fullmatch(f"{body['v']!r} {' '.join(map(str, head))}")
        or set(map(type, head)) != _ONLY_STRINGS
    ):
        raise FormError("Its id, type, time, outcome, version or asserted_by is malformed.")
    try:
        datetime.fromisoformat(body["occurred_at"])
    except ValueError:
        raise FormError("occurred_at is not a time that exists.") from None
    for name, part in body.items():
        if name in _STRINGS:
            _check_strings(name, part)
        elif name in _FREE:
            if type(part) is not dict or not part:
                raise FormError(f"{name} is empty or not an object.")
            _check_free(part, 2)
    return body


# Events have few different sets of keys, so the result for each is cached.
@lru_cache(maxsize=1024)
def _has_parts(keys: tuple[str, ...]) -> bool:
    return _in_order(keys) and _REQUIRED <= set(keys) <= _REQUIRED | _STRINGS.keys() | _FREE


@lru_cache(maxsize=1024)
def _committed(name: str, keys: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the keys of a part whose values are commitments; None unless these keys are allowed, in this order."""
    required = {"ref"} if name in ("actor", "object") else set()
    valid = keys and _in_order(keys) and required <= set(keys) <= _STRINGS[name]
    return tuple(key for key in keys if key in _COMMITTED) if valid else None


@lru_cache(maxsize=1024)
def _in_order(keys: tuple[str, ...]) -> bool:
    return list(keys) == sorted(set(keys)) and all(map(str.isascii, keys))


def _check_strings(name: str, part: Any) -> None:
    committed = _committed(name, tuple(part)) if type(part) is dict else None
    if committed is None:
        raise FormError(f"{name} is not an object with the allowed keys in order.")
    if set(map(type, part.values())) != _ONLY_STRINGS or "" in (part.get("ref"), part.get("parent")):
        raise FormError(f"{name} has a value that is not a string, or an empty reference.")
    for key in committed:
        if len(part[key]) != 64 or part[key].strip(_HEX):
            raise FormError(f"{name}.{key} is not a commitment.")


def _check_free(value: Any, depth: int) -> None:
    """Check a value of free content: objects, lists, strings and integers, with ASCII keys, not too deep."""
    kind = type(value)
    if kind is str:
        return
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise FormError("A number is too large.")
        return
    if kind not in (dict, list):
        raise FormError("A value is neither a string nor an integer.")
    if depth > MAX_DEPTH:
        raise FormError("It is nested too deeply.")
    if kind is dict and not _in_order(tuple(value)):
        raise FormError("A key is not ASCII or out of order.")
    if kind is dict and set(map(type, value.values())) == _ONLY_STRINGS:
        return
    for item in value.values() if kind is dict else value:
        _check_free(item, depth + 1)
