"""Encrypt API keys at rest with AES-256-GCM. Each is stored with the id of the key that encrypted it.

The first of KEY_ENCRYPTION_KEYS encrypts; all of them decrypt. The key derived from AUDIT_FIELD_KEY comes last, so that
an installation may set KEY_ENCRYPTION_KEYS later.
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


class CannotDecrypt(ValueError):
    """No key in the settings decrypts this."""


def current_id() -> str:
    """Return the id of the key that encrypts new values."""
    return next(iter(_keys()))


def encrypt(secret: str) -> tuple[bytes, str]:
    """Return the encrypted secret, and the id of the key that encrypted it."""
    key_id, key = next(iter(_keys().items()))
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, secret.encode(), _CONTEXT), key_id


def decrypt(sealed: bytes, key_id: str) -> str:
    """Return the secret. Raises CannotDecrypt."""
    key = _keys().get(key_id)
    if key is None:
        raise CannotDecrypt(f"no key in the settings has the id {key_id}")
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], _CONTEXT).decode()
    except InvalidTag:
        raise CannotDecrypt("the ciphertext was changed") from None


def _keys() -> Mapping[str, bytes]:
    """Return every key by its id; the first one encrypts."""
    derived = map(_derived, (*settings.KEY_ENCRYPTION_KEYS, settings.AUDIT_FIELD_KEY))
    return {hashlib.sha256(key).hexdigest()[:16]: key for key in derived}


def _derived(key: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, None, _CONTEXT).derive(key)
