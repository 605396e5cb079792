#!/usr/bin/env python3
"""Check an AuditPortal report (bundle.zip, or one event's .tlog-proof) without the portal, a network or anything else.

Prints one line per check, what the report says in words, and the verdict as the last line. Exit code 0: nothing
contradicts; 1: INVALID; 2: not checked. The formats are in the product's docs/trail-format.md; its sections are named
below. Bring your own policy (the keys you trust) and the time stamper's own RSA certificate: only they lift the
verdict. Not checked: that certificate's chain, and what was never recorded. Needs Python 3.9 or newer and nothing else.
"""

from __future__ import annotations

import argparse
import base64
import calendar
import hashlib
import hmac
import io
import json
import os
import re
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any, BinaryIO, NamedTuple

VERSION = "2.0"
NOTICE = (
    f"verify_audit.py {VERSION}: take this program from somebody you trust; "
    "a copy inside a bundle comes from the bundle's maker."
)

# Limits of section 11. What exceeds one of them is not checked.
MIB = 1024 * 1024
LARGEST_FILE, MOST_ENTRIES, MOST_LINES, LONGEST_LINE = 2048 * MIB, 250, 200_000, MIB
LARGEST_ENTRY = {"bundle.json": 32 * MIB, "events.jsonl": 2048 * MIB, "report.csv": 2048 * MIB}
LARGEST_TEXT, LARGEST_STAMP, LARGEST_OTHER = 1_000_000, 100_000, 256 * MIB
MOST_ELEMENTS, DEEPEST_ELEMENT = 1000, 16
LARGEST_INTEGER, DEEPEST_JSON, LONGEST_JSON, LONGEST_EVENT = 2**53 - 1, 32, MIB, 65_000

OK, FAIL, NONE = "ok", "fail", "none"


class Malformed(Exception):
    """Something is not as docs/trail-format.md has it; the text says what. It makes the check that met it fail."""


class NotChecked(Exception):
    """The file cannot be checked at all; the text says why."""


class Check(NamedTuple):
    name: str
    state: str
    sentence: str


class Line(NamedTuple):
    """One sentence of section 10."""

    name: str
    text: str


class Result(NamedTuple):
    checks: tuple[Check, ...]
    statement: tuple[Line, ...]
    verdict: str
    exit_code: int


# --- Section 1: one spelling only. What could be read in two ways is refused.


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def utf8(data: bytes, what: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed(f"{what} is not UTF-8") from None


HEX = re.compile("(?:[0-9a-f]{2})*")


def is_hex(value: object, size: int = 32) -> bool:
    return isinstance(value, str) and len(value) == 2 * size and HEX.fullmatch(value) is not None


def unbase64(text: object) -> bytes:
    """Return the bytes; the text has padding and no other spelling of the same bytes."""
    form = "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
    if not isinstance(text, str) or not re.fullmatch(form, text):
        raise Malformed("a base64 text is damaged")
    data = base64.b64decode(text)
    if base64.b64encode(data).decode() != text:
        raise Malformed("a base64 text has another spelling")
    return data


def unbase64_hashes(texts: object) -> list[bytes]:
    hashes = [unbase64(text) for text in texts] if isinstance(texts, list) else [b""]
    if any(len(one) != 32 for one in hashes):
        raise Malformed("a list of hashes is damaged")
    return hashes


@lru_cache(maxsize=1000)
def is_day(text: str) -> bool:
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:])
    return year > 0 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]


TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z")


def is_time(value: object) -> bool:
    """Tell whether this is a time of section 1. Such times are compared as texts."""
    found = TIME.fullmatch(value) if isinstance(value, str) else None
    return found is not None and is_day(found[1])


def a_minute_after(time: str) -> str:
    try:
        later = datetime.fromisoformat(time[:-1]) + timedelta(seconds=60)
    except OverflowError:
        return time  # the last minute of the year 9999
    return later.isoformat(timespec="microseconds") + "Z"


def time_of(seconds: int) -> str:
    """Return the time of a cosignature; one behind the year 9999 becomes its last second."""
    seconds = min(seconds, 253_402_300_799)
    return (datetime(1970, 1, 1) + timedelta(seconds=seconds)).isoformat(timespec="microseconds") + "Z"


def spoken(time: str) -> str:
    return f"{time[:10]} {time[11:19]} UTC"


def is_index(value: Any) -> bool:
    return type(value) is int and value >= 0


STRING = re.compile(r'"[^"\\]*(?:\\(?:.|\Z)[^"\\]*)*(?:"|\Z)', re.DOTALL)
KEY = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"(:?)')  # any string of valid JSON; a colon follows the keys
to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def read_integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > LARGEST_INTEGER:
        raise Malformed("a number is too large")
    return int(digits)


def refuse_fraction(text: str) -> None:
    raise Malformed("a number is no integer")


from_json = json.JSONDecoder(
    parse_int=read_integer, parse_float=refuse_fraction, parse_constant=refuse_fraction
).decode


def parse_json(text: str, what: str) -> Any:
    """Parse JSON of section 1. That it is canonical is seen when the value is written again (to_json)."""
    brackets = text.count("{") + text.count("[")
    if brackets > DEEPEST_JSON or "true" in text or "false" in text or "null" in text:
        check_frame(STRING.sub("", text), what)
    try:
        value = from_json(text)
    except ValueError:
        raise Malformed(f"{what} is not JSON") from None
    if not has_ascii_keys(text):
        raise Malformed(f"{what} has a key that is not ASCII")
    return value


def check_frame(frame: str, what: str) -> None:
    """Look at what stands outside of strings: no true, false or null, and nothing that nests too deep."""
    if re.search("[a-z]", frame):
        raise Malformed(f"{what} is not canonical JSON")
    depth = 0
    for bracket in re.findall(r"[][{}]", frame):
        depth += 1 if bracket in "[{" else -1
        if depth > DEEPEST_JSON:
            raise Malformed(f"{what} nests too deep")


def has_ascii_keys(text: str) -> bool:
    """Tell whether the keys of valid JSON are ASCII. Without escapes, one ends where a quotation mark meets a colon."""
    if text.isascii():
        return True
    if "\\" in text:
        return all(found[0].isascii() for found in KEY.finditer(text) if found[1])
    return all(piece[piece.rfind('"') :].isascii() for piece in text.split('":')[:-1])


def read_json(data: bytes, what: str) -> dict[str, Any]:
    if len(data) > LONGEST_JSON:
        raise Malformed(f"{what} is too long")
    text = utf8(data, what)
    value = parse_json(text, what)
    if not isinstance(value, dict) or to_json(value) != text:
        raise Malformed(f"{what} is not canonical JSON")
    return value


# --- Ed25519: RFC 8032, 5.1.7, without the cofactor. A point is (X, Y, Z, T).

Point = tuple[int, int, int, int]
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
NEUTRAL: Point = (0, 1, 1, 0)


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def decode_point(data: bytes) -> Point:
    y, sign = int.from_bytes(data, "little") % 2**255, data[31] >> 7
    x_squared = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x_squared, (P + 3) // 8, P)
    if x * x % P != x_squared:
        x = x * ROOT_OF_MINUS_ONE % P
    if y >= P or x * x % P != x_squared or (x == 0 and sign):
        raise Malformed("a public key is no point of the curve")
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


def is_of_small_order(point: Point) -> bool:
    """Tell whether 8 times the point is the neutral element: such a key verifies what nobody signed."""
    for _ in range(3):
        point = add(point, point)
    return point[0] == 0 and point[1] == point[2]


BASE = decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether an Ed25519 signature is right."""
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or s >= L:  # s + L would be a second signature over the same message
        return False
    x, y, _, t = decode_point(public)
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    minus_a = (P - x, y, 1, P - t)
    steps = (NEUTRAL, BASE, minus_a, add(BASE, minus_a))
    total = NEUTRAL
    for bit in range(252, -1, -1):  # s·B − k·A, which must be R
        total = add(add(total, total), steps[(s >> bit & 1) + 2 * (k >> bit & 1)])
    inverse = pow(total[2], P - 2, P)
    x, y = total[0] * inverse % P, total[1] * inverse % P
    return (y + (x % 2 << 255)).to_bytes(32, "little") == signature[:32]


# --- The tree: RFC 9162, 2.1.


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\0" + entry)


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right)


def climb(index: int, last: int, path: list[bytes], old: bytes, new: bytes) -> tuple[bytes, bytes, int]:
    """Follow a path: `old` takes only what stands to its left, `new` takes everything. Returns also what is left."""
    for sibling in path:
        if not last:
            raise Malformed("a proof is too long")
        if index & 1 or index == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        index, last = index >> 1, last >> 1
    return old, new, last


def is_included(entry: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    return 0 <= index < size and climb(index, size - 1, path, b"", leaf_hash(entry))[1:] == (root, 0)


def is_consistent(old_size: int, old_root: bytes, size: int, root: bytes, path: list[bytes]) -> bool:
    """Tell whether the newer tree begins with all leaves of the older one, unchanged."""
    if not 0 < old_size < size:
        return 0 < old_size == size and old_root == root and not path
    index, last = old_size - 1, size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    if not index:
        path = [old_root, *path]  # a power of two is itself the first node
    return bool(path) and climb(index, last, path[1:], path[0], path[0]) == (old_root, root, 0)


class Subtrees:
    """All leaves from left to right, folded into their root as they come (section 7, `gap`)."""

    def __init__(self) -> None:
        self.count = 0
        self.stack: list[tuple[int, bytes]] = []

    def push(self, height: int, root: bytes) -> None:
        self.count += 1 << height
        while self.stack and self.stack[-1][0] == height:
            root = node_hash(self.stack.pop()[1], root)
            height += 1
        self.stack.append((height, root))

    def skip(self, index: int, roots: list[bytes]) -> bool:
        """Put in the subtrees before leaf `index`; tell whether they are as many as there must be."""
        for root in roots:
            if self.count >= index:
                return False
            room = (index - self.count).bit_length() - 1
            aligned = (self.count & -self.count).bit_length() - 1 if self.count else room
            self.push(min(room, aligned), root)
        return self.count == index

    def root(self) -> bytes:
        _, root = self.stack[-1]
        for _, left in reversed(self.stack[:-1]):
            root = node_hash(left, root)
        return root


# --- Section 5: checkpoints and the policy.

SPACES = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
NOTE = re.compile(f"((.+)\n(.+)\n(.+)\n)\n((?:— [^{SPACES}+]+ [A-Za-z0-9+/=]{{8,}}\n){{1,100}})")


class Checkpoint(NamedTuple):
    text: bytes
    origin: str
    size: int
    root: bytes
    lines: list[tuple[str, bytes, bytes]]  # name and id of the key, what it signed with


def read_checkpoint(data: bytes) -> Checkpoint:
    text = utf8(data, "a checkpoint")
    found = NOTE.fullmatch(text)
    if len(data) > LARGEST_TEXT or not found or re.search("[\0-\x09\x0b-\x1f]", text):
        raise Malformed("this is no signed checkpoint of three lines")
    signed, origin, size, root, signatures = found.groups()
    if (
        not re.fullmatch("0|[1-9][0-9]{0,15}", size)
        or int(size) > LARGEST_INTEGER
        or len(unbase64(root)) != 32
    ):
        raise Malformed("the size or the root of a checkpoint is damaged")
    lines = []
    for line in signatures.split("\n")[:-1]:
        _, name, signature = line.split(" ")
        raw = unbase64(signature)
        lines.append((name, raw[:4], raw[4:]))
    return Checkpoint(signed.encode(), origin, int(size), unbase64(root), lines)


class Key(NamedTuple):
    name: str
    id: bytes
    public: bytes


def is_signed_by(note: Checkpoint, key: Key) -> bool:
    """Tell whether the log's key signed a checkpoint. A line of that key which does not verify spoils it."""
    mine = [signature for name, key_id, signature in note.lines if (name, key_id) == (key.name, key.id)]
    for signature in mine:
        if not verifies(key.public, note.text, signature):
            raise Malformed(f"the signature of {key.name} is wrong")
    return bool(mine)


