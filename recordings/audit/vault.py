"""Personal values of the trail: committed to in the event, readable only through a key that can be destroyed.

commitment = SHA-256("audit-field-v1" NUL field NUL salt16 value). Value and salt rest together, AES-256-GCM under the
key of their subject (a person, a customer); that key rests wrapped under AUDIT_FIELD_KEY. Destroying the key erases
the value everywhere, and every hash of the trail still holds.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import connection

ERASED = "erased"
_SALT, _NONCE = 16, 12


def commitment(field: str, salt: bytes, value: str) -> str:
    """The hash that stands in the event for a personal value."""
    parts = b"audit-field-v1\0" + field.encode() + b"\0" + salt + value.encode()
    return hashlib.sha256(parts).hexdigest()


def _seal(key: bytes, plain: bytes, context: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, context)


def _open(key: bytes, sealed: bytes, context: bytes) -> bytes:
    return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], context)


@lru_cache(maxsize=4096)
def _unwrap(subject: str, wrapped: bytes) -> bytes:
    return _open(settings.AUDIT_FIELD_KEY, wrapped, subject.encode())


def _subject_keys(subjects: set[str]) -> dict[str, bytes]:
    """The keys of these subjects, made at first need. Read each time: a destroyed key must not live on here."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject, wrapped FROM audit.subject_key WHERE subject = ANY(%s)", [list(subjects)]
        )
        wrapped = {subject: bytes(value) for subject, value in cursor.fetchall()}
        for subject in sorted(subjects - wrapped.keys()):
            fresh = _seal(settings.AUDIT_FIELD_KEY, AESGCM.generate_key(256), subject.encode())
            cursor.execute("SELECT audit.ensure_subject_key(%s, %s)", [subject, fresh])
            wrapped[subject] = bytes(cursor.fetchone()[0])
    return {subject: _unwrap(subject, value) for subject, value in wrapped.items()}


class Private(NamedTuple):
    """A personal value, where it stands in the event and whose it is."""

    field: str
    subject: str
    value: str


@dataclass(frozen=True)
class Sealed:
    """A personal value on its way into the trail."""

    field: str
    subject: str
    commitment: str
    ciphertext: bytes


def seal(event_id: UUID, values: Sequence[Private]) -> list[Sealed]:
    """Commit to each value and encrypt it under its subject's key, bound to this event and field."""
    keys = _subject_keys({private.subject for private in values}) if values else {}
    return [_seal_one(event_id, private, keys[private.subject]) for private in values]


def _seal_one(event_id: UUID, private: Private, key: bytes) -> Sealed:
    salt = os.urandom(_SALT)
    plain = salt + private.value.encode()
    ciphertext = _seal(key, plain, event_id.bytes + private.field.encode())
    return Sealed(private.field, private.subject, commitment(private.field, salt, private.value), ciphertext)


class Disclosed(NamedTuple):
    """A personal value and the salt that makes its commitment checkable."""

    value: str
    salt: bytes


class Keyring:
    """The keys of some subjects, unwrapped once to open many values. A subject without a key was erased."""

    def __init__(self, wrapped: Mapping[str, bytes]) -> None:
        self._ciphers = {subject: AESGCM(_unwrap(subject, key)) for subject, key in wrapped.items()}

    def disclose(self, event: bytes, field: str, subject: str, sealed: bytes) -> Disclosed | None:
        """What is behind a commitment of the event with these 16 bytes of id; None when it was erased, or when the
        key does not open it: it belongs to another event, field or person."""
        cipher = self._ciphers.get(subject)
        if cipher is None:
            return None
        try:
            plain = cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], event + field.encode())
        except InvalidTag:
            return None
        return Disclosed(plain[_SALT:].decode(), plain[:_SALT])
