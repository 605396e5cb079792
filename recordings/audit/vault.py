"""Personal values of the trail: committed to in the event, readable only through a key that can be destroyed.

commitment = SHA-256("audit-field-v1" NUL field NUL salt16 value). Value and salt rest together, AES-256-GCM under the
key of their subject (a person, a customer); that key rests wrapped under AUDIT_FIELD_KEY. Destroying the key erases
the value everywhere, and every hash of the trail still holds.
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
# In the order of the subjects, so that two writers who make the same keys wait for each other in turn.
_ENSURE = """
SELECT subject, audit.ensure_subject_key(subject, wrapped)
FROM unnest(%s::text[], %s::bytea[]) AS fresh (subject, wrapped)
"""
# A key that does not open is set aside for a fresh one; the answer is the key in force then, ours or another's.
_REPLACE = "SELECT audit.replace_subject_key(%s, %s, %s)"
# Keys to read with: those in force, and those that were set aside.
KEYS = "SELECT subject, wrapped FROM audit.subject_keys WHERE subject = ANY(%s)"
_SALT, _NONCE, _KEY_BYTES = 16, 12, 32
_MET = 4096


def commitment(field: str, salt: bytes, value: str) -> str:
    """The hash that stands in the event for a personal value."""
    parts = b"audit-field-v1\0" + field.encode() + b"\0" + salt + value.encode()
    return hashlib.sha256(parts).hexdigest()


def _seal(key: bytes, plain: bytes, context: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, context)


@lru_cache(maxsize=4096)
def _unwrap(subject: str, wrapped: bytes) -> bytes:
    return AESGCM(settings.AUDIT_FIELD_KEY).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], subject.encode())


# The wrapped keys met last. Only ever a guess: the database compares it with the key in force before it writes
# anything, so that a key destroyed meanwhile is never used again.
_met: dict[str, bytes] = {}


def known_keys(subjects: set[str]) -> dict[str, bytes] | None:
    """The wrapped keys of these subjects as met last; None unless all of them were."""
    keys = {subject: _met.get(subject, b"") for subject in subjects}
    return keys if all(keys.values()) else None


def current_keys(subjects: set[str]) -> dict[str, bytes]:
    """The wrapped keys of these subjects as the database has them now, made at first need."""
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
    """Whether this is a key of ours for this subject. Whoever holds the application's login can write anything there;
    with garbage in its place no event about the subject could be written any more."""
    try:
        return len(_unwrap(subject, wrapped)) == _KEY_BYTES
    except (InvalidTag, ValueError):
        return False


def _new_key(subject: str) -> bytes:
    """A new key for a subject, wrapped."""
    return _seal(settings.AUDIT_FIELD_KEY, AESGCM.generate_key(256), subject.encode())


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
    """The keys of some subjects, unwrapped once to open many values. A subject without a key was erased.

    A subject has more than one key when one was set aside: what was written under it opens all the same.
    """

    def __init__(self, wrapped: Iterable[tuple[str, bytes]] = ()) -> None:
        self._ciphers: dict[str, list[AESGCM]] = {}
        self.add(wrapped)

    def __len__(self) -> int:
        return len(self._ciphers)

    def add(self, wrapped: Iterable[tuple[str, bytes]]) -> None:
        """Take in more keys of subjects; those that do not open are as good as none."""
        for subject, key in wrapped:
            if _opens(subject, key):
                self._ciphers.setdefault(subject, []).append(AESGCM(_unwrap(subject, key)))

    def missing(self, subjects: Set[str]) -> Set[str]:
        """Those whose key is not here."""
        return subjects - self._ciphers.keys()

    def disclose(self, event: bytes, field: str, subject: str, sealed: bytes) -> Disclosed | None:
        """What is behind a commitment of the event with these 16 bytes of id; None when it was erased, or when the
        key does not open it: it belongs to another event, field or person."""
        for cipher in self._ciphers.get(subject, ()):
            try:
                plain = cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], event + field.encode())
                return Disclosed(plain[_SALT:].decode(), plain[:_SALT])
            except (InvalidTag, ValueError):
                continue
        return None
