"""Encrypt API keys at rest: AES-256-GCM, each with the id of the key that encrypted it (S67).

The first of KEY_ENCRYPTION_KEYS encrypts, all of them decrypt; the key derived from AUDIT_FIELD_KEY comes last, so
that an installation without that setting keeps its keys and may set one later.
"""

import hashlib
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_NONCE = 12
_CONTEXT = b"commbox-api-key"


class CannotOpen(ValueError):
    """None of the keys of the settings is the one this was encrypted under."""


def current_id() -> str:
    """The id of the key that encrypts now."""
    return next(iter(_keys()))


def seal(secret: str) -> tuple[bytes, str]:
    """The secret encrypted, and the id of the key it is under."""
    key_id, key = next(iter(_keys().items()))
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, secret.encode(), _CONTEXT), key_id


def unseal(sealed: bytes, key_id: str) -> str:
    """The secret. Raises CannotOpen."""
    key = _keys().get(key_id)
    if key is None:
        raise CannotOpen(f"no key of the settings has the id {key_id}")
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], _CONTEXT).decode()
    except InvalidTag:
        raise CannotOpen("the ciphertext was changed") from None


def _keys() -> Mapping[str, bytes]:
    """Every key by its id, the one that encrypts first."""
    derived = map(_derived, (*settings.KEY_ENCRYPTION_KEYS, settings.AUDIT_FIELD_KEY))
    return {hashlib.sha256(key).hexdigest()[:16]: key for key in derived}


def _derived(key: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, None, _CONTEXT).derive(key)
