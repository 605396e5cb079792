"""What a forged log is made of: hashes, trees, keys – each by its RFC or C2SP text, in simple code of its own."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def recording(number: int) -> str:
    """Return the reference of a recording."""
    return f"recording:0198c0de-0000-7000-8000-{number:012}"


def stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def commit(name: str, salt: str, value: str) -> str:
    return sha(f"audit-field-v1\0{name}\0".encode() + bytes.fromhex(salt) + value.encode()).hex()


class Tree:
    """RFC 9162 2.1 by its recursive definition. Subtrees are remembered."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._leaves = leaves
        self._known: dict[tuple[int, int], bytes] = {}

    def root(self, start: int, end: int) -> bytes:
        if end - start < 2:
            return sha(b"\0" + self._leaves[start]) if end > start else sha(b"")
        if (start, end) not in self._known:
            middle = start + _split(end - start)
            self._known[start, end] = sha(b"\1" + self.root(start, middle) + self.root(middle, end))
        return self._known[start, end]

    def path(self, index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if index < middle:
            return [*self.path(index, start, middle), self.root(middle, end)]
        return [*self.path(index, middle, end), self.root(start, middle)]

    def consistency(self, old: int, start: int, end: int, *, whole: bool = True) -> list[bytes]:
        if old == end - start:
            return [] if whole else [self.root(start, end)]
        split = _split(end - start)
        if old <= split:
            left = self.consistency(old, start, start + split, whole=whole)
            return [*left, self.root(start + split, end)]
        return [
            *self.consistency(old - split, start + split, end, whole=False),
            self.root(start, start + split),
        ]

    def between(self, after: int, before: int) -> list[bytes]:
        """Roots of the largest aligned subtrees that cover the leaves after one leaf and before another."""
        start, roots = after + 1, []
        while start < before:
            height = (start & -start).bit_length() - 1 if start else before.bit_length()
            while start + (1 << height) > before:
                height -= 1
            roots.append(self.root(start, start + (1 << height)))
            start += 1 << height
        return roots


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


@dataclass(frozen=True)
class Signer:
    """An Ed25519 key under a name: kind 1 for logs, 4 for witnesses. Made from a seed, so that runs repeat."""

    name: str
    kind: int = 1
    seed: str = ""

    @cached_property
    def key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(sha((self.seed or self.name).encode()))

    @property
    def public(self) -> bytes:
        return bytes([self.kind]) + self.key.public_key().public_bytes_raw()

    @property
    def id(self) -> bytes:
        return sha(self.name.encode() + b"\n" + self.public)[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64(self.public)}"

    def line(self, text: str, time: datetime = START) -> str:
        if self.kind == 1:
            return f"— {self.name} {b64(self.id + self.key.sign(text.encode()))}\n"
        seconds = int(time.timestamp())
        signature = self.key.sign(f"cosignature/v1\ntime {seconds}\n{text}".encode())
        return f"— {self.name} {b64(self.id + seconds.to_bytes(8, 'big') + signature)}\n"


@dataclass(frozen=True)
class Sealed:
    """An event in the log: its bytes, what may be revealed of it, and its entry. A malformed one has other bytes."""

    body: bytes
    reveal: Mapping[str, Mapping[str, str]]
    entry: bytes

    @cached_property
    def said(self) -> dict[str, Any]:
        return dict(json.loads(self.entry))
