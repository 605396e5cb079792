"""Base64 and decimals with one spelling each: what does not read back as it was written is refused."""

import base64
import binascii
import re

HASH_BYTES = 32
# A tree size or an index fits in 63 bits; more digits are nobody's log.
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_LARGEST = 2**63 - 1


def encode64(data: bytes) -> str:
    """RFC 4648 section 4, with padding."""
    return base64.b64encode(data).decode("ascii")


def decode64(text: str) -> bytes:
    """The bytes of canonical base64. ValueError for anything else, also for stray bits in the last letter."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as wrong:
        raise ValueError("This is not base64.") from wrong
    if encode64(data) != text:
        raise ValueError("This base64 can be written in another way.")
    return data


def decode_hash(text: str) -> bytes:
    """A SHA-256 in base64. ValueError unless it is exactly 32 bytes."""
    data = decode64(text)
    if len(data) != HASH_BYTES:
        raise ValueError(f"A hash has {HASH_BYTES} bytes, not {len(data)}.")
    return data


def decimal(text: str) -> int:
    """A size or index in ASCII digits without leading zeroes, below 2^63. ValueError for anything else."""
    if not _DECIMAL.fullmatch(text) or int(text) > _LARGEST:
        raise ValueError("This is not a decimal number below 2^63 without leading zeroes.")
    return int(text)
