"""Personal values of the trail: committed to in the event, readable only through a key that can be destroyed.

commitment = SHA-256("audit-field-v1" NUL field NUL salt16 value). Value and salt rest together, AES-256-GCM under the
key of their subject (a person, a customer); that key rests wrapped under AUDIT_FIELD_KEY. Destroying the key erases
the value everywhere, and every hash of the trail still holds.
"""

import hashlib
import os
from collections.abc import Sequence
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


def disclose(
    event_id: UUID, field: str, subject: str, wrapped: bytes | None, sealed: bytes
) -> Disclosed | None:
    """What is behind a commitment, or None when its key is gone or does not fit: it was erased."""
    if wrapped is None:
        return None
    try:
        plain = _open(_unwrap(subject, wrapped), sealed, event_id.bytes + field.encode())
    except InvalidTag:
        return None
    return Disclosed(plain[_SALT:].decode(), plain[:_SALT])


def reveal(event_id: UUID, field: str, subject: str, wrapped: bytes | None, sealed: bytes) -> str:
    """The value behind a commitment, or the word `erased` when its key is gone or does not fit."""
    disclosed = disclose(event_id, field, subject, wrapped, sealed)
    return disclosed.value if disclosed else ERASED