def cosigned_at(note: Checkpoint, key: Key) -> str:
    """Return when a witness cosigned a checkpoint, at first; empty when it did not."""
    times = []
    for name, key_id, data in note.lines:
        if (name, key_id) == (key.name, key.id):
            seconds = int.from_bytes(data[:8], "big")
            message = b"cosignature/v1\ntime %d\n" % seconds + note.text
            if not 0 < seconds < 2**63 or not verifies(key.public, message, data[8:]):
                raise Malformed(f"the signature of {key.name} is wrong")
            times.append(time_of(seconds))
    return min(times, default="")


class Policy:
    """Whose signatures count: `witnesses` by name (without a key when its kind is unknown), `groups` by name."""

    def __init__(self, data: bytes) -> None:
        self.logs: list[Key] = []
        self.witnesses: dict[str, Key | None] = {}
        self.groups: dict[str, tuple[int, list[str]]] = {}
        self.quorum = ""
        self.unknown = 0
        self.grouped: set[str] = set()
        text = utf8(data.removeprefix(b"\xef\xbb\xbf"), "the policy").replace("\r\n", "\n")
        if len(data) > LARGEST_TEXT or re.search("[\0-\x08\x0b-\x1f\x7f]", text):
            raise Malformed("the policy is not a text of at most 1 MB")
        for number, line in enumerate(text.split("\n"), 1):
            words = re.findall("[^ \t]+", line)
            if words and not words[0].startswith("#"):
                self.read(words, number)
        if not self.quorum:
            raise Malformed("the policy has no quorum")

    def read(self, words: list[str], number: int) -> None:
        kind, *rest = words
        if kind == "log" and len(rest) == 1:
            key = self.key(rest[0], 1)
            if key and key in self.logs:
                raise Malformed(f"line {number} of the policy names a log's key a second time")
            self.logs += [key] if key else []
        elif kind == "witness" and len(rest) in (2, 3) and self.is_new(rest[0]):
            key = self.key(rest[1], 4)
            if key and any(other and other.public == key.public for other in self.witnesses.values()):
                raise Malformed(f"line {number} of the policy names a witness's key a second time")
            self.witnesses[rest[0]] = key
        elif kind == "group" and 3 <= len(rest) <= 102 and self.is_new(rest[0]):
            name, how, *members = rest
            how = {"any": "1", "all": str(len(members))}.get(how, how)
            known = all(member in self.witnesses or member in self.groups for member in members)
            free = len(members) == len(set(members)) and self.grouped.isdisjoint(members)
            if not known or not free or not re.fullmatch("[1-9][0-9]{0,2}", how) or int(how) > len(members):
                raise Malformed(
                    f"line {number} of the policy is no group of named parties that are in no other group"
                )
            self.groups[name] = (int(how), members)
            self.grouped.update(members)
        elif (
            kind == "quorum"
            and len(rest) == 1
            and not self.quorum
            and (rest[0] == "none" or not self.is_new(rest[0]))
        ):
            self.quorum = rest[0]
        else:
            raise Malformed(f"line {number} of the policy is not as tlog-policy has it")

    def is_new(self, name: str) -> bool:
        return name != "none" and name not in self.witnesses and name not in self.groups

    def key(self, vkey: str, kind: int) -> Key | None:
        """Read a key; None when it is of another kind than this program knows."""
        name, _, rest = vkey.partition("+")
        key_id, _, text = rest.partition("+")
        data = unbase64(text)
        if not name or not re.fullmatch("[0-9a-f]{8}", key_id) or not data or re.search(f"[{SPACES}]", name):
            raise Malformed("a key of the policy is damaged")
        if data[0] != kind:
            self.unknown += 1
            return None
        if len(data) != 33 or sha256(name.encode() + b"\n" + data)[:4].hex() != key_id:
            raise Malformed(f"the key of {name} is damaged")
        if is_of_small_order(decode_point(data[1:])):
            raise Malformed(f"the key of {name} is of small order: anybody can sign with it")
        return Key(name, bytes.fromhex(key_id), data[1:])

    def is_met(self, signed: dict[str, str]) -> bool:
        met = {"none": True, **{name: name in signed for name in self.witnesses}}
        for name, (many, members) in self.groups.items():  # a group stands behind its members
            met[name] = sum(met[member] for member in members) >= many
        return met[self.quorum]

    def counts(self) -> set[str]:
        """Return the witnesses that the quorum reaches."""
        reached, open_ends = set(), [self.quorum]
        while open_ends:
            name = open_ends.pop()
            reached.add(name)
            open_ends += self.groups[name][1] if name in self.groups else []
        return reached & set(self.witnesses)


# --- Section 6: time stamps. DER, and signatures by RSA (PKCS #1, version 1.5).

SIGNED_DATA, TST_INFO, RSA = "2a864886f70d010702", "2a864886f70d0109100104", "2a864886f70d010101"
CONTENT_TYPE, MESSAGE_DIGEST = "2a864886f70d010903", "2a864886f70d010904"
SHA2 = {f"60864801650304020{n}": name for n, name in ((1, "sha256"), (2, "sha384"), (3, "sha512"))}


class Element(NamedTuple):
    tag: int
    content: bytes
    whole: bytes
    parts: tuple[Element, ...]

    def at(self, *way: int) -> Element:
        element = self
        for position in way:
            if not -len(element.parts) <= position < len(element.parts):
                raise Malformed("a time stamp or certificate has another form")
            element = element.parts[position]
        return element


def read_der(data: bytes) -> Element:
    """Read one DER value that fills the data."""
    count = 0

    def read(start: int, end: int, depth: int) -> Element:
        nonlocal count
        count += 1
        if count > MOST_ELEMENTS or depth > DEEPEST_ELEMENT:
            raise NotChecked("a time stamp or certificate has too many parts")
        size, at = (data[start + 1], start + 2) if end - start > 1 else (128, end)
        if size > 128:
            size, at = int.from_bytes(data[at : at + size - 128], "big"), at + size - 128
        elif size == 128:
            at = end + 1
        if at + size > end:
            raise Malformed("a time stamp or certificate is cut off")
        parts, inner = [], at
        while data[start] & 32 and inner < at + size:
            parts.append(read(inner, at + size, depth + 1))
            inner += len(parts[-1].whole)
        return Element(data[start], data[at : at + size], data[start : at + size], tuple(parts))

    element = read(0, len(data), 1)
    if len(element.whole) != len(data):
        raise Malformed("there are bytes behind a time stamp or certificate")
    return element


