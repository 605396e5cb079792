"""Encrypt secrets at rest with AES-256-GCM. Each is stored with the id of the key that encrypted it.

`purpose` names what a secret is for: each purpose has keys of its own, so that one cannot stand in another's place.

The first of KEY_ENCRYPTION_KEYS encrypts; all of them decrypt. The key derived from AUDIT_FIELD_KEY comes last, so that
an installation may set KEY_ENCRYPTION_KEYS later.
"""

import hashlib
import os
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_NONCE = 12
API_KEY = "commbox-api-key"
# Encrypt the secrets of other packages under the first key; each returns how many were, and how many could not be
# decrypted. The packages add theirs when the portal starts.
others: list[Callable[[], tuple[int, int]]] = []


class CannotDecrypt(ValueError):
    """No key in the settings decrypts this."""


def current_id(purpose: str = API_KEY) -> str:
    """Return the id of the key that encrypts new values."""
    return next(iter(_keys(purpose)))


def encrypt(secret: str, purpose: str = API_KEY) -> tuple[bytes, str]:
    """Return the encrypted secret, and the id of the key that encrypted it."""
    key_id, key = next(iter(_keys(purpose).items()))
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, secret.encode(), purpose.encode()), key_id


def decrypt(sealed: bytes, key_id: str, purpose: str = API_KEY) -> str:
    """Return the secret. Raises CannotDecrypt."""
    key = _keys(purpose).get(key_id)
    if key is None:
        raise CannotDecrypt(f"no key in the settings has the id {key_id}")
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode()).decode()
    except InvalidTag:
        raise CannotDecrypt("the ciphertext was changed") from None


def _keys(purpose: str) -> Mapping[str, bytes]:
    """Return every key by its id; the first one encrypts."""
    roots = (*settings.KEY_ENCRYPTION_KEYS, settings.AUDIT_FIELD_KEY)
    derived = [HKDF(hashes.SHA256(), 32, None, purpose.encode()).derive(key) for key in roots]
    return {hashlib.sha256(key).hexdigest()[:16]: key for key in derived}
