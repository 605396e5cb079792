"""C2SP signed-note: a text, and the signature lines of those who signed it.

There are two kinds of keys, both Ed25519. Logs sign the text (0x01). Witnesses sign a time and the text (0x04,
tlog-cosignature). Signature lines are handled without their newline; `format_note` adds it.
"""

import re
import time as clock
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from recordings.tlog.texts import decode64, encode64

LOG = 0x01
WITNESS = 0x04
_KINDS = {LOG: "log", WITNESS: "witness"}
_PRIVATE = "PRIVATE+KEY+"
_ID_BYTES, _TIME_BYTES, _KEY_BYTES = 4, 8, 32
# Control characters other than newline, and halves of surrogate pairs, which UTF-8 cannot encode.
_NOT_IN_NOTES = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")
_LONGEST_NOTE = 1_000_000
_MOST_SIGNATURES = 100


class NoteError(ValueError):
    """A note, a signature or a key is malformed or does not verify."""


@dataclass(frozen=True)
class VerifierKey:
    """A public key and its name. Raises NoteError for a name or kind that is not allowed in notes."""

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        if "+" in self.name or self.name.split() != [self.name]:
            raise NoteError("A key's name must not be empty or contain spaces or a plus sign.")
        if _NOT_IN_NOTES.search(self.name):
            raise NoteError("A key's name must be valid UTF-8 without control characters.")
        if self.kind not in _KINDS:
            raise NoteError(f"Keys of type 0x{self.kind:02x} are not supported.")
        if len(self.public) != _KEY_BYTES:
            raise NoteError(f"An Ed25519 public key has {_KEY_BYTES} bytes.")

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name ‖ newline ‖ kind ‖ public key)."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The key in its text form, as published."""
        return f"{self.name}+{self.key_id.hex()}+{encode64(bytes([self.kind]) + self.public)}"

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Parse a key from its text form. Raises NoteError when it is malformed or its id does not match."""
        name, key_id, data = _split_key(vkey)
        key = cls(name, data[0], data[1:])
        if key.key_id.hex() != key_id:
            raise NoteError(f"The key id of {name} does not match its key.")
        return key

    def named(self, name: str) -> "VerifierKey":
        """Return the same key under another name, as used by the next epoch of a log."""
        return VerifierKey(name, self.kind, self.public)

    def verify(self, text: str, signature: bytes) -> int | None:
        """Verify a signature (without its key id); returns the time of a witness's. Raises NoteError if invalid."""
        signed, time, message = signature, None, text.encode()
        if self.kind == WITNESS:
            time, signed = int.from_bytes(signature[:_TIME_BYTES], "big"), signature[_TIME_BYTES:]
            message = _cosigned_message(text, time)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signed, message)
        except (InvalidSignature, ValueError) as error:
            raise NoteError(f"The signature of {self.name} does not verify.") from error
        if time is not None and not 0 < time < 2**63:
            raise NoteError(f"The cosignature of {self.name} has no time.")
        return time


class SigningKey:
    """A private key and its name. Its repr shows only the public key."""

    def __init__(self, name: str, kind: int, seed: bytes) -> None:
        if len(seed) != _KEY_BYTES:
            raise NoteError(f"An Ed25519 private key has {_KEY_BYTES} bytes.")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._seed = seed
        self.verifier = VerifierKey(name, kind, self._key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, name: str, kind: int = LOG) -> Self:
        """Generate a key."""
        return cls(name, kind, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, secret: str) -> Self:
        """Parse a key from the text of `secret()`. Raises NoteError, which never quotes the text."""
        if not secret.startswith(_PRIVATE):
            raise NoteError("This is not a private key.")
        name, key_id, data = _split_key(secret.removeprefix(_PRIVATE))
        key = cls(name, data[0], data[1:])
        if key.key_id.hex() != key_id:
            raise NoteError(f"The key id of {name} does not match its private key.")
        return key

    def secret(self) -> str:
        """Return the private key as text, in the format of golang.org/x/mod/sumdb/note."""
        kind = bytes([self.verifier.kind])
        return f"{_PRIVATE}{self.name}+{self.key_id.hex()}+{encode64(kind + self._seed)}"

    @property
    def name(self) -> str:
        return self.verifier.name

    @property
    def key_id(self) -> bytes:
        return self.verifier.key_id

    @property
    def vkey(self) -> str:
        return self.verifier.vkey

    def named(self, name: str) -> "SigningKey":
        """Return the same key under another name, as used by the next epoch of a log."""
        return SigningKey(name, self.verifier.kind, self._seed)

    def sign(self, text: str, time: int | None = None) -> str:
        """Return the signature line over a note's text. A witness's includes the time (seconds; by default, now)."""
        if self.verifier.kind == LOG:
            signature = self._key.sign(text.encode())
        else:
            time = int(clock.time()) if time is None else time
            signature = time.to_bytes(_TIME_BYTES, "big") + self._key.sign(_cosigned_message(text, time))
        return f"— {self.name} {encode64(self.key_id + signature)}"

    def __repr__(self) -> str:
        return f"<SigningKey {self.vkey}>"


