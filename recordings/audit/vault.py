"""Personal values of the trail: an event commits to them, and they can be read only with a key that can be destroyed.

commitment = SHA-256("audit-field-v1" NUL field NUL salt16 value). Value and salt are stored together, encrypted with
AES-256-GCM under the key of their subject (a person, a customer). That key is stored wrapped with AUDIT_FIELD_KEY.
Destroying it erases the value everywhere, and every hash of the trail remains valid.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import connection

logger = structlog.get_logger("portal.audit")

ERASED = "erased"
# In the order of the subjects, so that two writers who create the same keys do not deadlock.
_ENSURE = """
SELECT subject, audit.ensure_subject_key(subject, wrapped)
FROM unnest(%s::text[], %s::bytea[]) AS fresh (subject, wrapped)
"""
# A key that cannot be unwrapped is replaced by a new one; returns the key in use afterwards, this or another writer's.
_REPLACE = "SELECT audit.replace_subject_key(%s, %s, %s)"
# Keys to read with: the ones in use, and replaced ones.
KEYS = "SELECT subject, wrapped FROM audit.subject_keys WHERE subject = ANY(%s)"
_SALT, _NONCE, _KEY_BYTES = 16, 12, 32
_MET = 4096


def commitment(field: str, salt: bytes, value: str) -> str:
    """Return the hash that an event has in place of a personal value."""
    parts = b"audit-field-v1\0" + field.encode() + b"\0" + salt + value.encode()
    return hashlib.sha256(parts).hexdigest()


def _seal(key: bytes, plain: bytes, context: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, context)


@lru_cache(maxsize=4096)
def _unwrap(subject: str, wrapped: bytes) -> bytes:
    return AESGCM(settings.AUDIT_FIELD_KEY).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], subject.encode())


# The wrapped keys used last. They may be outdated: before it writes, the database compares them with the keys in use,
# so that a key destroyed meanwhile is never used again.
_met: dict[str, bytes] = {}


def known_keys(subjects: set[str]) -> dict[str, bytes] | None:
    """Return the wrapped keys of these subjects that were used last; None unless all are known."""
    keys = {subject: _met.get(subject, b"") for subject in subjects}
    return keys if all(keys.values()) else None


def current_keys(subjects: set[str]) -> dict[str, bytes]:
    """Return the wrapped keys of these subjects from the database, created when missing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject, wrapped FROM audit.subject_key WHERE subject = ANY(%s)", [list(subjects)]
        )
        wrapped = {subject: bytes(value) for subject, value in cursor.fetchall()}
        if missing := sorted(subjects - wrapped.keys()):
            cursor.execute(_ENSURE, [missing, [_new_key(subject) for subject in missing]])
            wrapped |= {subject: bytes(value) for subject, value in cursor.fetchall()}
        for subject, key in wrapped.items():
            if not _opens(subject, key):
                cursor.execute(_REPLACE, [subject, key, _new_key(subject)])
                wrapped[subject] = bytes(cursor.fetchone()[0])
                logger.error("the key of a subject did not open and was replaced", subject=subject)
    if len(_met) > _MET:
        _met.clear()
    _met.update(wrapped)
    return wrapped


def _opens(subject: str, wrapped: bytes) -> bool:
    """Whether this is a valid key for this subject. The application's login can write anything there, and with an
    invalid key no event about the subject could be written any more."""
    try:
        return len(_unwrap(subject, wrapped)) == _KEY_BYTES
    except (InvalidTag, ValueError):
        return False


def _new_key(subject: str) -> bytes:
    """Return a new, wrapped key for a subject."""
    return _seal(settings.AUDIT_FIELD_KEY, AESGCM.generate_key(256), subject.encode())


class Private(NamedTuple):
    """A personal value, its field in the event and its subject."""

    field: str
    subject: str
    value: str


@dataclass(frozen=True)
class Sealed:
    """An encrypted personal value, ready to be written."""

    field: str
    subject: str
    commitment: str
    ciphertext: bytes
    wrapped: bytes  # the key


def seal(event_id: UUID, values: Sequence[Private], keys: Mapping[str, bytes]) -> list[Sealed]:
    """Commit to each value and encrypt it under its subject's key, bound to this event and field."""
    sealed = []
    for field, subject, value in values:
        salt, wrapped = os.urandom(_SALT), keys[subject]
        context = event_id.bytes + field.encode()
        ciphertext = _seal(_unwrap(subject, wrapped), salt + value.encode(), context)
        sealed.append(Sealed(field, subject, commitment(field, salt, value), ciphertext, wrapped))
    return sealed


class Disclosed(NamedTuple):
    """A personal value and the salt that makes its commitment checkable."""

    value: str
    salt: bytes


class Keyring:
    """The unwrapped keys of some subjects. A subject without a key was erased.

    A subject whose key was replaced has several: values encrypted with the replaced one can still be read.
    """

    def __init__(self, wrapped: Iterable[tuple[str, bytes]] = ()) -> None:
        self._ciphers: dict[str, list[AESGCM]] = {}
        self.add(wrapped)

    def __len__(self) -> int:
        return len(self._ciphers)

    def add(self, wrapped: Iterable[tuple[str, bytes]]) -> None:
        """Add keys of subjects; those that cannot be unwrapped are ignored."""
        for subject, key in wrapped:
            if _opens(subject, key):
                self._ciphers.setdefault(subject, []).append(AESGCM(_unwrap(subject, key)))

    def missing(self, subjects: Set[str]) -> Set[str]:
        """Return the subjects without a key here."""
        return subjects - self._ciphers.keys()

    def disclose(self, event: bytes, field: str, subject: str, sealed: bytes) -> Disclosed | None:
        """Decrypt a value of the event with these 16 bytes of id; None when it was erased.

        Also None when the key does not decrypt it, because it belongs to another event, field or subject.
        """
        for cipher in self._ciphers.get(subject, ()):
            try:
                plain = cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], event + field.encode())
                return Disclosed(plain[_SALT:].decode(), plain[:_SALT])
            except (InvalidTag, ValueError):
                continue
        return None
