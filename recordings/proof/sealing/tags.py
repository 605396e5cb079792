"""Tags: the names of objects and people in the log, as HMACs under a key to which the log's first leaf commits."""

import hashlib
import hmac
from typing import Literal

KEY_BYTES = 32

# object.ref, object.parent, actor.ref
TagKind = Literal["obj", "par", "act"]
KINDS: tuple[TagKind, ...] = ("obj", "par", "act")


def tag(key: bytes, kind: TagKind, ref: str) -> bytes:
    """Compute the 32 bytes that represent `ref` in every leaf: HMAC-SHA-256(key, kind NUL ref)."""
    return hmac.digest(key, f"{kind}\0{ref}".encode(), "sha256")


def key_commitment(key: bytes) -> str:
    """Compute the commitment to the tag key in `log.opened`, in hex. It fixes one tag for each reference."""
    return hashlib.sha256(b"audit-tag-key-v1\0" + key).hexdigest()
