"""Read an API key's expiry: a key is a JWT whose payload has `exp`. Nothing else of it is used."""

import base64
import binascii
import json
import re
from datetime import UTC, datetime

PRINTABLE = re.compile(r"[\x21-\x7e]{8,4096}")


def expiry_of(key: str) -> datetime | None:
    """Return when the key expires, by its own payload; None when unreadable."""
    parts = key.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        exp = payload["exp"]
        if isinstance(exp, bool) or not isinstance(exp, int | float):
            return None
        return datetime.fromtimestamp(exp, UTC)
    except (binascii.Error, ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError):
        return None


def last_four(key: str) -> str:
    """Return the part of a key that may be shown."""
    return key[-4:]