@dataclass(frozen=True)
class Signature:
    """One signature line: the claimed name, the key's id and the signature."""

    name: str
    key_id: bytes
    data: bytes
    line: str

    @classmethod
    def parse(cls, line: str) -> Self:
        """Parse a line without its newline. Raises NoteError when it is malformed."""
        dash, _, rest = line.partition(" ")
        name, space, encoded = rest.partition(" ")
        if dash != "—" or not space or not name or "+" in name or name.split() != [name]:
            raise NoteError("A signature line must be: em dash, space, name, space, base64.")
        data = _decoded(encoded)
        if len(data) <= _ID_BYTES:
            raise NoteError("A signature must be longer than its key id.")
        return cls(name, data[:_ID_BYTES], data[_ID_BYTES:], line)


@dataclass(frozen=True)
class Signed:
    """A verified signature: its key, its time (witnesses only, in seconds) and its line."""

    key: VerifierKey
    time: int | None
    line: str


@dataclass(frozen=True)
class Note:
    """A signed note. Its text is not trustworthy before `verify`."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, note: str | bytes) -> Self:
        """Parse a note. Raises NoteError when it is malformed."""
        whole = _as_text(note)
        at = whole.rfind("\n\n")
        if at < 0 or not whole.endswith("\n") or at + 2 == len(whole):
            raise NoteError("A note must be a text, an empty line and signature lines.")
        lines = whole[at + 2 : -1].split("\n")
        if len(lines) > _MOST_SIGNATURES:
            raise NoteError(f"A note may have at most {_MOST_SIGNATURES} signatures.")
        return cls(whole[: at + 1], tuple(Signature.parse(line) for line in lines))

    def verify(self, keys: Iterable[VerifierKey]) -> list[Signed]:
        """Verify the lines of these keys; returns them in the note's order. Lines of other keys are ignored.

        Raises NoteError when a line of one of these keys is invalid, or when there is no line of any of them.
        """
        trusted = tuple(keys)
        verified = [signed for line in self.signatures if (signed := _verify_line(self.text, line, trusted))]
        if not verified:
            raise NoteError("The note is not signed by any trusted key.")
        return verified

    def __str__(self) -> str:
        return format_note(self.text, (signature.line for signature in self.signatures))


def format_note(text: str, lines: Iterable[str]) -> str:
    """Format a note from its text (ending in a newline) and its signature lines."""
    return text + "\n" + "".join(line + "\n" for line in lines)


def _verify_line(text: str, line: Signature, keys: tuple[VerifierKey, ...]) -> Signed | None:
    failure = None
    for key in keys:
        if (key.name, key.key_id) == (line.name, line.key_id):
            try:
                return Signed(key, key.verify(text, line.data), line.line)
            except NoteError as error:
                failure = error
    if failure:
        raise failure
    return None


def _cosigned_message(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _as_text(note: str | bytes) -> str:
    try:
        data = note.encode() if isinstance(note, str) else note
        text = data.decode()
    except UnicodeError as error:
        raise NoteError("A note must be UTF-8.") from error
    if len(data) > _LONGEST_NOTE:
        raise NoteError(f"A note may have at most {_LONGEST_NOTE} bytes.")
    if _NOT_IN_NOTES.search(text):
        raise NoteError("A note must not contain control characters other than newline.")
    return text


def _split_key(text: str) -> tuple[str, str, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise NoteError("A key must be: name, plus sign, key id, plus sign, base64.")
    data = _decoded(parts[2])
    if not data:
        raise NoteError("A key must be: name, plus sign, key id, plus sign, base64.")
    return parts[0], parts[1], data


def _decoded(text: str) -> bytes:
    try:
        return decode64(text)
    except ValueError as error:
        raise NoteError(str(error)) from None  # without the text, which may be a private key
