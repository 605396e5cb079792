"""Canonical base64 and decimals: a text that would be written differently is refused."""

import base64
import binascii
import re

HASH_BYTES = 32
# Sizes and indexes fit in 63 bits.
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_LARGEST = 2**63 - 1


def encode64(data: bytes) -> str:
    """Encode as base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode("ascii")


def decode64(text: str) -> bytes:
    """Decode canonical base64. Raises ValueError for anything else, unused bits that are not zero included."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise ValueError("This is not base64.") from error
    if encode64(data) != text:
        raise ValueError("This base64 is not canonical.")
    return data


def decode_hash(text: str) -> bytes:
    """Decode a SHA-256 from base64. Raises ValueError unless it has 32 bytes."""
    data = decode64(text)
    if len(data) != HASH_BYTES:
        raise ValueError(f"A hash has {HASH_BYTES} bytes, not {len(data)}.")
    return data


def decimal(text: str) -> int:
    """Parse a size or an index: ASCII digits, no leading zeros, below 2^63. Raises ValueError for anything else."""
    if not _DECIMAL.fullmatch(text) or int(text) > _LARGEST:
        raise ValueError("This is not a decimal number below 2^63 without leading zeros.")
    return int(text)
