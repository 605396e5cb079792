"""Write JSON in the one form that is hashed (RFC 8785)."""

import json
from typing import Any


def canonical(value: Any) -> bytes:
    """Return a value as canonical JSON. Only objects with ASCII keys, arrays, strings and integers up to 2^53-1.

    For these values RFC 8785 is the same as compact JSON with sorted keys, and json.dumps is fifty times as fast as the
    RFC 8785 library.
    """
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
