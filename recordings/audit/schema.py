"""The closed schema `audit-event/1` and its bytes: canonical JSON (RFC 8785), integers and strings only.

What is checked here is what an outsider's verifier relies on: ASCII keys, no nulls, no floats, integers beyond
2^53-1 as strings (RFC 8785 numbers are doubles), at most 65,000 bytes. Credentials are masked on the way in.
"""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

MAX_BYTES = 65_000
MAX_INTEGER = 2**53 - 1
PARTS = frozenset(
    [
        "v",
        "id",
        "type",
        "outcome",
        "occurred_at",
        "actor",
        "on_behalf_of",
        "object",
        "action_detail",
        "purpose",
        "source",
        "request",
        "change",
        "authz",
        "asserted_by",
    ]
)
# Most texts: visible ASCII without an equals sign or a blank, which every credential has.
_HARMLESS = re.compile(r"[!-<>-~]*\Z")
_KEY = re.compile(r"[a-z][a-z0-9_]*\Z")
_CREDENTIAL = re.compile(
    r"(?i)(X-Amz-(?:Signature|Security-Token)=|[?&](?:Signature|AWSAccessKeyId|Key-Pair-Id)=|\bBearer\s+)[^\s&\"']+"
)


class SchemaError(ValueError):
    """An event that the schema does not allow: an error of the caller, never of its data."""


def plain(value: Any) -> Any:
    """Convert a value to the schema: big integers to text. Raises SchemaError for types it does not have."""
    if isinstance(value, bool) or value is None or isinstance(value, float):
        raise SchemaError(f"{type(value).__name__} has no place in an event")
    if isinstance(value, int):
        return value if abs(value) <= MAX_INTEGER else str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise SchemaError(f"{type(value).__name__} has no place in an event")


@lru_cache(maxsize=1024)
def _key(key: Any) -> str:
    if not isinstance(key, str) or not _KEY.match(key):
        raise SchemaError(f"not a key of an event: {key!r}")
    return key


def _text(value: str) -> str:
    """Convert a text to the schema. Text from browsers, customers and CommBox may contain anything, even a signed URL:
    a credential becomes three stars, so that it is not stored and does not prevent an event from being written."""
    if _HARMLESS.match(value):
        return value
    # PostgreSQL's text holds no NUL, and a lone surrogate has no UTF-8 form.
    clean = value.replace("\0", "").encode("utf-8", "replace").decode()
    return _CREDENTIAL.sub(r"\1***", clean)


def canonical(body: Mapping[str, Any]) -> bytes:
    """Return the exact bytes of an event. Raises SchemaError for anything that the schema does not have."""
    unknown = body.keys() - PARTS
    if unknown:
        raise SchemaError(f"unknown parts: {', '.join(sorted(unknown))}")
    # For what `plain` returns (ASCII keys, texts, integers that fit a double) this is RFC 8785. Tests compare it with a
    # library of that RFC, which is ten times slower.
    data = json.dumps(plain(body), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    if len(data) > MAX_BYTES:
        raise SchemaError(f"an event has at most {MAX_BYTES} bytes")
    return data