def rsa_keys(pem: bytes) -> dict[bytes, tuple[int, int]]:
    """Return modulus and exponent of the RSA certificates, by issuer and serial number."""
    keys = {}
    for text in re.findall(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE", pem):
        certificate = read_der(unbase64(b"".join(text.split()).decode()))
        fields = [part for part in certificate.at(0).parts if part.tag != 0xA0]
        if len(fields) < 6:
            raise Malformed("a certificate has another form")
        serial, issuer, key = fields[0], fields[2], fields[5]
        if key.at(0, 0).content.hex() == RSA:
            pair = read_der(key.at(1).content[1:])
            modulus, exponent = (int.from_bytes(pair.at(at).content, "big") for at in (0, 1))
            if modulus.bit_length() <= 16_384 and exponent.bit_length() <= 64:
                keys[issuer.whole + serial.whole] = (modulus, exponent)
    return keys


def read_stamp(reply: bytes, note: bytes, keys: dict[bytes, tuple[int, int]]) -> tuple[str, bool]:
    """Return when this note was stamped, and whether a key that the auditor brought says so."""
    response = read_der(reply)
    token = response.at(1)
    signed = token.at(1, 0)
    content = signed.at(2, 1, 0).content
    if response.at(0, 0).content not in (b"\0", b"\1") or token.at(0).content.hex() != SIGNED_DATA:
        raise Malformed("a time stamp was refused by the time stamper")
    info = read_der(content)
    imprint, over = info.at(2, 1).content, info.at(2, 0, 0).content.hex()
    if signed.at(2, 0).content.hex() != TST_INFO or SHA2.get(over) != "sha256" or imprint != sha256(note):
        raise Malformed("a time stamp is over something else")
    two = rb"([0-9]{2})"
    digits = re.fullmatch(rb"([0-9]{4})" + 5 * two + rb"(?:\.[0-9]+)?Z", info.at(4).content)
    time = "{}-{}-{}T{}:{}:{}.000000Z".format(*(part.decode() for part in digits.groups())) if digits else ""
    if not is_time(time):
        raise Malformed("a time stamp has no time")
    signers = signed.at(-1)
    signer = signers.at(0)
    who, algorithm, attributes, signature = signer.at(1), signer.at(2), signer.at(3), signer.at(5)
    if signers.tag != 0x31 or len(signers.parts) != 1:
        raise Malformed("a time stamp has not exactly one signer")
    if who.content not in keys:
        return time, False
    oid = algorithm.at(0).content
    digest_name = SHA2.get(oid.hex())
    said = {part.at(0).content.hex(): part.at(1, 0).content for part in attributes.parts}
    if digest_name is None or attributes.tag != 0xA0:
        raise Malformed("a time stamp is signed in a way that this program does not know")
    if (
        said.get(CONTENT_TYPE, b"").hex() != TST_INFO
        or said.get(MESSAGE_DIGEST) != hashlib.new(digest_name, content).digest()
    ):
        raise Malformed("a time stamp's signature is over something else")
    digest = hashlib.new(digest_name, b"\x31" + attributes.whole[1:]).digest()
    modulus, exponent = keys[who.content]
    length = (modulus.bit_length() + 7) // 8
    digest_info = (
        bytes([0x30, 17 + len(digest), 0x30, 13, 6, 9]) + oid + bytes([5, 0, 4, len(digest)]) + digest
    )
    padded = b"\0\1" + b"\xff" * (length - 3 - len(digest_info)) + b"\0" + digest_info
    number = int.from_bytes(signature.content, "big")
    if len(signature.content) != length or pow(number, exponent, modulus) != int.from_bytes(padded, "big"):
        raise Malformed("a time stamp's signature is wrong")
    return time, True


# --- Section 7: the zip. One layout is allowed, so that whatever unpacks the file gets the bytes that are checked here.

FIRST = [
    "README.txt",
    "bundle.json",
    "checkpoint.txt",
    "policy.txt",
    "events.jsonl",
    "report.csv",
    "report.xlsx",
    "report.pdf",
]
LAST = ["verify_audit.py", "verify.html", "SHA256SUMS"]
REPACKED = "it was repacked, extended or cut: take the file as it was downloaded"


class Entry(NamedTuple):
    name: str
    method: int
    crc: int
    packed: int
    size: int
    header: int  # offset of the local header

    def local(self) -> bytes:
        return b"PK\3\4" + self.common() + self.name.encode()

    def central(self) -> bytes:
        tail = struct.pack("<3H2I", 0, 0, 0, 0x81A40000, self.header)
        return b"PK\1\2" + struct.pack("<H", 0x0314) + self.common() + tail + self.name.encode()

    def common(self) -> bytes:
        sizes = (self.crc, self.packed, self.size, len(self.name), 0)
        return struct.pack("<5H3I2H", 20, 0, self.method, 0, 0x21, *sizes)

    def most(self) -> int:
        text = LARGEST_TEXT if self.name.endswith(".txt") and self.name != "README.txt" else LARGEST_OTHER
        return LARGEST_ENTRY.get(self.name, LARGEST_STAMP if self.name.endswith(".tsr") else text)


class Bundle:
    """The entries of a zip whose layout is that of section 7."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.entries: dict[str, Entry] = {}
        self.hashes: dict[str, bytes] = {}
        length = file.seek(0, os.SEEK_END)
        if length > LARGEST_FILE:
            raise NotChecked("the file is larger than 2 GiB")
        end = self.read(max(length - 22, 0), 22)
        if self.read(0, 4) != b"PK\3\4" or length < 22:
            raise NotChecked("this is no bundle")
        count, size, start = struct.unpack("<10xH2I2x", end)
        directory = self.read(start, min(size, 100_000))
        if end[:4] == b"PK\5\6" and b".tlog-proof" in directory:
            raise NotChecked("it is of an older format: export the report again")
        if end[:4] == b"PK\5\6" and count > MOST_ENTRIES:
            raise NotChecked(f"it has more than {MOST_ENTRIES} entries")
        if (
            end != struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, size, start, 0)
            or start + size + 22 != length
        ):
            raise NotChecked(REPACKED)
        self.read_directory(directory, count, start)
        self.check_names(list(self.entries))

    def read(self, at: int, size: int) -> bytes:
        self.file.seek(at)
        return self.file.read(size)

    def read_directory(self, directory: bytes, count: int, start: int) -> None:
        at, header = 0, 0
        for _ in range(count):
            if len(directory) - at < 46:
                raise NotChecked(REPACKED)
            method, crc, packed, size, length = struct.unpack_from("<10xH4x3IH", directory, at)
            name = directory[at + 46 : at + 46 + length].decode("latin-1")
            entry = Entry(name, method, crc, packed, size, header)
            central = entry.central() if name.isascii() else b""
            if not central or directory[at : at + len(central)] != central or name in self.entries:
                raise NotChecked(REPACKED)
            local = entry.local()
            if self.read(header, len(local)) != local or method != (0 if name == "SHA256SUMS" else 8):
                raise NotChecked(REPACKED)
            if size > entry.most():
                raise NotChecked(f"{name} is too large")
            self.entries[name] = entry
            at += len(central)
            header += len(local) + packed
        if at != len(directory) or header != start:
            raise NotChecked(REPACKED)

    def check_names(self, names: list[str]) -> None:
        anchors = names[len(FIRST) : -len(LAST)]
        form = "anchors/([1-9][0-9]{0,15})[.]txt"
        found = [re.fullmatch(form, name) for name in anchors[::2]]
        sizes = [int(one[1]) for one in found if one]
        paired = [f"anchors/{size}.{kind}" for size in sorted(set(sizes)) for kind in ("txt", "tsr")]
        if names != FIRST + paired + LAST:
            raise NotChecked(f"its entries are not those of a bundle; {REPACKED}")

    def unpack(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of an entry piece by piece. Nothing is held, whatever the entry claims to be."""
        entry = self.entries[name]
        start = entry.header + len(entry.local())
        inflate = zlib.decompressobj(-15) if entry.method else None
        crc, size = 0, 0
        for at in range(0, entry.packed, 65_536):
            packed = self.read(start + at, min(65_536, entry.packed - at))
            while True:
                try:
                    piece = inflate.decompress(packed, 65_536) if inflate else packed
                except zlib.error:
                    raise NotChecked(f"{name} is damaged") from None
                packed = inflate.unconsumed_tail if inflate else b""
                if not piece and not packed:
                    break
                crc, size = zlib.crc32(piece, crc), size + len(piece)
                if size > entry.size or (inflate and inflate.unused_data):
                    raise NotChecked(f"{name} is damaged")
                yield piece
        if (crc, size) != (entry.crc, entry.size) or (inflate and not inflate.eof):
            raise NotChecked(f"{name} is damaged")

    def content(self, name: str) -> bytes:
        return b"".join(self.unpack(name))


class Scope(NamedTuple):
    """What a report is about. `since` and `until` are empty when it has no such end."""

    kind: str
    ref: str
    since: str
    until: str

    def has_in_period(self, time: str) -> bool:
        return self.since <= time and (not self.until or time < self.until)


class Head(NamedTuple):
    """A line of the manifest's sorted lists, and its path to their root."""

    position: int
    total: int
    last: int
    tag: str
    path: list[bytes]


class Chain(NamedTuple):
    """What bundle.json says of a tag: its head, or the neighbours between which it is not."""

    kind: str
    tag: str
    head: Head | None
    left: Head | None
    right: Head | None


class Claim(NamedTuple):
    """bundle.json."""

    origin: str
    size: int
    report: str
    request: int
    said_scope: dict[str, str]
    scope: Scope
    tag_key: bytes
    opening: int
    first: int
    last: int
    chains: list[Chain]
    leaves: int
    rows: int
    files: dict[str, str]
    anchors: dict[int, list[bytes]]


UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
REFERENCE = re.compile(
    f"(?:recording|statement|report):{UUID}|(?:object|user):(?:0|[1-9][0-9]*)"
    "|(?!(?:recording|statement|report|object|user):)[^:]+:.+",
    re.DOTALL,
)
CHAINS = {"target": ["obj"], "object": ["obj", "par"], "actor": ["act"], "all": []}
CLAIM_KEYS = {
    "v",
    "type",
    "origin",
    "size",
    "report",
    "request",
    "scope",
    "tag_key",
    "opening",
    "leaves",
    "rows",
}
CLAIM_KEYS |= {"files", "anchors"}
TABLES = ("report.csv", "report.xlsx", "report.pdf")


def need(fine: bool, sentence: str) -> None:
    if not fine:
        raise Malformed(sentence)


def read_claim(claim: dict[str, Any]) -> Claim:
    everything = isinstance(claim.get("scope"), dict) and claim["scope"].get("kind") == "all"
    keys = CLAIM_KEYS | {"range" if everything else "chains"}
    need(set(claim) == keys, "bundle.json has other keys than agreed")
    numbers = [claim[key] for key in ("size", "request", "opening", "leaves", "rows")]
    fits = claim["v"] == 2 and all(map(is_index, numbers)) and claim["size"] >= 2
    need(fits, "bundle.json has a wrong number")
    report, files = claim["report"], claim["files"]
    need(isinstance(report, str) and re.fullmatch(UUID, report) is not None, "the report's id is no UUID")
    need(
        isinstance(claim["origin"], str) and is_hex(claim["tag_key"]), "the origin or the tag key is damaged"
    )
    need(isinstance(files, dict) and set(files) == set(TABLES), "bundle.json names other files than agreed")
    need(all(map(is_hex, files.values())), "a hash in bundle.json is damaged")
    scope = read_scope(claim["scope"])
    span = claim["range"] if everything else {"first": 0, "last": 0}
    need(isinstance(span, dict) and set(span) == {"first", "last"}, "the range is damaged")
    fits = all(map(is_index, span.values())) and span["first"] <= span["last"] < claim["size"]
    need(fits, "the range is damaged")
    tag_key = bytes.fromhex(claim["tag_key"])
    tags = {kind: tag_of(tag_key, kind, scope.ref) for kind in CHAINS[scope.kind]}
    chains = [read_chain(chain, tags) for chain in listed(claim.get("chains", []), 2)]
    need([chain.kind for chain in chains] == CHAINS[scope.kind], "the chains are not those of the scope")
    anchors: dict[int, list[bytes]] = {}
    for anchor in listed(claim["anchors"], 100):
        need(isinstance(anchor, dict) and set(anchor) == {"size", "consistency"}, "an anchor is damaged")
        size = anchor["size"]
        need(is_index(size) and max(anchors, default=0) < size <= claim["size"], "the anchors do not ascend")
        anchors[size] = unbase64_hashes(anchor["consistency"])
    return Claim(
        origin=claim["origin"],
        size=claim["size"],
        report=report,
        request=claim["request"],
        said_scope=claim["scope"],
        scope=scope,
        tag_key=tag_key,
        opening=claim["opening"],
        first=span["first"],
        last=span["last"],
        chains=chains,
        leaves=claim["leaves"],
        rows=claim["rows"],
        files=files,
        anchors=anchors,
    )


@lru_cache(maxsize=4096)
def tag_of(tag_key: bytes, kind: str, ref: str) -> str:
    return hmac.new(tag_key, kind.encode() + b"\0" + ref.encode(), "sha256").hexdigest()


def listed(value: object, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise Malformed(f"bundle.json has a list that is none, or is longer than {most}")
    return value


def read_scope(scope: object) -> Scope:
    if not isinstance(scope, dict) or not all(isinstance(value, str) for value in scope.values()):
        raise Malformed("the scope is damaged")
    kind, ref = scope.get("kind", ""), scope.get("ref", "")
    keys = {"kind"} if kind == "all" else {"kind", "ref"}
    need(kind in CHAINS and set(scope) - {"from", "to"} == keys, "the scope is damaged")
    of_its_kind = kind in ("all", "actor") or (kind == "object") == ref.startswith("object:")
    fits = kind == "all" or (REFERENCE.fullmatch(ref) is not None and of_its_kind)
    need(fits, "the scope's reference is none")
    need(all(is_time(scope[end]) for end in ("from", "to") if end in scope), "the scope's times are damaged")
    result = Scope(kind, ref, scope.get("from", ""), scope.get("to", ""))
    need(not result.until or result.since < result.until, "the scope ends before it begins")
    return result


def read_chain(chain: object, tags: dict[str, str]) -> Chain:
    if not isinstance(chain, dict) or set(chain) not in ({"kind", "head"}, {"kind", "absence"}):
        raise Malformed("a chain is damaged")
    kind = chain["kind"]
    need(isinstance(kind, str) and kind in tags, "a chain is not one of the scope")
    tag = tags[kind]
    if "head" in chain:
        return Chain(kind, tag, read_head(chain["head"], tag), None, None)
    sides = chain["absence"]
    need(isinstance(sides, dict) and set(sides) <= {"left", "right"}, "an absence is damaged")
    left, right = (read_head(sides[side]) if side in sides else None for side in ("left", "right"))
    return Chain(kind, tag, None, left, right)


def read_head(head: object, tag: str = "") -> Head:
    """Read a head. The tag of the scope itself is known and does not stand in it."""
    keys = {"index", "count", "last", "path"} | (set() if tag else {"tag"})
    if not isinstance(head, dict) or set(head) != keys:
        raise Malformed("a head is damaged")
    numbers = [head[key] for key in ("index", "count", "last")]
    need(all(map(is_index, numbers)) and is_hex(head.get("tag", tag)), "a head is damaged")
    tag = head.get("tag", tag)
    return Head(head["index"], head["count"], head["last"], tag, unbase64_hashes(head["path"]))


# --- Sections 2 and 3: leaves and events.


class Leaf(NamedTuple):
    """A line of events.jsonl, or a single proof. `body` is empty when it stands for an event that is not shipped."""

    n: int
    entry: dict[str, Any]
    entry_bytes: bytes
    body: dict[str, Any]
    body_bytes: bytes
    reveal: dict[str, Any]
    gap: list[bytes]

    @property
    def time(self) -> str:
        return str(self.entry["r"])

    @property
    def kind(self) -> str:
        return str(self.entry["y"])

    def is_own(self, kind: str) -> bool:
        """Tell whether the log itself wrote this event of that type."""
        actor = self.body.get("actor")
        return self.kind == kind and isinstance(actor, dict) and actor.get("ref") == SEALER

    def detail(self, key: str) -> Any:
        detail = self.body.get("action_detail")
        return detail.get(key) if isinstance(detail, dict) else None


SEALER, MALFORMED_EVENT = "system:sealer", "event.malformed"
OWN_TYPES = {"log.opened", "heads.manifest", "sealer.incident", "key.rotated", "backup.restored"}
EVENT_TYPE = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")
OUTCOMES = ("granted", "denied", "error", "completed")
EVENT_KEYS = {"v", "id", "type", "outcome", "occurred_at", "actor", "asserted_by"}
TEXT_PARTS = {
    "actor": {"ref", "kind", "name", "role", "authn"},
    "object": {"ref", "kind", "parent", "label"},
    "purpose": {"code", "note"},
    "source": {"ip", "user_agent"},
    "request": {"id", "session", "app_version"},
}
OTHER_PARTS = {"on_behalf_of", "action_detail", "change", "authz"}
PERSONAL = (
    ("actor", "name"),
    ("source", "ip"),
    ("source", "user_agent"),
    ("purpose", "note"),
    ("object", "label"),
)


def read_line(line: bytes) -> Leaf:
    """Read a line of events.jsonl. It is canonical, so the bytes that were hashed are those of its parts."""
    text = utf8(line, "a line of events.jsonl")
    value = parse_json(text, "a line of events.jsonl")
    fits = isinstance(value, dict) and set(value) <= {"body", "entry", "gap", "reveal"}
    need(fits, "a line has other keys than agreed")
    fits = all(isinstance(value.get(key, {}), dict) for key in ("body", "entry", "reveal"))
    need(fits, "a line is damaged")
    parts = {key: to_json(value[key]) for key in sorted(value)}
    whole = "{" + ",".join(f'"{key}":{part}' for key, part in parts.items()) + "}"
    need(text == whole, "a line is not canonical JSON")
    fits = "entry" in value and ("body" in value) == ("reveal" in value) and value.get("body") != {}
    need(fits, "a line is damaged")
    gap = unbase64_hashes(value["gap"]) if "gap" in value else []
    need("gap" not in value or bool(gap), "a gap is empty")
    entry = value["entry"]
    need(is_entry(entry), "the entry of a leaf has not the form of section 3")
    body, reveal = value.get("body", {}), value.get("reveal", {})
    return Leaf(entry["n"], entry, parts["entry"].encode(), body, parts.get("body", "").encode(), reveal, gap)


def is_entry(entry: dict[str, Any]) -> bool:
    """Tell whether an entry has the form of section 3."""
    keys, n = {"v", "n", "e", "bh", "r", "y", "o"}, entry.get("n", -1)
    if not {"v", "bh", "r"} <= set(entry):
        return False
    if not is_index(n) or "act" not in entry or not all(isinstance(entry.get(key), str) for key in "eyo"):
        return False
    for kind in ("act", "obj", "par"):
        if kind in entry:
            count, before = entry.get(f"{kind}_n", 0), entry.get(f"{kind}_prev", -1)
            follows = before == -1 if count == 1 else is_index(before) and before < n
            if not is_hex(entry[kind]) or not is_index(count) or count == 0 or not follows:
                return False
            keys |= {kind, f"{kind}_n"} | ({f"{kind}_prev"} if count > 1 else set())
    newer = "late" in entry or "par" in entry
    fine = entry["v"] == 2 or (entry["v"] == 1 and not newer)
    fine = fine and is_hex(entry["bh"]) and is_time(entry["r"]) and entry.get("late", 1) == 1
    return fine and set(entry) - {"late"} == keys


def problem_with_event(body: dict[str, Any]) -> str:
    """Say what is not as section 2 has it."""
    parts = set(body) - EVENT_KEYS
    if not set(body) >= EVENT_KEYS or not parts <= {*TEXT_PARTS, *OTHER_PARTS}:
        return "the event has other keys than an event"
    if body["v"] != 1 or not is_time(body["occurred_at"]) or body["asserted_by"] not in ("server", "client"):
        return "the event has another form"
    texts = [body["id"], body["type"], body["outcome"]]
    if not all(isinstance(text, str) for text in texts) or not re.fullmatch(UUID, body["id"]):
        return "the event's id is no UUID"
    if not EVENT_TYPE.fullmatch(body["type"]) or body["outcome"] not in OUTCOMES:
        return "the event's type or outcome is none"
    for part in parts | {"actor"}:
        values = body[part]
        if not isinstance(values, dict) or not values:
            return f"the event's {part} is empty or no object"
        texts_only = part in OTHER_PARTS or all(isinstance(value, str) for value in values.values())
        if not texts_only or not set(values) <= TEXT_PARTS.get(part, set(values)):
            return f"the event's {part} has another form"
    if "ref" not in body["actor"] or ("object" in body and "ref" not in body["object"]):
        return "the event's actor or object has no reference"
    if any(not is_hex(body[part][key]) for part, key in PERSONAL if key in body.get(part, {})):
        return "a personal value stands open in the event"
    return ""


def problem_with_reveal(leaf: Leaf) -> str:
    for field, secret in leaf.reveal.items():
        part, _, key = field.partition(".")
        if (
            not isinstance(secret, dict)
            or set(secret) != {"salt", "value"}
            or not isinstance(secret["value"], str)
        ):
            return f"what is revealed of {printable(field)} has another form"
        committed = (
            leaf.body.get(part, {}).get(key) if part == "action_detail" or (part, key) in PERSONAL else None
        )
        if not is_hex(secret["salt"], 16) or not is_hex(committed):
            return f"{printable(field)} is revealed and was never committed to"
        message = b"audit-field-v1\0" + field.encode() + b"\0" + bytes.fromhex(secret["salt"])
        if sha256(message + secret["value"].encode()).hex() != committed:
            return f"{printable(field)} is not what was committed to"
    return ""


def printable(text: str) -> str:
    """Return a text without what could rearrange a terminal's lines."""
    return re.sub("[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", "\ufffd", text)


# --- Section 8: the table.

HEADER = (
    "leaf,recorded_at,occurred_at,type,outcome,actor,actor_name,role,purpose,note,target,target_label,parent,address,"
    "request_id,detail,event_id,body_sha256"
)
FORMULA = "[=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]"
UNSEEN = '\0-\x08\x0b\x0c\x0e-\x20"\x7f-\xa0\xad\u061c\u1680\u180e'
UNSEEN = f"[{UNSEEN}\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]*"
BEGINS_LIKE_FORMULA = re.compile(f"['\t\r\n\0]|{UNSEEN}{FORMULA}")
FORMULA_AFTER_SEPARATOR = re.compile(f"[;\t\r\n](?={UNSEEN}{FORMULA})")


HARMLESS = re.compile("[0-9A-Za-z][0-9A-Za-z._:-]*")  # what most cells hold


def cell(text: str) -> str:
    if HARMLESS.fullmatch(text) or not text:
        return text
    harmless = FORMULA_AFTER_SEPARATOR.sub(r"\g<0>'", text)
    if BEGINS_LIKE_FORMULA.match(text):
        harmless = "'" + harmless
    return '"' + harmless.replace('"', '""') + '"' if re.search('[",\r\n]', harmless) else harmless


def table_row(leaf: Leaf) -> bytes:
    entry, body = leaf.entry, leaf.body

    def said(part: str, key: str) -> str:
        return str(body.get(part, {}).get(key, ""))

    def personal(part: str, key: str) -> str:
        shown = leaf.reveal.get(f"{part}.{key}")
        return str(shown["value"]) if shown else "erased" if said(part, key) else ""

    detail = {
        key: leaf.reveal[f"action_detail.{key}"]["value"] if f"action_detail.{key}" in leaf.reveal else value
        for key, value in body.get("action_detail", {}).items()
    }
    cells = [
        str(leaf.n),
        leaf.time,
        str(body.get("occurred_at", "")),
        leaf.kind,
        str(entry["o"]),
        said("actor", "ref"),
        personal("actor", "name"),
        said("actor", "role"),
        said("purpose", "code"),
        personal("purpose", "note"),
        said("object", "ref"),
        personal("object", "label"),
        said("object", "parent"),
        personal("source", "ip"),
        said("request", "id"),
        to_json(detail) if detail else "",
        str(entry["e"]),
        str(entry["bh"]),
    ]
    return (",".join(map(cell, cells)) + "\r\n").encode()


# --- Section 9: the checks. Those that look at leaves see one line after the other and keep only what they need.


class Brought(NamedTuple):
    """What the auditor gives beside the file."""

    policy: bytes | None = None
    tsa: bytes | None = None
    older: bytes | None = None
    proof: bytes | None = None


class Watcher:
    """A check that looks at each leaf as it comes; `problem` is the first thing that it found wrong."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.problem = ""

    def look(self, leaf: Leaf, mine: bool, row: bool) -> None:
        """Look at a leaf; `mine` is one of the scope, `row` one of the table as well."""
        if not self.problem:
            problem = self.problem_with(leaf, mine, row)
            self.problem = f"leaf {leaf.n}: {problem}" if problem else ""

    def problem_with(self, leaf: Leaf, mine: bool, row: bool) -> str:
        raise NotImplementedError


class Bodies(Watcher):
    """Each event is to the byte the one that was sealed, of the person and thing that its tags count."""

    def problem_with(self, leaf: Leaf, mine: bool, row: bool) -> str:
        told = row or leaf.kind in OWN_TYPES or leaf.n == self.claim.request
        told = told or (mine and leaf.kind == "recording.discovered")
        if bool(leaf.body) != (told and leaf.kind != MALFORMED_EVENT):
            return "it comes with an event, and should not" if leaf.body else "its event is missing"
        key = self.claim.tag_key
        if leaf.kind == MALFORMED_EVENT:
            its_own = leaf.entry["act"] == tag_of(key, "act", SEALER) and not {"obj", "par"} & set(leaf.entry)
            return "" if its_own and leaf.entry["o"] == "error" else "it is no leaf of a malformed event"
        return problem_with_body(leaf) or problem_with_tags(leaf, key) if leaf.body else ""


def problem_with_body(leaf: Leaf) -> str:
    entry, body = leaf.entry, leaf.body
    if sha256(leaf.body_bytes).hex() != entry["bh"]:
        return "the event is not the one that was sealed"
    if len(leaf.body_bytes) > LONGEST_EVENT:
        return "the event is too long"
    problem = problem_with_event(body)
    if not problem and [body["id"], body["type"], body["outcome"]] != [entry["e"], entry["y"], entry["o"]]:
        return "the entry is of another event"
    return problem


def problem_with_tags(leaf: Leaf, tag_key: bytes) -> str:
    thing = leaf.body.get("object", {})
    refs = {"act": leaf.body["actor"]["ref"], "obj": thing.get("ref")}
    if leaf.entry["v"] == 2:
        refs["par"] = thing.get("parent")
    for kind in ("act", "obj", "par"):
        ref = refs.get(kind)
        if leaf.entry.get(kind) != (None if ref is None else tag_of(tag_key, kind, ref)):
            return f"its tag {kind} is that of another reference"
    return ""


class Values(Watcher):
    """Each name, address, note or label shown is the one that the event committed to."""

    shown = erased = 0

    def problem_with(self, leaf: Leaf, mine: bool, row: bool) -> str:
        committed = [f"{part}.{key}" for part, key in PERSONAL if key in leaf.body.get(part, {})]
        self.shown += len(leaf.reveal)
        self.erased += sum(field not in leaf.reveal for field in committed)
        return problem_with_reveal(leaf)


class Chains(Watcher):
    """No leaf of the scope is missing: leaves count themselves, or stand without a gap."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(claim)
        self.counts = {chain.kind: 0 for chain in claim.chains}
        self.lasts = {chain.kind: -1 for chain in claim.chains}
        self.inside = self.rows = 0
        self.first_newest = self.last_closed = ""

    def problem_with(self, leaf: Leaf, mine: bool, row: bool) -> str:
        self.inside += mine
        self.rows += row
        if leaf.n == self.claim.first and leaf.is_own("heads.manifest"):
            self.first_newest = str(leaf.detail("newest"))
        if leaf.n == self.claim.last and leaf.is_own("heads.manifest"):
            self.last_closed = str(leaf.detail("closed_until"))
        for chain in self.claim.chains:
            kind = chain.kind
            if leaf.n < self.claim.size - 1 and leaf.entry.get(kind) == chain.tag:
                before = leaf.entry.get(f"{kind}_prev", -1)
                if (leaf.entry[f"{kind}_n"], before) != (self.counts[kind] + 1, self.lasts[kind]):
                    return "a leaf of the scope before it is missing"
                self.counts[kind], self.lasts[kind] = self.counts[kind] + 1, leaf.n
        return ""


class Incident(NamedTuple):
    """A leaf of the sealer that speaks of the leaves directly after it."""

    n: int
    code: str
    length: int

    def speaks_of(self, leaf: Leaf) -> bool:
        code = "event_malformed" if leaf.kind == MALFORMED_EVENT else "event_late"
        return self.code == code and self.n < leaf.n <= self.n + self.length


def read_incident(leaf: Leaf) -> Incident | None:
    code, count = leaf.detail("code"), leaf.detail("count")
    if not leaf.is_own("sealer.incident") or leaf.detail("first") != leaf.n + 1 or not is_index(count):
        return None
    return Incident(leaf.n, str(code), int(count))


def needs_incident(leaf: Leaf) -> bool:
    return "late" in leaf.entry or leaf.kind == MALFORMED_EVENT


class Times(Watcher):
    """No event was dated back: each was recorded between the manifests, stamps and cosignatures around it."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(claim)
        self.newest = self.closed = ""
        self.incident: Incident | None = None
        self.newest_below: dict[int, str] = {}  # by the size of an anchor

    def problem_with(self, leaf: Leaf, mine: bool, row: bool) -> str:
        if leaf.time < self.closed and "late" not in leaf.entry:
            return f"it was recorded before {spoken(self.closed)}, when the log had been closed for that time"
        if leaf.is_own("heads.manifest"):
            newest, closed = leaf.detail("newest"), leaf.detail("closed_until")
            if is_time(newest) and self.newest > newest:
                return "an earlier leaf was recorded later than it says"
            self.closed = max(self.closed, closed) if is_time(closed) else self.closed
        spoken_of = self.incident is not None and self.incident.speaks_of(leaf)
        self.incident = read_incident(leaf) or self.incident
        speaks_itself = leaf.is_own("sealer.incident") and leaf.detail("code") == "event_late"
        if mine and needs_incident(leaf) and not spoken_of and not speaks_itself:
            return "it was sealed late or is malformed, and no incident says so"
        self.newest = max(self.newest, leaf.time)
        if leaf.n + 1 in self.claim.anchors:
            self.newest_below[leaf.n + 1] = self.newest
        return ""


class Table(Watcher):
    """report.csv says what the verified events say, to the byte."""

    def __init__(self, claim: Claim, bundle: Bundle) -> None:
        super().__init__(claim)
        self.pieces = bundle.unpack("report.csv")
        self.buffer = b""
        if not self.goes_on_with(f"\ufeff{HEADER}\r\n".encode()):
            self.problem = "the first line of report.csv is not as agreed"

    def goes_on_with(self, line: bytes) -> bool:
        while len(self.buffer) < len(line):
            piece = next(self.pieces, b"")
            if not piece:
                return False
            self.buffer += piece
        fits = self.buffer.startswith(line)
        self.buffer = self.buffer[len(line) :]
        return fits

    def problem_with(self, leaf: Leaf, mine: bool, row: bool) -> str:
        return "report.csv says something else" if row and not self.goes_on_with(table_row(leaf)) else ""


class Facts(Watcher):
    """What the verdict in words needs."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(claim)
        self.viewings = self.late = self.malformed = 0
        self.went_on = self.discovered = False
        self.label = ""

    def problem_with(self, leaf: Leaf, mine: bool, row: bool) -> str:
        self.viewings += row and leaf.kind == "viewing.url_issued"
        self.went_on = self.went_on or (row and leaf.kind in WENT_ON)
        self.discovered = self.discovered or (mine and leaf.kind == "recording.discovered")
        self.late += row and "late" in leaf.entry
        self.malformed += row and leaf.kind == MALFORMED_EVENT
        part, field = (
            ("actor", "actor.name") if self.claim.scope.kind == "actor" else ("object", "object.label")
        )
        if mine and field in leaf.reveal and leaf.body.get(part, {}).get("ref") == self.claim.scope.ref:
            self.label = leaf.reveal[field]["value"]
        return ""


WENT_ON = ("viewing.url_renewed", "viewing.watched", "viewing.finished")


class Case:
    """A bundle under examination: what the checks found out so far, for those that come after them."""

    claim: Claim
    policy: Policy
    note: Checkpoint
    bodies: Bodies
    values: Values
    chains: Chains
    times: Times
    table: Table
    facts: Facts
    manifest: dict[str, Any]

    def __init__(self, bundle: Bundle, brought: Brought) -> None:
        self.bundle = bundle
        self.brought = brought
        self.leaves: dict[int, Leaf] = {}  # leaf 0, the opening, the request and the manifest
        self.witnesses: dict[str, str] = {}  # those who signed, and when
        self.stamps: list[tuple[int, str]] = []  # those that a brought certificate verified: size and time

    def is_in_scope(self, leaf: Leaf) -> bool:
        claim = self.claim
        if claim.scope.kind == "all":
            return claim.first <= leaf.n <= claim.last
        return leaf.n < claim.size - 1 and any(
            leaf.entry.get(chain.kind) == chain.tag for chain in claim.chains
        )


Found = tuple[str, str]  # the state of a check and its sentence


def check_files(case: Case) -> Found:
    """Nothing was added, lost or changed since SHA256SUMS was written, and bundle.json has its form."""
    bundle, names = case.bundle, sorted(case.bundle.entries)
    length, whole = bundle.entries["SHA256SUMS"].header, hashlib.sha256()
    need(bundle.entries["SHA256SUMS"].size < 100_000, "SHA256SUMS is too long")
    for at in range(0, length, MIB):
        whole.update(bundle.read(at, min(MIB, length - at)))
    sums = utf8(bundle.content("SHA256SUMS"), "SHA256SUMS")
    last = f"# {whole.hexdigest()}  the {length} bytes before this file\n"
    need(sums.endswith(last), "the file is damaged: it is not the one that SHA256SUMS was made for")
    names.remove("SHA256SUMS")
    for name in names:
        digest = hashlib.sha256()
        for piece in bundle.unpack(name):
            digest.update(piece)
        bundle.hashes[name] = digest.digest()
        need(f"{digest.hexdigest()}  {name}\n" in sums, f"{name} is not what SHA256SUMS says")
    lines = "".join(f"{bundle.hashes[name].hex()}  {name}\n" for name in names)
    need(sums == lines + last, "SHA256SUMS is not as agreed")
    bundle.hashes["SHA256SUMS"] = sha256(sums.encode())
    need(bundle.entries["bundle.json"].size <= LONGEST_JSON, "bundle.json is too long")
    said = read_json(bundle.content("bundle.json"), "bundle.json")
    if said.get("type") != "auditportal-bundle/2":
        raise NotChecked("it is of a format that this program does not know: export the report again")
    case.claim = claim = read_claim(said)
    for name in TABLES:
        need(claim.files[name] == bundle.hashes[name].hex(), f"{name} is not what bundle.json says")
    anchors = [name for name in bundle.entries if name.startswith("anchors/")]
    claimed = [f"anchors/{size}.txt" for size in claim.anchors]
    need(anchors[::2] == claimed, "the anchors are not those of bundle.json")
    return OK, f"{len(names) + 1} files, laid out as agreed, as SHA256SUMS lists them"


def check_policy(case: Case) -> Found:
    """Whose signatures count."""
    brought = case.brought.policy
    case.policy = Policy(case.bundle.content("policy.txt") if brought is None else brought)
    whose = "the bundle's own: bring yours to lift the verdict" if brought is None else "the one you brought"
    return OK, whose + skipped(case.policy)


def skipped(policy: Policy) -> str:
    return f"; keys of a kind that is not known here, skipped: {policy.unknown}" if policy.unknown else ""


def check_checkpoint(case: Case) -> Found:
    """The log stands by this size and this root."""
    case.note = note = read_checkpoint(case.bundle.content("checkpoint.txt"))
    fits = (note.origin, note.size) == (case.claim.origin, case.claim.size)
    need(fits, "bundle.json is of another checkpoint")
    need_signature_of_the_log(note, note.origin, case.policy)
    return OK, f"{printable(note.origin)}, {note.size} leaves, signed by the log"


def need_signature_of_the_log(note: Checkpoint, origin: str, policy: Policy) -> None:
    signed = [is_signed_by(note, key) for key in policy.logs if key.name == origin]
    need(note.origin == origin and any(signed), "a checkpoint is not signed by this log")


def check_witnesses(case: Case) -> Found:
    """Others saw the same log, so that its owner cannot rewrite it."""
    return witnessed(case.note, case.policy, case.witnesses)


def witnessed(note: Checkpoint, policy: Policy, signed: dict[str, str]) -> Found:
    for name, key in policy.witnesses.items():
        time = cosigned_at(note, key) if key else ""
        if time:
            signed[name] = time
    names = ", ".join(map(printable, signed))
    need(policy.is_met(signed), f"the quorum is not met; signed by: {names or 'nobody'}")
    return (OK, f"signed by {names}") if signed else (NONE, "the policy asks for none")


def check_inclusion(case: Case) -> Found:
    """The shipped leaves are those of the scope and those that every bundle has, each at its place under the root."""
    claim = case.claim
    kept = {0, claim.opening, claim.request, claim.size - 1}
    expected = kept | {size - 1 for size in claim.anchors}
    case.bodies, case.values, case.chains = Bodies(claim), Values(claim), Chains(claim)
    case.times, case.table, case.facts = Times(claim), Table(claim, case.bundle), Facts(claim)
    watchers = (case.bodies, case.values, case.chains, case.times, case.table, case.facts)
    tree, before, count, missing = Subtrees(), -1, 0, set(expected)
    newest_old, oldest_new = -1, claim.size
    unused: Incident | None = None
    for leaf in read_leaves(case.bundle):
        need(before < leaf.n, f"leaf {leaf.n} stands behind leaf {before}")
        need(tree.skip(leaf.n, leaf.gap), f"leaf {leaf.n}: the leaves before it are not those of its gap")
        tree.push(0, leaf_hash(leaf.entry_bytes))
        before, count = leaf.n, count + 1
        missing.discard(leaf.n)
        if leaf.n in kept:
            case.leaves[leaf.n] = leaf
        if leaf.entry["v"] == 1:
            newest_old = leaf.n
        else:
            oldest_new = min(oldest_new, leaf.n)
        mine = case.is_in_scope(leaf)
        if not mine and leaf.n not in expected:
            incident = read_incident(leaf)
            need(incident is not None and unused is None, f"leaf {leaf.n} does not belong here")
            unused = incident
        elif mine and unused and needs_incident(leaf) and unused.speaks_of(leaf):
            unused = None
        row = mine and claim.scope.has_in_period(leaf.time)
        for watcher in watchers:
            if not case.bodies.problem and not case.values.problem:
                watcher.look(leaf, mine, row)
    need(before == claim.size - 1, f"leaf {claim.size - 1} is missing")
    need(tree.root() == case.note.root, "the leaves do not lead to the root of the checkpoint")
    need(not missing, f"leaf {min(missing, default=0)} is missing")
    need(unused is None, "an incident is shipped that speaks of no leaf of the scope")
    need(count == claim.leaves, f"there are {count} leaves, and bundle.json says {claim.leaves}")
    changed = case.leaves[claim.size - 1].detail("parents_from")
    fits = not is_index(changed) or newest_old < changed <= oldest_new
    need(fits, "the versions of the leaves do not change where the manifest says")
    return OK, f"{count} leaves lead to the root of the checkpoint"


def read_leaves(bundle: Bundle) -> Iterator[Leaf]:
    rest, count = b"", 0
    for piece in bundle.unpack("events.jsonl"):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            count += 1
            if count > MOST_LINES or len(line) > LONGEST_LINE:
                raise NotChecked("events.jsonl has too many lines, or one that is too long")
            yield read_line(line)
        if len(rest) > LONGEST_LINE:
            raise NotChecked("a line of events.jsonl is too long")
    need(not rest, "events.jsonl ends within a line")


def check_bodies(case: Case) -> Found:
    need(not case.bodies.problem, case.bodies.problem)
    return OK, "each event is the one that was sealed"


def check_values(case: Case) -> Found:
    need(not case.values.problem, case.values.problem)
    shown = case.values.shown
    return (
        (OK, f"{shown} personal values are those of the events") if shown else (NONE, "nothing is revealed")
    )


def check_opening(case: Case) -> Found:
    """The key of the tags was fixed when the log was opened: nothing is counted under two tags."""
    claim = case.claim
    commitment = sha256(b"audit-tag-key-v1\0" + claim.tag_key).hex()
    for n in (0, claim.opening):
        need(case.leaves[n].is_own("log.opened"), f"leaf {n} did not open a log")
        need(case.leaves[n].detail("tag_key_sha256") == commitment, f"leaf {n} committed to another tag key")
        texts = all(isinstance(case.leaves[n].detail(key), (str, type(None))) for key in OPENING)
        need(texts, f"leaf {n} has another form")
    opening = case.leaves[claim.opening]
    need(opening.detail("origin") == claim.origin, f"leaf {claim.opening} opened a log of another name")
    earlier = opening.detail("previous_origin")
    if claim.opening:
        need(isinstance(opening.detail("reason"), str), f"leaf {claim.opening} gives no reason")
        fits = isinstance(earlier, str) and is_successor(claim.origin, earlier)
        need(fits, f"leaf {claim.opening} opened a second log that does not go on from one before it")
    return OK, f"leaf {claim.opening} opened the log and committed to the key of its tags"


OPENING = ("origin", "previous_origin", "reason")


def is_successor(origin: str, earlier: str) -> bool:
    """Tell whether an origin is that of the epoch after another (section 5)."""
    found = re.fullmatch("(.+)/([1-9][0-9]{0,15})", earlier, re.DOTALL)
    follows = found is not None and int(found[2]) >= 2 and origin == f"{found[1]}/{int(found[2]) + 1}"
    return follows or origin == f"{earlier}/2"


def check_manifest(case: Case) -> Found:
    """The counts are of the whole log up to this checkpoint, not of an earlier time."""
    leaf, numbers = case.leaves[case.claim.size - 1], ["upto", "parents_from"]
    need(leaf.is_own("heads.manifest"), "the last leaf is no heads.manifest")
    for word in PLURAL.values():
        numbers.append(f"{word}_n")
        need(is_hex(leaf.detail(f"{word}_root")), "the manifest has another form")
    need(all(is_index(leaf.detail(key)) for key in numbers), "the manifest has another form")
    times = is_time(leaf.detail("closed_until")) and is_time(leaf.detail("newest"))
    need(times, "the manifest has another form")
    need(leaf.detail("upto") == leaf.n, "the manifest is of another moment")
    need(
        leaf.detail("closed_until") <= leaf.time, "the manifest closes the log for a time that had not passed"
    )
    case.manifest = leaf.body["action_detail"]
    return OK, f"leaf {leaf.n}, closed until {spoken(case.manifest['closed_until'])}"


PLURAL = {"obj": "objects", "par": "parents", "act": "actors"}


def check_request(case: Case) -> Found:
    """This report was asked for in the log: about this scope, by that person, at that time."""
    claim, leaf = case.claim, case.leaves[case.claim.request]
    fits = claim.request < claim.size - 1 and leaf.kind == "export.requested"
    need(fits, f"leaf {leaf.n} did not ask for a report")
    fits = leaf.body.get("object", {}).get("ref") == f"report:{claim.report}"
    need(fits, f"leaf {leaf.n} asked for another report")
    need(leaf.detail("scope") == claim.said_scope, f"leaf {leaf.n} asked for a report about something else")
    return OK, f"leaf {leaf.n} asked for this report"


def check_completeness(case: Case) -> Found:
    """No event of the scope is missing."""
    claim, chains, manifest = case.claim, case.chains, case.manifest
    need(not chains.problem, chains.problem)
    need(chains.rows == claim.rows, f"there are {chains.rows} rows, and bundle.json says {claim.rows}")
    if claim.scope.kind == "all":
        need(chains.inside == claim.last - claim.first + 1, "a leaf of the period is missing")
        since, until = claim.scope.since, claim.scope.until
        begins = claim.first == 0 or (is_time(chains.first_newest) and chains.first_newest < since)
        ends = claim.last == claim.size - 1 or (
            until and is_time(chains.last_closed) and chains.last_closed >= until
        )
        need(begins, "earlier leaves of the period may be missing")
        need(bool(ends), "later leaves of the period may be missing")
    for chain in claim.chains:
        word = PLURAL[chain.kind]
        total, root = manifest[f"{word}_n"], bytes.fromhex(manifest[f"{word}_root"])
        for head in (chain.head, chain.left, chain.right):
            if head:
                said = to_json({"count": head.total, "last": head.last, "tag": head.tag}).encode()
                fits = is_included(said, head.position, total, head.path, root)
                need(fits, "a head is not in the manifest")
        if chain.head:
            same = (chain.head.total, chain.head.last) == (
                chains.counts[chain.kind],
                chains.lasts[chain.kind],
            )
            need(same, "the newest leaves of the scope are missing")
        else:
            need(not chains.counts[chain.kind], "leaves are said to be absent that are here")
            need(
                not chain.left or chain.left.tag < chain.tag,
                "what is absent does not stand after its neighbour",
            )
            need(
                not chain.right or chain.tag < chain.right.tag,
                "what is absent does not stand before its neighbour",
            )
            after = chain.right.position if chain.right else total
            need(after == (chain.left.position + 1 if chain.left else 0), "the neighbours are no neighbours")
    return OK, f"all {chains.inside} leaves of the scope"


def check_anchors(case: Case) -> Found:
    """This log goes on from checkpoints that others put a time to."""
    claim, note = case.claim, case.note
    if not claim.anchors:
        return NONE, "there are none"
    keys = rsa_keys(case.brought.tsa or b"")
    for size, path in claim.anchors.items():
        text = case.bundle.content(f"anchors/{size}.txt")
        anchor = read_checkpoint(text)
        need(
            len(anchor.lines) <= 2 and anchor.size == size,
            f"anchor {size} is not a checkpoint as the log signed it",
        )
        need_signature_of_the_log(anchor, claim.origin, case.policy)
        fits = is_consistent(size, anchor.root, note.size, note.root, path)
        need(fits, f"the log was rewritten after it had {size} leaves")
        time, verified = read_stamp(case.bundle.content(f"anchors/{size}.tsr"), text, keys)
        case.stamps += [(size, time)] if verified else []
    return OK, f"{len(claim.anchors)} time stamps, {len(case.stamps)} by a certificate that you brought"


def check_older(case: Case) -> Found:
    """This log goes on from the checkpoint that the auditor kept."""
    kept, note = read_checkpoint(case.brought.older or b""), case.note
    need_signature_of_the_log(kept, note.origin, case.policy)
    old, new = sorted((kept, note), key=lambda one: one.size)
    first, *path = (
        utf8(case.brought.proof or b"old %d" % old.size, "the proof")
        .split("\n\n")[0]
        .rstrip("\n")
        .split("\n")
    )
    need(first == f"old {old.size}", "the proof begins at another size")
    fits = is_consistent(old.size, old.root, new.size, new.root, unbase64_hashes(path))
    need(fits, "the log was rewritten, or its proof is missing (--proof)")
    return OK, f"consistent with yours of {kept.size} leaves"


def check_times(case: Case) -> Found:
    """Events were recorded when they say, as far as manifests, witnesses and time stamps tell."""
    times = case.times
    need(not times.problem, times.problem)
    for name, time in case.witnesses.items():
        fits = times.newest <= a_minute_after(time)
        need(fits, f"a leaf was recorded after {printable(name)} had seen it, at {spoken(time)}")
    for size, time in case.stamps:
        fits = times.newest_below[size] <= a_minute_after(time)
        need(fits, f"a leaf below {size} was recorded after its time stamp of {spoken(time)}")
    return (
        OK,
        f"in order; {len(case.witnesses)} witnesses and {len(case.stamps)} time stamps put an end to them",
    )


def check_table(case: Case) -> Found:
    need(not case.table.problem, case.table.problem)
    rest = case.table.buffer or next(case.table.pieces, b"")
    need(not rest, "report.csv has more rows than there are events")
    return OK, f"report.csv was made again from {case.claim.rows} events"


CHECKS: tuple[tuple[str, Callable[[Case], Found]], ...] = (
    ("files", check_files),
    ("policy", check_policy),
    ("checkpoint", check_checkpoint),
    ("witnesses", check_witnesses),
    ("inclusion", check_inclusion),
    ("bodies", check_bodies),
    ("values", check_values),
    ("opening", check_opening),
    ("manifest", check_manifest),
    ("request", check_request),
    ("completeness", check_completeness),
    ("anchors", check_anchors),
    ("older", check_older),
    ("times", check_times),
    ("table", check_table),
)
# Without what these find out, nothing that follows can be checked.
FUNDAMENTAL = ("files", "policy", "checkpoint", "inclusion", "bodies", "values", "manifest")


def run(steps: list[tuple[str, Callable[[], Found]]]) -> list[Check]:
    """Make the checks in order. This is the one place where something malformed becomes a sentence."""
    checks: list[Check] = []
    broken = ""
    for name, check in steps:
        try:
            state, sentence = (NONE, f"not looked at: {broken} failed") if broken else check()
        except Malformed as problem:
            state, sentence = FAIL, str(problem)
            broken = name if name in FUNDAMENTAL else ""
        checks.append(Check(name, state, sentence))
    return checks


def check_bundle(bundle: Bundle, brought: Brought) -> Result:
    case = Case(bundle, brought)
    wanted = [(name, check) for name, check in CHECKS if name != "older" or brought.older is not None]
    checks = run([(name, partial(check, case)) for name, check in wanted])
    if any(check.state == FAIL for check in checks):
        return Result(tuple(checks), (), "INVALID", 1)
    verdict = verdict_of(case.policy, case.witnesses, case.stamps, brought)
    return Result(tuple(checks), tuple(statement(case)), verdict, 0)


def verdict_of(
    policy: Policy, signed: dict[str, str], stamps: list[tuple[int, str]], brought: Brought
) -> str:
    counted = policy.counts()
    names = [printable(name) for name in signed if name in counted]
    if names and brought.policy is not None:
        return "WITNESSED by " + ", ".join(names)
    if stamps:
        size, time = max(stamps)
        return f"ANCHORED (time-stamped {spoken(time)}, leaves below {size})"
    return "CONSISTENT (self-signed only)"


class Proof:
    """The proof of one event under examination. It says nothing about others that may be missing."""

    policy: Policy
    note: Checkpoint
    leaf: Leaf

    def __init__(self, data: bytes, brought: Brought) -> None:
        form = (
            rb"c2sp\.org/tlog-proof@v1\nextra (\S+)\nindex (0|[1-9][0-9]{0,15})\n((?:\S+\n){0,63})\n([\s\S]*)"
        )
        found = re.fullmatch(form, data)
        if len(data) > LONGEST_JSON or not found:
            raise NotChecked("this is no proof of an event")
        self.extra, self.index, self.path, self.signed = found.groups()
        self.brought = brought
        self.witnesses: dict[str, str] = {}

    def check_policy(self) -> Found:
        if self.brought.policy is None:
            raise Malformed("a single proof holds no policy: bring yours with --policy")
        self.policy = Policy(self.brought.policy)
        return OK, "the one you brought" + skipped(self.policy)

    def check_checkpoint(self) -> Found:
        self.note = read_checkpoint(self.signed)
        need_signature_of_the_log(self.note, self.note.origin, self.policy)
        return OK, f"{printable(self.note.origin)}, {self.note.size} leaves, signed by the log"

    def check_witnesses(self) -> Found:
        return witnessed(self.note, self.policy, self.witnesses)

    def check_inclusion(self) -> Found:
        said = read_json(unbase64(utf8(self.extra, "the proof")), "the event of the proof")
        need(set(said) == {"body", "entry", "reveal"}, "the proof has another form")
        texts = isinstance(said["entry"], str) and isinstance(said["body"], str)
        need(texts and isinstance(said["reveal"], dict), "the proof has another form")
        entry, body = said["entry"].encode(), said["body"].encode()
        self.leaf = leaf = Leaf(
            int(self.index), read_json(entry, "the entry"), entry, {}, body, said["reveal"], []
        )
        need(
            is_entry(leaf.entry) and leaf.entry["n"] == leaf.n,
            "the entry of the leaf has another form or index",
        )
        path = unbase64_hashes(utf8(self.path, "the proof").split("\n")[:-1])
        fits = is_included(entry, leaf.n, self.note.size, path, self.note.root)
        need(fits, "the path does not lead to the root of the checkpoint")
        return OK, f"leaf {leaf.n} leads to the root of the checkpoint"

    def check_bodies(self) -> Found:
        self.leaf = self.leaf._replace(body=read_json(self.leaf.body_bytes, "the event"))
        problem = problem_with_body(self.leaf)
        need(not problem, problem)
        return OK, "the event is the one that was sealed"

    def check_values(self) -> Found:
        problem = problem_with_reveal(self.leaf)
        need(not problem, problem)
        shown = len(self.leaf.reveal)
        return (
            (OK, f"{shown} personal values are those of the event")
            if shown
            else (NONE, "nothing is revealed")
        )

    def check_times(self) -> Found:
        for name, time in self.witnesses.items():
            fits = self.leaf.time <= a_minute_after(time)
            need(fits, f"the event was recorded after {printable(name)} had seen it, at {spoken(time)}")
        seen = len(self.witnesses)
        return (
            (OK, f"{seen} witnesses saw it when it says, or later") if seen else (NONE, "no witness signed")
        )


def check_proof(proof: Proof) -> Result:
    checks = run(
        [
            ("policy", proof.check_policy),
            ("checkpoint", proof.check_checkpoint),
            ("witnesses", proof.check_witnesses),
            ("inclusion", proof.check_inclusion),
            ("bodies", proof.check_bodies),
            ("values", proof.check_values),
            ("times", proof.check_times),
        ]
    )
    if any(check.state == FAIL for check in checks):
        return Result(tuple(checks), (), "INVALID", 1)
    return Result(tuple(checks), (), verdict_of(proof.policy, proof.witnesses, [], proof.brought), 0)


# --- Section 10: the verdict in words.


def statement(case: Case) -> Iterator[Line]:
    """Yield the sentences that stand before the verdict."""
    claim, scope, facts, manifest = case.claim, case.claim.scope, case.facts, case.manifest
    first, closed, values = case.leaves[0], manifest["closed_until"], case.values
    start = max(scope.since, first.time)  # nobody vouches for a time in which there was no log
    end = min(scope.until, closed) if scope.until else closed

    about = {
        "target": f"every event on {scope.ref}",
        "object": f"every event on {scope.ref} and on its recordings",
        "actor": f"every event by {scope.ref}",
        "all": "every event",
    }[scope.kind]
    yield Line("About", about + (f" (“{facts.label}”)" if facts.label else ""))
    since = f"from {spoken(scope.since)}" if scope.since else "from the beginning of the log"
    yield Line("Period", f"{since}, " + (f"before {spoken(scope.until)}" if scope.until else "no end"))
    complete = f"no event is missing from {spoken(start)} until {spoken(end)}"
    if not scope.until:
        complete += " (the report has no end; later events are not covered)"
    if scope.until > closed:
        complete += f" (the period asked for ends later, at {spoken(scope.until)})"
    if first.time >= closed:
        complete = f"not stated: the log was opened at {spoken(first.time)} and vouches for no time yet"
    elif start >= end:
        vouched = f"from {spoken(first.time)} until {spoken(closed)}"
        complete = f"not stated: the log vouches for the time {vouched} only"
    yield Line("Complete", complete)
    yield Line("Viewings", viewings(case, start, end))
    yield Line("Events", {0: "no events", 1: "1 event"}.get(claim.rows, f"{claim.rows} events"))
    request = case.leaves[claim.request]
    name = request.reveal["actor.name"]["value"] if "actor.name" in request.reveal else ""
    by = request.body["actor"]["ref"] + (f" (“{name}”)" if name else "")
    yield Line("Requested", f"by {by} at {spoken(request.time)}, as report {claim.report}")
    opening = case.leaves[claim.opening]
    log = f"{claim.origin}, {claim.size} leaves, open since {spoken(first.time)}"
    if first.detail("previous_origin"):
        log += f"; leaf 0 goes on from {first.detail('previous_origin')}, which is not in this log"
    if claim.opening:
        log += f"; since leaf {claim.opening} under this name: {opening.detail('reason')}"
    yield Line("Log", log)
    seen = ", ".join(f"{name} at {spoken(time)}" for name, time in case.witnesses.items())
    yield Line("Seen by", seen or "no witness")
    yield Line("Personal values", f"{values.shown} shown, {values.erased} erased or not opened")
    if facts.late:
        events, happened = ("1 event was", "it") if facts.late == 1 else (f"{facts.late} events were", "they")
        vouched = f"only the portal vouches for when {happened} happened"
        yield Line("Sealed late", f"{events} sealed after the log was closed for their time: {vouched}")
    if facts.malformed:
        entries = (
            "1 entry is no event" if facts.malformed == 1 else f"{facts.malformed} entries are no events"
        )
        yield Line("Malformed", f"{entries} that can be read")
    if scope.kind == "object" and manifest["parents_from"]:
        earlier = "earlier events on its recordings are not covered"
        yield Line("Recordings named since", f"leaf {manifest['parents_from']}: {earlier}")
    yield Line("Not covered", "views inside CommBox, and whatever was never recorded here")
    copies = "report.xlsx, report.pdf and README.txt: copies by the portal; "
    copies += "only report.csv was made again from the events"
    untimed = (
        "" if case.witnesses or case.stamps else "; when it happened: no time stamp or witness was checked"
    )
    yield Line("Not checked", copies + untimed)
    yield Line("Trust", trust(case))


def viewings(case: Case, start: str, end: str) -> str:
    """Say whether somebody was given the address of a video, and nothing that this scope cannot tell."""
    scope, facts, parents_from = case.claim.scope, case.facts, case.manifest["parents_from"]
    person = scope.kind == "actor"
    who, nobody = ("this person was", "this person was not") if person else ("somebody was", "nobody was")
    if scope.kind == "target" and not scope.ref.startswith("recording:"):
        return "not stated: this scope cannot hold viewings"
    if facts.viewings:
        times = "once" if facts.viewings == 1 else f"{facts.viewings} times"
        return f"{times} {who} given the address of a video"
    if facts.went_on:
        return "none began in this time; one that began before went on"
    if scope.kind in ("target", "object") and not facts.discovered:
        what = "this recording" if scope.kind == "target" else "any recording of this object"
        return f"not stated: the log does not know {what}"
    if start >= end:
        return "not stated: the log does not vouch for this time"
    if scope.kind == "object" and parents_from:
        return f"none from leaf {parents_from} until {spoken(end)}"
    return f"none: {nobody} given the address of a video from {spoken(start)} until {spoken(end)}"


def trust(case: Case) -> str:
    if case.brought.policy is None:
        return "the bundle’s own policy: only its maker vouches for it"
    if case.brought.policy == case.bundle.content("policy.txt"):
        doubt = "if you took it from there, only its maker vouches for it"
        return f"the policy you brought, which is the one in the bundle: {doubt}"
    return "the policy you brought"


# --- The program.


def examine(file: BinaryIO, brought: Brought) -> tuple[Result, Bundle | None]:
    """Check what a file holds; return the bundle as well when it is one."""
    try:
        file.seek(0)
        if file.read(21) == b"c2sp.org/tlog-proof@v":
            file.seek(0)
            return check_proof(Proof(file.read(LONGEST_JSON + 1), brought)), None
        bundle = Bundle(file)
        return check_bundle(bundle, brought), bundle
    except NotChecked as problem:
        return not_checked(str(problem)), None


def not_checked(why: str) -> Result:
    return Result((), (), f"NOT CHECKED: {why}", 2)


def verify(
    source: Any,
    policy: bytes | str | None = None,
    tsa: bytes | str | None = None,
    older: bytes | str | None = None,
    proof: bytes | str | None = None,
) -> Result:
    """Check a bundle or a proof: a path, or a binary file that can seek. What the auditor brought is text or bytes."""
    brought = Brought(
        *(text.encode() if isinstance(text, str) else text for text in (policy, tsa, older, proof))
    )
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            return examine(file, brought)[0]
    return examine(source, brought)[0]


def extract(bundle: Bundle, folder: str) -> str:
    """Write the bytes of every entry that was verified into an empty folder, hashed once more on their way."""
    os.makedirs(os.path.join(folder, "anchors"), exist_ok=True)
    for name in bundle.entries:
        digest = hashlib.sha256()
        with open(os.path.join(folder, *name.split("/")), "xb") as out:
            for piece in bundle.unpack(name):
                digest.update(piece)
                out.write(piece)
        if digest.digest() != bundle.hashes[name]:
            raise NotChecked(f"{name} changed while it was read")
    return f"{len(bundle.entries)} verified files were written to {folder}"


def read_whole(path: str | None) -> bytes | None:
    if path is None:
        return None
    with open(path, "rb") as file:
        data = file.read(MIB + 1)
    if len(data) > MIB:
        raise NotChecked(f"{path} is larger than 1 MiB")
    return data


def examine_as_asked(given: argparse.Namespace) -> tuple[Result, str]:
    """Do what the command line says; return the result and what was written, in a sentence."""
    if given.extract and os.path.isdir(given.extract) and os.listdir(given.extract):
        raise NotChecked(f"the folder {given.extract} is not empty")
    brought = Brought(*(read_whole(path) for path in (given.policy, given.tsa, given.older, given.proof)))
    with open(given.bundle, "rb") as file:
        result, bundle = examine(file, brought)
        if not given.extract:
            return result, ""
        if bundle is None or result.exit_code:
            return result, "nothing was written"
        return result, extract(bundle, given.extract)


def show(result: Result, written: str) -> None:
    print(NOTICE)
    for check in result.checks:
        state = "FAIL" if check.state == FAIL else check.state
        print(f"{state:4}  {check.name:12}  {printable(check.sentence)}")
    for line in result.statement:
        print(f"{line.name}: {printable(line.text)}")
    if written:
        print(printable(written))
    print(printable(result.verdict))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle")
    parser.add_argument("--policy", metavar="FILE", help="the keys that you trust")
    parser.add_argument("--tsa", metavar="FILE", help="the time stamper's own certificate")
    parser.add_argument("--older", metavar="FILE", help="a checkpoint that you kept")
    parser.add_argument(
        "--proof", metavar="FILE", help="the proof that leads from it to the bundle's checkpoint"
    )
    parser.add_argument(
        "--extract", metavar="DIR", help="write the verified files there, unless something fails"
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    given = parser.parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        result, written = examine_as_asked(given)
    except NotChecked as problem:
        result, written = not_checked(str(problem)), ""
    except OSError as error:
        result, written = (
            not_checked(f"{error.filename or given.bundle}: {error.strerror or 'it cannot be read'}"),
            "",
        )
    except Exception as error:  # whatever it is, nothing was checked, and a traceback helps nobody
        result, written = (
            not_checked(f"this program stumbled ({type(error).__name__}); tell whoever gave it to you"),
            "",
        )
    if given.json:
        parts = {
            "checks": [check._asdict() for check in result.checks],
            "statement": [line._asdict() for line in result.statement],
        }
        print(json.dumps({**parts, "verdict": result.verdict, "exit_code": result.exit_code}))
    else:
        show(result, written)
    return result.exit_code


if __name__ == "__main__":
    sys.exit(main())
