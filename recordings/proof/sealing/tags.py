"""The names of objects and people in the log: HMACs under a key that the log committed to when it was opened."""

import hashlib
import hmac
from typing import Literal

KEY_BYTES = 32

# object.ref, object.parent, actor.ref
TagKind = Literal["obj", "par", "act"]
KINDS: tuple[TagKind, ...] = ("obj", "par", "act")


def tag(key: bytes, kind: TagKind, ref: str) -> bytes:
    """The 32 bytes that stand for `ref` in every leaf: HMAC-SHA-256(key, kind NUL ref)."""
    return hmac.digest(key, f"{kind}\0{ref}".encode(), "sha256")


def key_commitment(key: bytes) -> str:
    """What `log.opened` says of the tag key, in hex: with it there is one tag for each ref, and no second."""
    return hashlib.sha256(b"audit-tag-key-v1\0" + key).hexdigest()
