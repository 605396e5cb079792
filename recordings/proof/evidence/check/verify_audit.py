#!/usr/bin/env python3
"""Verify an AuditPortal report (bundle.zip, or one event's .tlog-proof) without the portal and without a network.

Prints one line for each check, the statement of the report, and the verdict as the last line. Exit code 0: no check
failed; 1: INVALID; 2: not checked. The formats are in the product's docs/trail-format.md, whose sections are named
below. Use your own policy (the keys that you trust) and the RSA certificate of the time stamp authority: without them
the verdict is "self-signed only". Not checked: the chain of that certificate, and what was never recorded. Needs only
Python 3.9 or newer.
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
from functools import lru_cache
from typing import Any, BinaryIO, NamedTuple, Union

VERSION = "2.0"
NOTICE = (
    f"verify_audit.py {VERSION}: get this program from someone you trust; "
    "a copy inside a bundle comes from the bundle's maker."
)

# Limits of section 11. What exceeds one of them is not checked.
MIB = 1024 * 1024
LARGEST_FILE, MOST_ENTRIES, MOST_LINES, LONGEST_LINE = 2048 * MIB, 250, 200_000, MIB
LARGEST_ENTRY = {"bundle.json": 32 * MIB, "events.jsonl": 2048 * MIB, "report.csv": 2048 * MIB}
LARGEST_TEXT, LARGEST_STAMP, LARGEST_OTHER = 1_000_000, 100_000, 256 * MIB
MOST_ANCHORS, MOST_ELEMENTS, DEEPEST_ELEMENT = 100, 1000, 16
LARGEST_INTEGER, DEEPEST_JSON, LONGEST_JSON, LONGEST_EVENT = 2**53 - 1, 32, MIB, 65_000

OK, FAIL, NONE = "ok", "fail", "none"


class Malformed(Exception):
    """The input does not follow docs/trail-format.md; the text says how. The current check fails."""


class NotChecked(Exception):
    """The file cannot be verified at all; the text says why."""


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


def need(fine: object, sentence: str) -> None:
    """Make the current check fail with this sentence unless `fine` is true."""
    if not fine:
        raise Malformed(sentence)


def must(fine: object, why: str) -> None:
    """Stop with NOT CHECKED and this reason unless `fine` is true."""
    if not fine:
        raise NotChecked(why)


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def utf8(data: bytes, what: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed(f"{what} is not UTF-8") from None


def unbase64(text: str) -> bytes:
    """Return the bytes; the text has padding and no other spelling of the same bytes."""
    form = "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
    need(re.fullmatch(form, text), "a base64 text is damaged")
    data = base64.b64decode(text)
    need(base64.b64encode(data).decode() == text, "a base64 text is not in canonical form")
    return data


def unbase64_hashes(texts: list[str]) -> list[bytes]:
    need(all(map(is_base64_hash, texts)), "a list of hashes is damaged")
    return [base64.b64decode(text) for text in texts]


DAY = "([0-9]{4})-(0[1-9]|1[0-2])-([0-9]{2})"
TIME = re.compile(DAY + r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z")


def is_time(value: Any) -> bool:
    """Return whether this is a time of section 1. Such times are compared as texts."""
    found = TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return False
    year, month, day = map(int, found.groups())
    return year > 0 and 1 <= day <= calendar.monthrange(year, month)[1]


def a_minute_after(time: str) -> str:
    try:
        later = datetime.fromisoformat(time[:-1]) + timedelta(seconds=60)
    except OverflowError:
        return time  # the last minute of the year 9999
    return later.isoformat(timespec="microseconds") + "Z"


def time_of(seconds: int) -> str:
    """Return the time of a cosignature, at most the last second of the year 9999."""
    seconds = min(seconds, 253_402_300_799)
    return (datetime(1970, 1, 1) + timedelta(seconds=seconds)).isoformat(timespec="microseconds") + "Z"


def spoken(time: str) -> str:
    return f"{time[:10]} {time[11:19]} UTC"


STRING = re.compile(r'"[^"\\]*(?:\\(?:.|\Z)[^"\\]*)*(?:"|\Z)', re.DOTALL)
to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def read_integer(digits: str) -> int:
    need(len(digits) <= 17 and abs(int(digits)) <= LARGEST_INTEGER, "a number is too large")
    return int(digits)


def refuse_fraction(text: str) -> None:
    raise Malformed("a number is not an integer")


def with_ascii_keys(value: dict[str, Any]) -> dict[str, Any]:
    need("".join(value).isascii(), "a key is not ASCII")
    return value


from_json = json.JSONDecoder(
    object_hook=with_ascii_keys,
    parse_int=read_integer,
    parse_float=refuse_fraction,
    parse_constant=refuse_fraction,
).decode


def parse_json(text: str, what: str) -> Any:
    """Parse JSON of section 1. The caller writes the value again (to_json) to see that it was canonical."""
    brackets, depth = text.count("{") + text.count("["), 0
    if brackets > DEEPEST_JSON or "true" in text or "false" in text or "null" in text:
        frame = STRING.sub("", text)  # the text outside strings
        need(not re.search("[a-z]", frame), f"{what} is not canonical JSON")
        for bracket in re.findall(r"[][{}]", frame):
            depth += 1 if bracket in "[{" else -1
            need(depth <= DEEPEST_JSON, f"{what} is nested too deeply")
    try:
        return from_json(text)
    except ValueError:
        raise Malformed(f"{what} is not JSON") from None


def read_json(data: bytes, what: str) -> dict[str, Any]:
    need(len(data) <= LONGEST_JSON, f"{what} is too long")
    text = utf8(data, what)
    value = parse_json(text, what)
    need(isinstance(value, dict) and to_json(value) == text, f"{what} is not canonical JSON")
    return dict(value)


def need_form(value: Any, form: Any, name: str) -> None:
    """A form is a type, a test, [form of each element] or {key: form of its value}; a key with "?" may be missing."""
    if isinstance(form, list):
        need(isinstance(value, list), f"{name} is not a list")
        for one in value:
            need_form(one, form[0], name)
    elif isinstance(form, dict):
        need(isinstance(value, dict), f"{name} is not an object")
        known = {key.rstrip("?"): inner for key, inner in form.items()}
        need(known.keys() >= value.keys(), f"{name} has unexpected keys")
        for key, inner in known.items():
            if key in value:
                need_form(value[key], inner, f"{name}.{key}")
            else:
                need(f"{key}?" in form, f"{name}.{key} is missing")
    else:
        fits = isinstance(value, form) if isinstance(form, type) else form(value)
        need(fits, f"{name} has an unexpected form")


def like(form: str) -> Callable[[Any], bool]:
    """Return the test whether a value is a text of this form."""
    pattern = re.compile(form, re.DOTALL)
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def one_of(*allowed: object) -> Callable[[Any], bool]:
    return lambda value: value in allowed


def is_index(value: Any) -> bool:
    return type(value) is int and value >= 0


def is_positive(value: Any) -> bool:
    return type(value) is int and value > 0


UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
is_uuid = like(UUID)
is_hex = like("[0-9a-f]{64}")
is_base64_hash = like("[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")  # 32 bytes: the last two bits are 0


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
        raise Malformed("a public key is not a point on the curve")
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


def is_of_small_order(point: Point) -> bool:
    """Return whether 8 times the point is the neutral element: such a key verifies what nobody signed."""
    for _ in range(3):
        point = add(point, point)
    return point[0] == 0 and point[1] == point[2]


BASE = decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether an Ed25519 signature is right."""
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
    """Follow a path upwards: `old` is hashed with left siblings only, `new` with all. Return both and `last`."""
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
    """Return whether the newer tree begins with all leaves of the older one, unchanged."""
    if not 0 < old_size < size:
        return 0 < old_size == size and old_root == root and not path
    index, last = old_size - 1, size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    if not index:
        path = [old_root, *path]  # a power of two is itself the first node
    return bool(path) and climb(index, last, path[1:], path[0], path[0]) == (old_root, root, 0)


class Subtrees:
    """The root of all leaves, computed from left to right (section 7, `gap`)."""

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
        """Add the subtrees before leaf `index`; return whether their number is right."""
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
SIGNATURE_LINE = f"— [^{SPACES}+]+ [A-Za-z0-9+/=]{{8,}}\n"
NOTE = re.compile(f"((.+)\n(0|[1-9][0-9]{{0,15}})\n(.+)\n)\n((?:{SIGNATURE_LINE}){{1,100}})")


class Checkpoint(NamedTuple):
    text: bytes
    origin: str
    size: int
    root: bytes
    lines: list[tuple[str, bytes, bytes]]  # name and id of the key, what it signed with

    def signatures(self, key: Key) -> list[bytes]:
        return [data for name, key_id, data in self.lines if (name, key_id) == (key.name, key.id)]


class Key(NamedTuple):
    name: str
    id: bytes
    public: bytes


def read_checkpoint(data: bytes) -> Checkpoint:
    text = utf8(data, "a checkpoint")
    found = NOTE.fullmatch(text)
    if len(data) > LARGEST_TEXT or not found or re.search("[\0-\x09\x0b-\x1f]", text):
        raise Malformed("this is not a signed checkpoint of three lines")
    signed, origin, size, root, signatures = found.groups()
    need(int(size) <= LARGEST_INTEGER, "the size of a checkpoint is too large")
    lines = []
    for line in signatures.split("\n")[:-1]:
        _, name, signature = line.split(" ")
        raw = unbase64(signature)
        lines.append((name, raw[:4], raw[4:]))
    return Checkpoint(signed.encode(), origin, int(size), unbase64_hashes([root])[0], lines)


def need_signature_of_log(note: Checkpoint, origin: str, logs: list[Key]) -> None:
    """Require a signature by a log key of the policy. An invalid one of such a key makes the checkpoint invalid."""
    keys = [key for key in logs if key.name == origin == note.origin]
    for key in keys:
        fits = all(verifies(key.public, note.text, signature) for signature in note.signatures(key))
        need(fits, f"the signature of {key.name} is wrong")
    need(any(note.signatures(key) for key in keys), "a checkpoint is not signed by this log")


def cosigned_at(note: Checkpoint, key: Key) -> str:
    """Return the time of a witness's first cosignature; empty when it did not cosign."""
    times = []
    for data in note.signatures(key):
        seconds = int.from_bytes(data[:8], "big")
        message = b"cosignature/v1\ntime %d\n" % seconds + note.text
        fits = 0 < seconds < 2**63 and verifies(key.public, message, data[8:])
        need(fits, f"the signature of {key.name} is wrong")
        times.append(time_of(seconds))
    return min(times, default="")


class Policy:
    """Whose signatures count: `witnesses` by name (without a key when its kind is unknown), `groups` by name."""

    def __init__(self, data: bytes) -> None:
        self.logs: list[Key] = []
        self.witnesses: dict[str, Key | None] = {}
        self.groups: dict[str, tuple[int, list[str]]] = {}
        self.grouped: set[str] = set()
        self.quorum = ""
        self.unknown = 0
        text = utf8(data.removeprefix(b"\xef\xbb\xbf"), "the policy").replace("\r\n", "\n")
        fits = len(data) <= LARGEST_TEXT and not re.search("[\0-\x08\x0b-\x1f\x7f]", text)
        need(fits, "the policy is not a text of at most 1 MB")
        for number, line in enumerate(text.split("\n"), 1):
            words = re.findall("[^ \t]+", line)
            if words and not words[0].startswith("#"):
                need(self.takes(*words), f"line {number} of the policy does not follow tlog-policy")
        need(self.quorum, "the policy has no quorum")

    def takes(self, kind: str, *rest: str) -> bool:
        """Add a line to the policy; return whether it is valid."""
        if kind == "log" and len(rest) == 1:
            key = self.key(rest[0], 1)
            is_second = key in self.logs
            self.logs += [key] if key else []
            return not is_second
        if kind == "witness" and len(rest) in (2, 3) and self.is_new(rest[0]):
            key = self.key(rest[1], 4)
            is_second = any(key and other and other.public == key.public for other in self.witnesses.values())
            self.witnesses[rest[0]] = key
            return not is_second
        if kind == "group" and 3 <= len(rest) <= 102 and self.is_new(rest[0]):
            name, how, *members = rest
            how = {"any": "1", "all": str(len(members))}.get(how, how)
            known = all(member in self.witnesses or member in self.groups for member in members)
            free = len(members) == len(set(members)) and self.grouped.isdisjoint(members)
            if not known or not free or not re.fullmatch("[1-9][0-9]{0,2}", how) or int(how) > len(members):
                return False
            self.groups[name] = (int(how), members)
            self.grouped.update(members)
            return True
        if kind == "quorum" and len(rest) == 1 and not self.quorum:
            self.quorum = rest[0]
            return not self.is_new(rest[0])
        return False

    def is_new(self, name: str) -> bool:
        return name != "none" and name not in self.witnesses and name not in self.groups

    def key(self, vkey: str, kind: int) -> Key | None:
        """Read a key; None when its type is unknown to this program."""
        name, _, rest = vkey.partition("+")
        key_id, _, text = rest.partition("+")
        data = unbase64(text)
        named = name and not re.search(f"[{SPACES}]", name)
        need(named and re.fullmatch("[0-9a-f]{8}", key_id) and data, "a key of the policy is damaged")
        if data[0] != kind:
            self.unknown += 1
            return None
        fits = len(data) == 33 and sha256(name.encode() + b"\n" + data)[:4].hex() == key_id
        need(fits, f"the key of {name} is damaged")
        small = is_of_small_order(decode_point(data[1:]))
        need(not small, f"the key of {name} is of small order: anyone can sign with it")
        return Key(name, bytes.fromhex(key_id), data[1:])

    def is_met(self, signed: dict[str, str]) -> bool:
        met = {"none": True, **{name: name in signed for name in self.witnesses}}
        for name, (many, members) in self.groups.items():  # a group comes after its members
            met[name] = sum(met[member] for member in members) >= many
        return met[self.quorum]

    def counts(self) -> set[str]:
        """Return the witnesses that the quorum reaches."""
        reached = [self.quorum]
        for name in reached:  # the list grows during the loop; each member is in one group only
            reached += self.groups[name][1] if name in self.groups else []
        return set(reached) & set(self.witnesses)


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
                raise Malformed("a time stamp or certificate has an unexpected form")
            element = element.parts[position]
        return element


def read_der(data: bytes) -> Element:
    """Read one DER value that fills the data."""
    count = 0

    def read(start: int, end: int, depth: int) -> Element:
        nonlocal count
        count += 1
        fits = count <= MOST_ELEMENTS and depth <= DEEPEST_ELEMENT
        must(fits, "a time stamp or certificate has too many parts")
        size, at = (data[start + 1], start + 2) if end - start > 1 else (128, end)
        if size > 128:
            size, at = int.from_bytes(data[at : at + size - 128], "big"), at + size - 128
        elif size == 128:
            at = end + 1
        if at + size > end:
            raise Malformed("a time stamp or certificate is truncated")
        parts, inner = [], at
        while data[start] & 32 and inner < at + size:
            parts.append(read(inner, at + size, depth + 1))
            inner += len(parts[-1].whole)
        return Element(data[start], data[at : at + size], data[start : at + size], tuple(parts))

    element = read(0, len(data), 1)
    if len(element.whole) != len(data):
        raise Malformed("there are bytes after a time stamp or certificate")
    return element


def rsa_keys(pem: bytes) -> dict[bytes, tuple[int, int]]:
    """Return modulus and exponent of the RSA certificates, by issuer and serial number."""
    keys = {}
    for text in re.findall(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE", pem):
        certificate = read_der(unbase64(b"".join(text.split()).decode()))
        fields = [part for part in certificate.at(0).parts if part.tag != 0xA0]
        if len(fields) < 6:
            raise Malformed("a certificate has an unexpected form")
        serial, issuer, key = fields[0], fields[2], fields[5]
        if key.at(0, 0).content.hex() == RSA:
            pair = read_der(key.at(1).content[1:])
            modulus, exponent = (int.from_bytes(pair.at(at).content, "big") for at in (0, 1))
            if modulus.bit_length() <= 16_384 and exponent.bit_length() <= 64:
                keys[issuer.whole + serial.whole] = (modulus, exponent)
    return keys


def read_stamp(reply: bytes, note: bytes, keys: dict[bytes, tuple[int, int]]) -> tuple[str, bool]:
    """Return when this note was stamped, and whether a key of the auditor verified the stamp."""
    response = read_der(reply)
    token, signed = response.at(1), response.at(1, 1, 0)
    granted = response.at(0, 0).content in (b"\0", b"\1") and token.at(0).content.hex() == SIGNED_DATA
    need(granted, "the authority refused a time stamp")
    content = signed.at(2, 1, 0).content
    info = read_der(content)
    imprint, over = info.at(2, 1).content, info.at(2, 0, 0).content.hex()
    fits = (
        signed.at(2, 0).content.hex() == TST_INFO and SHA2.get(over) == "sha256" and imprint == sha256(note)
    )
    need(fits, "a time stamp covers something else")
    two = rb"([0-9]{2})"
    digits = re.fullmatch(rb"([0-9]{4})" + 5 * two + rb"(?:\.[0-9]+)?Z", info.at(4).content)
    time = "{}-{}-{}T{}:{}:{}.000000Z".format(*(part.decode() for part in digits.groups())) if digits else ""
    need(is_time(time), "a time stamp has no time")
    signers = signed.at(-1)
    signer = signers.at(0)
    who, algorithm, attributes, signature = signer.at(1), signer.at(2), signer.at(3), signer.at(5)
    need(signers.tag == 0x31 and len(signers.parts) == 1, "a time stamp does not have exactly one signer")
    if who.content not in keys:
        return time, False
    oid = algorithm.at(0).content
    said = {part.at(0).content.hex(): part.at(1, 0).content for part in attributes.parts}
    known = oid.hex() in SHA2 and attributes.tag == 0xA0
    need(known, "a time stamp is signed with an unknown algorithm")
    name = SHA2[oid.hex()]
    fits = said.get(CONTENT_TYPE, b"").hex() == TST_INFO
    fits = fits and said.get(MESSAGE_DIGEST) == hashlib.new(name, content).digest()
    need(fits, "a time stamp's signature covers something else")
    digest = hashlib.new(name, b"\x31" + attributes.whole[1:]).digest()
    modulus, exponent = keys[who.content]
    length = (modulus.bit_length() + 7) // 8
    digest_info = bytes([0x30, 17 + len(digest), 0x30, 13, 6, 9]) + oid
    digest_info += bytes([5, 0, 4, len(digest)]) + digest
    padded = b"\0\1" + b"\xff" * (length - 3 - len(digest_info)) + b"\0" + digest_info
    signed_number = pow(int.from_bytes(signature.content, "big"), exponent, modulus)
    fits = len(signature.content) == length and signed_number == int.from_bytes(padded, "big")
    need(fits, "a time stamp's signature is wrong")
    return time, True


# --- Section 7: the zip. One layout is allowed, so that whatever unpacks the file gets the bytes that are checked here.

TABLES = ("report.csv", "report.xlsx", "report.pdf")
FIRST = ["README.txt", "bundle.json", "checkpoint.txt", "policy.txt", "events.jsonl", *TABLES]
LAST = ["verify_audit.py", "verify.html", "SHA256SUMS"]
REPACKED = "it was repacked, extended or truncated; use the file exactly as it was downloaded"


class Entry(NamedTuple):
    name: str
    method: int
    crc: int
    packed: int
    size: int
    header: int  # offset of the local header

    def local(self) -> bytes:
        sizes = (self.crc, self.packed, self.size, len(self.name), 0)
        return b"PK\3\4" + struct.pack("<5H3I2H", 20, 0, self.method, 0, 0x21, *sizes) + self.name.encode()

    def central(self) -> bytes:
        tail = struct.pack("<3H2I", 0, 0, 0, 0x81A40000, self.header)
        return b"PK\1\2\x14\3" + self.local()[4:30] + tail + self.name.encode()

    def most(self) -> int:
        text = LARGEST_TEXT if self.name.endswith(".txt") and self.name != "README.txt" else LARGEST_OTHER
        return LARGEST_ENTRY.get(self.name, LARGEST_STAMP if self.name.endswith(".tsr") else text)


class Bundle:
    """The entries of a zip whose layout is that of section 7."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.entries: dict[str, Entry] = {}
        self.hashes: dict[str, str] = {}
        length = file.seek(0, os.SEEK_END)
        must(length <= LARGEST_FILE, "the file is larger than 2 GiB")
        end = self.read(max(length - 22, 0), 22)
        must(self.read(0, 4) == b"PK\3\4" and length >= 22, "this is not a bundle")
        must(end[:4] == b"PK\5\6", REPACKED)
        count, size, start = struct.unpack("<10xH2I2x", end)
        directory = self.read(start, min(size, 100_000))
        must(b".tlog-proof" not in directory, "its format is older; export the report again")
        must(count <= MOST_ENTRIES, f"it has more than {MOST_ENTRIES} entries")
        as_agreed = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, size, start, 0)
        must(end == as_agreed and start + size + 22 == length, REPACKED)
        at = header = 0
        for _ in range(count):
            must(len(directory) - at >= 46, REPACKED)
            method, crc, packed, unpacked, name_length = struct.unpack_from("<10xH4x3IH", directory, at)
            name = directory[at + 46 : at + 46 + name_length].decode("latin-1")
            must(name.isascii() and name not in self.entries, REPACKED)
            entry = Entry(name, method, crc, packed, unpacked, header)
            central, local = entry.central(), entry.local()
            must(directory[at : at + len(central)] == central, REPACKED)
            must(self.read(header, len(local)) == local, REPACKED)
            must(method == (0 if name == "SHA256SUMS" else 8), REPACKED)
            must(unpacked <= entry.most(), f"{name} is too large")
            self.entries[name] = entry
            at += len(central)
            header += len(local) + packed
        must(at == len(directory) and header == start, REPACKED)
        names = list(self.entries)
        found = [re.fullmatch("anchors/([1-9][0-9]{0,15})[.]txt", name) for name in names]
        sizes = sorted(int(one[1]) for one in found if one)
        anchors = [f"anchors/{size}.{kind}" for size in sizes for kind in ("txt", "tsr")]
        must(names == FIRST + anchors + LAST, f"its entries are not those of a bundle; {REPACKED}")

    def read(self, at: int, size: int) -> bytes:
        self.file.seek(at)
        return self.file.read(size)

    def unpack(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of an entry in pieces, so that memory stays small whatever the entry contains."""
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
                ended_early = inflate is not None and inflate.unused_data
                must(size <= entry.size and not ended_early, f"{name} is damaged")
                yield piece
        ended = inflate is None or inflate.eof
        must(ended and (crc, size) == (entry.crc, entry.size), f"{name} is damaged")

    def content(self, name: str) -> bytes:
        return b"".join(self.unpack(name))


# bundle.json, as the table of section 7 has it.
CHAINS = {"target": ["obj"], "object": ["obj", "par"], "actor": ["act"], "all": []}
KIND_AND_ID = "(?!(?:recording|statement|report|object|user):)[^:]+:.+"
REFERENCE = f"(?:recording|statement|report):{UUID}|(?:object|user):(?:0|[1-9][0-9]*)|{KIND_AND_ID}"
HEAD = {"index": is_index, "count": is_index, "last": is_index, "path": [is_base64_hash]}
NEIGHBOUR = {**HEAD, "tag": is_hex}
CLAIM = {
    "v": one_of(2),
    "type": str,
    "origin": str,
    "size": is_index,
    "report": is_uuid,
    "request": is_index,
    "scope": {"kind": one_of(*CHAINS), "ref?": like(REFERENCE), "from?": is_time, "to?": is_time},
    "tag_key": is_hex,
    "opening": is_index,
    "range?": {"first": is_index, "last": is_index},
    "chains?": [{"kind": str, "head?": HEAD, "absence?": {"left?": NEIGHBOUR, "right?": NEIGHBOUR}}],
    "leaves": is_index,
    "rows": is_index,
    "files": dict.fromkeys(TABLES, is_hex),
    "anchors": [{"size": is_index, "consistency": [is_base64_hash]}],
}


def read_claim(data: bytes) -> dict[str, Any]:
    """Read bundle.json, and check that its parts fit together."""
    claim = read_json(data, "bundle.json")
    is_known = claim.get("type") == "auditportal-bundle/2"
    must(is_known, "its format is unknown to this program; export the report again")
    need_form(claim, CLAIM, "bundle.json")
    size, scope, chains = claim["size"], claim["scope"], claim.get("chains", [])
    kind, ref = scope["kind"], scope.get("ref", "")
    everything = kind == "all"
    fits = ("range" in claim) == everything and ("ref" in scope) == ("chains" in claim) == (not everything)
    need(fits, "bundle.json has keys that do not fit its scope")
    of_its_kind = kind in ("all", "actor") or (kind == "object") == ref.startswith("object:")
    need(of_its_kind, "the scope's reference does not fit its kind")
    need("to" not in scope or scope.get("from", "") < scope["to"], "the scope ends before it begins")
    need([chain["kind"] for chain in chains] == CHAINS[kind], "the chains are not those of the scope")
    need(all(len(chain) == 2 for chain in chains), "a chain needs either a head or an absence")
    span = claim.get("range", {"first": 0, "last": 0})
    need(size >= 2 and span["first"] <= span["last"] < size, "the size or the range is invalid")
    sizes = [anchor["size"] for anchor in claim["anchors"]]
    ascending = sizes == sorted(set(sizes)) and all(0 < one <= size for one in sizes)
    need(
        ascending and len(sizes) <= MOST_ANCHORS,
        "the anchors are not in ascending order, or there are too many",
    )
    return claim


# --- Sections 2 and 3: leaves and events.

SEALER, MALFORMED_EVENT = "system:sealer", "event.malformed"
OWN_TYPES = {"log.opened", "heads.manifest", "sealer.incident", "key.rotated", "backup.restored"}
PLURAL = {"obj": "objects", "par": "parents", "act": "actors"}
ENTRY = {
    "v": one_of(1, 2),
    "n": is_index,
    "e": str,
    "bh": is_hex,
    "r": is_time,
    "y": str,
    "o": str,
    "act": is_hex,
    "act_n": is_positive,
    "act_prev?": is_index,
    "obj?": is_hex,
    "obj_n?": is_positive,
    "obj_prev?": is_index,
    "par?": is_hex,
    "par_n?": is_positive,
    "par_prev?": is_index,
    "late?": one_of(1),
}
LINE = {"entry": dict, "gap?": [is_base64_hash], "body?": dict, "reveal?": dict}
EVENT = {
    "v": one_of(1),
    "id": is_uuid,
    "type": like(r"[a-z_]+(?:\.[a-z_]+)+"),
    "outcome": one_of("granted", "denied", "error", "completed"),
    "occurred_at": is_time,
    "actor": {"ref": str, "kind?": str, "name?": is_hex, "role?": str, "authn?": str},
    "on_behalf_of?": dict,
    "object?": {"ref": str, "kind?": str, "parent?": str, "label?": is_hex},
    "action_detail?": dict,
    "purpose?": {"code?": str, "note?": is_hex},
    "source?": {"ip?": is_hex, "user_agent?": is_hex},
    "request?": {"id?": str, "session?": str, "app_version?": str},
    "change?": dict,
    "authz?": dict,
    "asserted_by": one_of("server", "client"),
}
PERSONAL = ["actor.name", "source.ip", "source.user_agent", "purpose.note", "object.label"]
SECRET = {"salt": like("[0-9a-f]{32}"), "value": str}


class Leaf:
    """A line of events.jsonl, or a single proof. `body` is empty when the event is not included."""

    mine = row = False  # whether the leaf is in the scope, and a row of the table

    def __init__(self, entry: dict[str, Any], body: dict[str, Any], reveal: dict[str, Any]) -> None:
        self.n: int = entry["n"]
        self.time: str = entry["r"]
        self.kind: str = entry["y"]
        self.entry, self.body, self.reveal = entry, body, reveal
        self.entry_bytes = self.body_bytes = b""  # as they were hashed
        self.gap: list[bytes] = []

    def said(self, part: str, key: str) -> Any:
        """Return a value of the event, of any type; None when there is none."""
        values = self.body.get(part)
        return values.get(key) if isinstance(values, dict) else None

    def detail(self, key: str) -> Any:
        return self.said("action_detail", key)

    def revealed(self, field: str) -> str:
        return str(self.reveal[field]["value"]) if field in self.reveal else ""

    def is_own(self, kind: str) -> bool:
        """Return whether the log itself wrote this event, and it is of that type."""
        return self.kind == kind and bool(self.said("actor", "ref") == SEALER)

    def is_incident(self) -> bool:
        """Return whether it is an incident about the leaves directly after it."""
        if not self.is_own("sealer.incident"):
            return False
        follows: bool = self.detail("first") == self.n + 1
        return follows and is_index(self.detail("count"))

    def needs_incident(self) -> bool:
        return "late" in self.entry or self.kind == MALFORMED_EVENT


def read_line(line: bytes) -> Leaf:
    """Read a line of events.jsonl. It must be canonical: then its parts are the bytes that were hashed."""
    text = utf8(line, "a line of events.jsonl")
    value = parse_json(text, "a line of events.jsonl")
    need_form(value, LINE, "a line")
    parts = {key: to_json(value[key]) for key in sorted(value)}
    whole = "{" + ",".join(f'"{key}":{part}' for key, part in parts.items()) + "}"
    need(text == whole, "a line is not canonical JSON")
    need(("body" in value) == ("reveal" in value), "a body and its reveal are not both there")
    need(value.get("body") != {} and value.get("gap") != [], "a body or a gap is empty")
    need_entry(value["entry"])
    leaf = Leaf(value["entry"], value.get("body", {}), value.get("reveal", {}))
    leaf.entry_bytes, leaf.body_bytes = parts["entry"].encode(), parts.get("body", "").encode()
    leaf.gap = unbase64_hashes(value.get("gap", []))
    return leaf


def need_entry(entry: Any) -> None:
    need_form(entry, ENTRY, "the entry of a leaf")
    need(entry["v"] == 2 or not {"par", "late"} & set(entry), "the entry of a leaf is of another version")
    for kind in PLURAL:
        count, before = entry.get(f"{kind}_n", 0), entry.get(f"{kind}_prev", -1)
        fits = (kind in entry) == (count > 0) and (before >= 0) == (count > 1) and before < entry["n"]
        need(fits, f"the counters {kind} of an entry do not fit")


@lru_cache(maxsize=4096)
def tag_of(tag_key: str, kind: str, ref: str) -> str:
    return hmac.new(bytes.fromhex(tag_key), kind.encode() + b"\0" + ref.encode(), "sha256").hexdigest()


def need_event(leaf: Leaf) -> None:
    """Require that the event belongs to the entry and has the form of section 2."""
    entry, body = leaf.entry, leaf.body
    need(sha256(leaf.body_bytes).hex() == entry["bh"], "the event is not the one that was sealed")
    need(len(leaf.body_bytes) <= LONGEST_EVENT, "the event is too long")
    need_form(body, EVENT, "the event")
    need(all(body.values()), "a part of the event is empty")
    same = (body["id"], body["type"], body["outcome"]) == (entry["e"], entry["y"], entry["o"])
    need(same, "the entry belongs to another event")


def need_commitments(leaf: Leaf) -> None:
    for field, secret in leaf.reveal.items():
        need_form(secret, SECRET, f"what is revealed of {field}")
        part, _, key = field.partition(".")
        committed = leaf.said(part, key) if part == "action_detail" or field in PERSONAL else None
        need(is_hex(committed), f"{field} is revealed but was not committed to")
        message = b"audit-field-v1\0" + field.encode() + b"\0" + bytes.fromhex(secret["salt"])
        fits = sha256(message + secret["value"].encode()).hex() == committed
        need(fits, f"{field} is not what was committed to")


def speaks_of(incident: Leaf | None, leaf: Leaf) -> bool:
    """Return whether an incident is about this leaf."""
    code = "event_malformed" if leaf.kind == MALFORMED_EVENT else "event_late"
    if incident is None or incident.detail("code") != code:
        return False
    return incident.n < leaf.n <= incident.n + int(incident.detail("count"))


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
HARMLESS = re.compile("[0-9A-Za-z][0-9A-Za-z._:-]*")  # most cells


def cell(text: str) -> str:
    if HARMLESS.fullmatch(text) or not text:
        return text
    harmless = FORMULA_AFTER_SEPARATOR.sub(r"\g<0>'", text)
    if BEGINS_LIKE_FORMULA.match(text):
        harmless = "'" + harmless
    return '"' + harmless.replace('"', '""') + '"' if re.search('[",\r\n]', harmless) else harmless


def table_row(leaf: Leaf) -> bytes:
    entry, body, reveal = leaf.entry, leaf.body, leaf.reveal

    def said(part: str, key: str) -> str:
        return str(body.get(part, {}).get(key, ""))

    def personal(part: str, key: str) -> str:
        shown = reveal.get(f"{part}.{key}")
        return str(shown["value"]) if shown else "erased" if said(part, key) else ""

    detail = dict(body.get("action_detail", {}))
    for key in detail:
        detail[key] = reveal.get(f"action_detail.{key}", {"value": detail[key]})["value"]
    cells = [str(leaf.n), leaf.time, body.get("occurred_at", ""), leaf.kind, entry["o"]]
    cells += [said("actor", "ref"), personal("actor", "name"), said("actor", "role")]
    cells += [said("purpose", "code"), personal("purpose", "note")]
    cells += [said("object", "ref"), personal("object", "label"), said("object", "parent")]
    cells += [personal("source", "ip"), said("request", "id")]
    cells += [to_json(detail) if detail else "", entry["e"], entry["bh"]]
    return (",".join(map(cell, cells)) + "\r\n").encode()


# --- Section 9: the checks. Those that look at leaves see one line after the other and keep only what they need.


class Brought(NamedTuple):
    """The auditor's own files."""

    policy: bytes | None = None
    tsa: bytes | None = None
    older: bytes | None = None
    proof: bytes | None = None


class Case:
    """A bundle or a single proof during its verification: the results that later checks need."""

    bundle: Bundle
    proof: tuple[str, int, list[str]]  # of a single proof: its `extra`, its index, its path
    leaf: Leaf  # of a single proof
    policy: Policy
    note: Checkpoint
    manifest: dict[str, Any]

    def __init__(self, brought: Brought) -> None:
        self.brought = brought
        self.own_policy: bytes | None = None  # that of the bundle
        self.signed = b""  # the checkpoint, as it was read
        self.claim: dict[str, Any] = {}  # bundle.json; empty for a single proof
        self.tags: dict[str, str] = {}  # of the scope's reference, by the kind of a chain
        self.anchored: set[int] = set()  # the sizes of the anchors
        self.witnesses: dict[str, str] = {}  # those who signed, and when
        self.stamps: list[tuple[int, str]] = []  # those that a brought certificate verified: size and time
        self.leaves: dict[int, Leaf] = {}  # those that a later check looks at, by index
        self.problems: dict[str, str] = {}  # the first thing wrong with the leaves, by the check that fails
        self.shown = self.erased = 0  # personal values
        self.inside = self.rows = self.late = self.malformed = self.viewings = self.refused = 0
        self.heads: dict[str, tuple[int, int]] = {}  # how many leaves each chain has so far, and the last
        self.newest = self.closed = ""  # the latest time of a leaf, and the time the log was closed for
        self.newest_below: dict[int, str] = {}  # by the size of an anchor
        self.incident: Leaf | None = None  # the last one
        self.table = hashlib.sha256(f"\ufeff{HEADER}\r\n".encode())  # of the table made again
        self.went_on = self.discovered = False
        self.label = ""


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
        bundle.hashes[name] = digest.hexdigest()
        need(f"{bundle.hashes[name]}  {name}\n" in sums, f"the hash of {name} differs from SHA256SUMS")
    lines = "".join(f"{bundle.hashes[name]}  {name}\n" for name in names)
    need(sums == lines + last, "SHA256SUMS has an unexpected form")
    bundle.hashes["SHA256SUMS"] = sha256(sums.encode()).hex()
    need(bundle.entries["bundle.json"].size <= LONGEST_JSON, "bundle.json is too long")
    case.claim = claim = read_claim(bundle.content("bundle.json"))
    for name in TABLES:
        need(claim["files"][name] == bundle.hashes[name], f"the hash of {name} differs from bundle.json")
    anchors = [name for name in bundle.entries if name.startswith("anchors/")]
    claimed = [f"anchors/{anchor['size']}.txt" for anchor in claim["anchors"]]
    need(anchors[::2] == claimed, "the anchors differ from bundle.json")
    case.own_policy, case.signed = bundle.content("policy.txt"), bundle.content("checkpoint.txt")
    scope = claim["scope"]
    case.tags = {kind: tag_of(claim["tag_key"], kind, scope["ref"]) for kind in CHAINS[scope["kind"]]}
    case.heads = dict.fromkeys(case.tags, (0, -1))
    case.anchored = {anchor["size"] for anchor in claim["anchors"]}
    return OK, f"{len(names) + 1} files in the required layout, with the hashes of SHA256SUMS"


def check_policy(case: Case) -> Found:
    """Whose signatures count."""
    data, whose = case.brought.policy, "your policy"
    if data is None:
        data, whose = case.own_policy, "the bundle's own policy; use --policy with your own"
    if data is None:
        raise Malformed("a single proof contains no policy; use --policy with your own")
    case.policy = Policy(data)
    unknown = case.policy.unknown
    return OK, whose + (f"; keys of unknown types, ignored: {unknown}" if unknown else "")


def check_checkpoint(case: Case) -> Found:
    """The log signed this size and this root."""
    case.note = note = read_checkpoint(case.signed)
    said = (case.claim["origin"], case.claim["size"]) if case.claim else (note.origin, note.size)
    need((note.origin, note.size) == said, "bundle.json names another checkpoint")
    need_signature_of_log(note, note.origin, case.policy.logs)
    return OK, f"{note.origin}, {note.size} leaves, signed by the log"


def check_witnesses(case: Case) -> Found:
    """Others saw the same log, so that its owner cannot rewrite it."""
    for name, key in case.policy.witnesses.items():
        time = cosigned_at(case.note, key) if key else ""
        if time:
            case.witnesses[name] = time
    names = ", ".join(case.witnesses)
    need(case.policy.is_met(case.witnesses), f"the quorum is not met; signed by: {names or 'nobody'}")
    return (OK, f"signed by {names}") if names else (NONE, "the policy requires none")


def check_inclusion(case: Case) -> Found:
    """The shipped leaves are those of the scope and those that every bundle has, each at its place under the root."""
    claim, size = case.claim, case.claim["size"]
    kept = {0, claim["opening"], claim["request"], size - 1}
    missing = kept | {one - 1 for one in case.anchored}
    expected = frozenset(missing)
    span, tags = claim.get("range", {}), case.tags.items()
    kept |= set(span.values())
    since, until = claim["scope"].get("from", ""), claim["scope"].get("to", "never")
    tree, before, count = Subtrees(), -1, 0
    newest_old, oldest_new = -1, size  # leaves of version 1 and 2
    unused: Leaf | None = None  # an incident whose leaf has not been read yet
    for leaf in read_leaves(case.bundle):
        need(before < leaf.n, f"leaf {leaf.n} comes after leaf {before}")
        need(tree.skip(leaf.n, leaf.gap), f"leaf {leaf.n}: its gap does not fit")
        tree.push(0, leaf_hash(leaf.entry_bytes))
        before, count = leaf.n, count + 1
        missing.discard(leaf.n)
        if leaf.n in kept:
            case.leaves[leaf.n] = leaf
        if leaf.entry["v"] == 1:
            newest_old = leaf.n
        else:
            oldest_new = min(oldest_new, leaf.n)
        tagged = leaf.n < size - 1 and any(leaf.entry.get(kind) == tag for kind, tag in tags)
        leaf.mine = span["first"] <= leaf.n <= span["last"] if span else tagged
        leaf.row = leaf.mine and since <= leaf.time < until
        if not leaf.mine and leaf.n not in expected:
            need(leaf.is_incident() and unused is None, f"leaf {leaf.n} is not part of the scope")
            unused = leaf
        elif leaf.mine and leaf.needs_incident() and speaks_of(unused, leaf):
            unused = None
        look(case, leaf)
    need(before == size - 1, f"leaf {size - 1} is missing")
    need(tree.root() == case.note.root, "the leaves do not lead to the root of the checkpoint")
    need(not missing, f"leaf {min(missing, default=0)} is missing")
    need(unused is None, "an incident concerns no leaf of the scope")
    need(count == claim["leaves"], f"there are {count} leaves, but bundle.json states {claim['leaves']}")
    changed = case.leaves[size - 1].detail("parents_from")
    fits = not is_index(changed) or newest_old < changed <= oldest_new
    need(fits, "the versions of the leaves do not change where the manifest says")
    return OK, f"all leaves lead to the root of the checkpoint: {count}"


def read_leaves(bundle: Bundle) -> Iterator[Leaf]:
    rest, count = b"", 0
    for piece in bundle.unpack("events.jsonl"):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            count += 1
            fits = count <= MOST_LINES and len(line) <= LONGEST_LINE
            must(fits, "events.jsonl has too many lines, or one that is too long")
            yield read_line(line)
        must(len(rest) <= LONGEST_LINE, "a line of events.jsonl is too long")
    need(not rest, "events.jsonl ends within a line")


def look(case: Case, leaf: Leaf) -> None:
    """Pass a leaf to the checks that need every leaf, each until it finds a problem."""
    for name, look_at in LOOKS:
        if name not in case.problems:
            state, sentence = attempt(look_at, case, leaf)
            if state == FAIL:
                case.problems[name] = f"leaf {leaf.n}: {sentence}"
        if name in case.problems and name in FUNDAMENTAL:
            return
    collect(case, leaf)


def collect(case: Case, leaf: Leaf) -> None:
    """Collect what the table and the statement (section 10) need."""
    if leaf.row:
        case.table.update(table_row(leaf))
        case.late += "late" in leaf.entry
        case.malformed += leaf.kind == MALFORMED_EVENT
        case.viewings += leaf.kind == "viewing.url_issued"
        case.refused += leaf.kind == "viewing.url_refused"
        case.went_on |= leaf.kind in ("viewing.url_renewed", "viewing.watched", "viewing.finished")
    if leaf.mine:
        case.discovered |= leaf.kind == "recording.discovered"
        scope = case.claim["scope"]
        part, field = ("actor", "actor.name") if scope["kind"] == "actor" else ("object", "object.label")
        if field in leaf.reveal and leaf.said(part, "ref") == scope.get("ref"):
            case.label = leaf.revealed(field)


def look_at_body(case: Case, leaf: Leaf) -> None:
    expected = leaf.row or leaf.kind in OWN_TYPES or leaf.n == case.claim["request"]
    expected = expected or (leaf.mine and leaf.kind == "recording.discovered")
    expected = expected and leaf.kind != MALFORMED_EVENT
    need(expected or not leaf.body, "it has an event but should not")
    need(leaf.body or not expected, "its event is missing")
    if leaf.kind == MALFORMED_EVENT:
        of_sealer = leaf.entry["act"] == tag_of(case.claim["tag_key"], "act", SEALER)
        fits = of_sealer and not {"obj", "par"} & set(leaf.entry) and leaf.entry["o"] == "error"
        need(fits, "it is not a valid leaf of a malformed event")
    elif leaf.body:
        need_event(leaf)
        parent = leaf.said("object", "parent") if leaf.entry["v"] == 2 else None
        refs = {"act": leaf.said("actor", "ref"), "obj": leaf.said("object", "ref"), "par": parent}
        for kind, ref in refs.items():
            tag = None if ref is None else tag_of(case.claim["tag_key"], kind, ref)
            need(leaf.entry.get(kind) == tag, f"its tag {kind} is that of another reference")


def check_bodies(case: Case) -> Found:
    """Each event is to the byte the one that was sealed, of the person and thing that its tags count."""
    return OK, "each event is the one that was sealed"


def look_at_values(case: Case, leaf: Leaf) -> None:
    case.shown += len(leaf.reveal)
    for field in PERSONAL:
        part, _, key = field.partition(".")
        case.erased += key in leaf.body.get(part, {}) and field not in leaf.reveal
    need_commitments(leaf)


def check_values(case: Case) -> Found:
    """Each name, address, note or label shown is the one that the event committed to."""
    shown = f"{case.shown} personal values match their commitments"
    return (OK, shown) if case.shown else (NONE, "no personal value is shown")


def check_opening(case: Case) -> Found:
    """The key of the tags was fixed when the log was opened: nothing is counted under two tags."""
    claim, n = case.claim, case.claim["opening"]
    commitment = sha256(b"audit-tag-key-v1\0" + bytes.fromhex(claim["tag_key"])).hex()
    for leaf in (case.leaves[0], case.leaves[n]):
        need(leaf.is_own("log.opened"), f"leaf {leaf.n} did not open a log")
        need(leaf.detail("tag_key_sha256") == commitment, f"leaf {leaf.n} committed to another tag key")
        texts = [leaf.detail(key) for key in ("origin", "previous_origin", "reason")]
        need(all(isinstance(text, (str, type(None))) for text in texts), f"leaf {leaf.n} has another form")
    opening = case.leaves[n]
    need(opening.detail("origin") == claim["origin"], f"leaf {n} opened a log of another name")
    if n:
        need(isinstance(opening.detail("reason"), str), f"leaf {n} gives no reason")
        earlier = opening.detail("previous_origin")
        fits = isinstance(earlier, str) and is_successor(claim["origin"], earlier)
        need(fits, f"leaf {n} opened a second log that does not go on from one before it")
    return OK, f"leaf {n} opened the log and committed to the key of its tags"


def is_successor(origin: str, earlier: str) -> bool:
    """Return whether an origin is that of the next epoch after another (section 5)."""
    found = re.fullmatch("(.+)/([1-9][0-9]{0,15})", earlier, re.DOTALL)
    follows = found is not None and int(found[2]) >= 2 and origin == f"{found[1]}/{int(found[2]) + 1}"
    return follows or origin == f"{earlier}/2"


MANIFEST: dict[str, Any] = {
    "upto": is_index,
    "objects_n": is_index,
    "objects_root": is_hex,
    "parents_n": is_index,
    "parents_root": is_hex,
    "actors_n": is_index,
    "actors_root": is_hex,
    "parents_from": is_index,
    "closed_until": is_time,
    "newest": is_time,
    "late_n": is_index,
}


def check_manifest(case: Case) -> Found:
    """The counts are of the whole log up to this checkpoint, not of an earlier time."""
    leaf = case.leaves[case.claim["size"] - 1]
    need(leaf.is_own("heads.manifest"), "the last leaf is not a heads.manifest")
    case.manifest = {key: leaf.detail(key) for key in MANIFEST}
    need_form(case.manifest, MANIFEST, "the manifest")
    need(case.manifest["upto"] == leaf.n, "the manifest belongs to another leaf")
    closed = case.manifest["closed_until"]
    need(closed <= leaf.time, "the manifest closes the log for a future time")
    return OK, f"leaf {leaf.n}, closed until {spoken(closed)}"


def check_request(case: Case) -> Found:
    """This report was asked for in the log: about this scope, by that person, at that time."""
    claim, leaf = case.claim, case.leaves[case.claim["request"]]
    fits = leaf.n < claim["size"] - 1 and leaf.kind == "export.requested"
    need(fits, f"leaf {leaf.n} did not ask for a report")
    need(leaf.said("object", "ref") == f"report:{claim['report']}", f"leaf {leaf.n} asked for another report")
    need(leaf.detail("scope") == claim["scope"], f"leaf {leaf.n} asked for a report about something else")
    return OK, f"leaf {leaf.n} asked for this report"


def look_at_chains(case: Case, leaf: Leaf) -> None:
    case.inside += leaf.mine
    case.rows += leaf.row
    for kind, tag in case.tags.items():
        if leaf.n < case.claim["size"] - 1 and leaf.entry.get(kind) == tag:
            count, last = case.heads[kind]
            follows = (leaf.entry[f"{kind}_n"], leaf.entry.get(f"{kind}_prev", -1)) == (count + 1, last)
            need(follows, "a leaf of the scope before it is missing")
            case.heads[kind] = (count + 1, leaf.n)


def check_completeness(case: Case) -> Found:
    """No event of the scope is missing: leaves count themselves, or stand without a gap."""
    claim = case.claim
    need(case.rows == claim["rows"], f"there are {case.rows} rows, but bundle.json states {claim['rows']}")
    for chain in claim.get("chains", []):
        check_chain(chain, case.tags[chain["kind"]], case)
    if "range" in claim:
        check_range(claim["range"]["first"], claim["range"]["last"], case)
    return OK, f"no leaf of the scope is missing; leaves: {case.inside}"


def check_chain(chain: dict[str, Any], tag: str, case: Case) -> None:
    """The manifest counts just the leaves that are here; or its list shows that it counts none."""
    total = case.manifest[f"{PLURAL[chain['kind']]}_n"]
    root = bytes.fromhex(case.manifest[f"{PLURAL[chain['kind']]}_root"])
    sides = chain.get("absence", {})
    for head in ({**chain.get("head", {}), "tag": tag}, *sides.values()):
        if "path" in head:
            said = to_json({key: head[key] for key in ("count", "last", "tag")}).encode()
            fits = is_included(said, head["index"], total, unbase64_hashes(head["path"]), root)
            need(fits, "a head is not in the manifest")
    seen = case.heads[chain["kind"]]
    if "head" in chain:
        said_head = (chain["head"]["count"], chain["head"]["last"])
        need(said_head == seen, "the newest leaves of the scope are missing")
        return
    left, right = sides.get("left"), sides.get("right")
    need(seen[0] == 0, "leaves that should be absent are present")
    need(not left or left["tag"] < tag, "the absent tag is not after its left neighbour")
    need(not right or tag < right["tag"], "the absent tag is not before its right neighbour")
    after = right["index"] if right else total
    need(after == (left["index"] + 1 if left else 0), "the neighbours are not adjacent")


def check_range(first: int, last: int, case: Case) -> None:
    """Every leaf of the range is here, and the log was closed for what lies outside."""
    need(case.inside == last - first + 1, "a leaf of the period is missing")
    begins, ends, scope = case.leaves[first], case.leaves[last], case.claim["scope"]
    newest, closed = begins.detail("newest"), ends.detail("closed_until")
    early = begins.is_own("heads.manifest") and is_time(newest) and newest < scope.get("from", "")
    late = ends.is_own("heads.manifest") and is_time(closed) and closed >= scope.get("to", "never")
    late = (
        late and ends.detail("late_n") == case.manifest["late_n"]
    )  # what was sealed late behind it may be of the period
    need(first == 0 or early, "earlier leaves of the period may be missing")
    need(last == case.claim["size"] - 1 or late, "later leaves of the period may be missing")


def check_anchors(case: Case) -> Found:
    """The log extends checkpoints that were time-stamped."""
    anchors, note = case.claim["anchors"], case.note
    if not anchors:
        return NONE, "the bundle has no time stamps"
    keys = rsa_keys(case.brought.tsa or b"")
    for anchor in anchors:
        size, path = anchor["size"], unbase64_hashes(anchor["consistency"])
        text = case.bundle.content(f"anchors/{size}.txt")
        old = read_checkpoint(text)
        fits = len(old.lines) <= 2 and old.size == size
        need(fits, f"anchor {size} is not a checkpoint as the log signed it")
        need_signature_of_log(old, note.origin, case.policy.logs)
        fits = is_consistent(size, old.root, note.size, note.root, path)
        need(fits, f"the log was rewritten after it had {size} leaves")
        time, verified = read_stamp(case.bundle.content(f"anchors/{size}.tsr"), text, keys)
        case.stamps += [(size, time)] if verified else []
    return OK, f"time stamps: {len(anchors)}; verified with your certificate: {len(case.stamps)}"


def check_older(case: Case) -> Found:
    """The log extends the checkpoint that the auditor kept."""
    kept, note = read_checkpoint(case.brought.older or b""), case.note
    need_signature_of_log(kept, note.origin, case.policy.logs)
    old, new = sorted((kept, note), key=lambda one: one.size)
    proof = utf8(case.brought.proof or b"old %d" % old.size, "the proof")
    first, *path = proof.split("\n\n")[0].rstrip("\n").split("\n")
    need(first == f"old {old.size}", "the proof begins at another size")
    fits = is_consistent(old.size, old.root, new.size, new.root, unbase64_hashes(path))
    need(fits, "the log was rewritten, or its proof is missing (--proof)")
    return OK, f"consistent with your checkpoint of {kept.size} leaves"


def look_at_times(case: Case, leaf: Leaf) -> None:
    in_time = leaf.time >= case.closed or "late" in leaf.entry
    need(in_time, f"it was recorded before {spoken(case.closed)}, when the log had been closed for that time")
    if leaf.is_own("heads.manifest"):
        newest, closed = leaf.detail("newest"), leaf.detail("closed_until")
        need(
            not is_time(newest) or case.newest <= newest,
            "an earlier leaf was recorded later than the manifest states",
        )
        case.closed = max(case.closed, closed) if is_time(closed) else case.closed
    speaks_itself = leaf.is_own("sealer.incident") and leaf.detail("code") == "event_late"
    fits = not leaf.mine or not leaf.needs_incident() or speaks_itself or speaks_of(case.incident, leaf)
    case.incident = leaf if leaf.is_incident() else case.incident
    need(fits, "it was sealed late or is malformed, but no incident reports it")
    case.newest = max(case.newest, leaf.time)
    if leaf.n + 1 in case.anchored:
        case.newest_below[leaf.n + 1] = case.newest


def check_times(case: Case) -> Found:
    """No event was dated back: each was recorded between the manifests, stamps and cosignatures around it."""
    for name, time in case.witnesses.items():
        fits = case.newest <= a_minute_after(time)
        need(fits, f"a leaf was recorded after {name} had seen it, at {spoken(time)}")
    for size, time in case.stamps:
        fits = case.newest_below[size] <= a_minute_after(time)
        need(fits, f"a leaf below {size} was recorded after its time stamp of {spoken(time)}")
    if not case.claim and not case.witnesses:
        return NONE, "no witness signed"
    seen, stamped = len(case.witnesses), len(case.stamps)
    return OK, f"no leaf was backdated; cosignatures compared: {seen}, time stamps: {stamped}"


def check_table(case: Case) -> Found:
    """report.csv says what the verified events say, to the byte."""
    same = case.table.hexdigest() == case.bundle.hashes["report.csv"]
    need(same, "report.csv differs from the events")
    return OK, f"report.csv was recomputed from the events; rows: {case.rows}"


Checks = tuple[tuple[str, Callable[[Case], Found]], ...]
CHECKS: Checks = (
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
# If one of these fails, the checks after it cannot be made.
FUNDAMENTAL = ("files", "policy", "checkpoint", "inclusion", "bodies", "values", "manifest")
# Called for each leaf while check_inclusion reads it, in this order; the check of the same name reports the problem.
LOOKS: tuple[tuple[str, Callable[[Case, Leaf], None]], ...] = (
    ("bodies", look_at_body),
    ("values", look_at_values),
    ("completeness", look_at_chains),
    ("times", look_at_times),
)


def attempt(check: Callable[..., Found | None], *given: Any) -> Found:
    """Run a check; malformed input makes it fail."""
    try:
        return check(*given) or (OK, "")
    except Malformed as problem:
        return FAIL, str(problem)


def run(case: Case, steps: Checks) -> Result:
    """Run the checks in order, until one of FUNDAMENTAL fails."""
    checks: list[Check] = []
    broken = ""
    for name, check in steps:
        if name == "older" and case.brought.older is None:
            continue
        if broken:
            state, sentence = NONE, f"not checked because {broken} failed"
        elif name in case.problems:
            state, sentence = FAIL, case.problems[name]
        else:
            state, sentence = attempt(check, case)
        if state == FAIL and name in FUNDAMENTAL:
            broken = name
        checks.append(Check(name, state, printable(sentence)))
    if any(check.state == FAIL for check in checks):
        return Result(tuple(checks), (), "INVALID", 1)
    lines = statement(case) if case.claim else ()
    said = tuple(Line(line.name, printable(line.text)) for line in lines)
    return Result(tuple(checks), said, verdict_of(case), 0)


def check_bundle(bundle: Bundle, brought: Brought) -> Result:
    case = Case(brought)
    case.bundle = bundle
    return run(case, CHECKS)


def verdict_of(case: Case) -> str:
    counted = case.policy.counts()
    names = [printable(name) for name in case.witnesses if name in counted]
    if names and case.brought.policy is not None:
        return "WITNESSED by " + ", ".join(names)
    if case.stamps:
        size, time = max(case.stamps)
        return f"ANCHORED (time-stamped {spoken(time)}, leaves below {size})"
    return "CONSISTENT (self-signed only)"


# --- A single proof: one event and its path to a checkpoint. It says nothing about others that may be missing.

PROOF = re.compile(
    rb"c2sp\.org/tlog-proof@v1\nextra (\S+)\nindex (0|[1-9][0-9]{0,15})\n((?:\S+\n){0,63})\n([\s\S]*)"
)


def check_proof(data: bytes, brought: Brought) -> Result:
    found = PROOF.fullmatch(data)
    if len(data) > LONGEST_JSON or not found:
        raise NotChecked("this is not a proof of an event")
    case = Case(brought)
    extra, index, path, case.signed = found.groups()
    case.proof = (extra.decode("latin-1"), int(index), path.decode("latin-1").split("\n")[:-1])
    return run(case, PROOF_CHECKS)


def check_path(case: Case) -> Found:
    """The entry leads to the root of the checkpoint."""
    extra, index, path = case.proof
    said = read_json(unbase64(extra), "the event of the proof")
    need_form(said, {"body": str, "entry": str, "reveal": dict}, "the event of the proof")
    entry_bytes = said["entry"].encode()
    entry = read_json(entry_bytes, "the entry")
    need_entry(entry)
    need(entry["n"] == index, "the entry is of another leaf")
    fits = is_included(entry_bytes, index, case.note.size, unbase64_hashes(path), case.note.root)
    need(fits, "the path does not lead to the root of the checkpoint")
    case.leaf, case.newest = Leaf(entry, {}, said["reveal"]), entry["r"]
    case.leaf.body_bytes = said["body"].encode()
    return OK, f"leaf {index} leads to the root of the checkpoint"


def check_event(case: Case) -> Found:
    """The event is to the byte the one that was sealed."""
    leaf = case.leaf
    leaf.body = read_json(leaf.body_bytes, "the event")
    need_event(leaf)
    state, sentence = attempt(look_at_values, case, leaf)
    if state == FAIL:
        case.problems["values"] = sentence
    return OK, "the event is the one that was sealed"


PROOF_CHECKS: Checks = (
    ("policy", check_policy),
    ("checkpoint", check_checkpoint),
    ("witnesses", check_witnesses),
    ("inclusion", check_path),
    ("bodies", check_event),
    ("values", check_values),
    ("times", check_times),
)


# --- Section 10: the statement.


def printable(text: str) -> str:
    """Return a text without characters that could change lines or direction in a terminal."""
    return re.sub("[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", "\ufffd", text)


def statement(case: Case) -> Iterator[Line]:
    """Yield the sentences that are printed before the verdict."""
    claim, manifest, scope = case.claim, case.manifest, case.claim["scope"]
    kind, ref, closed = scope["kind"], scope.get("ref", ""), manifest["closed_until"]
    first, opened = case.leaves[0], case.leaves[claim["opening"]].time
    start = max(scope.get("from", opened), opened)  # no time before this log was opened is covered
    end = min(scope.get("to", closed), closed)
    about = {
        "target": f"all events about {ref}",
        "object": f"all events about {ref} and its recordings",
        "actor": f"all events by {ref}",
        "all": "all events",
    }
    yield Line("About", about[kind] + quoted(case.label))
    since = f"from {spoken(scope['from'])}" if "from" in scope else "from the beginning of the log"
    yield Line("Period", f"{since}, " + (f"before {spoken(scope['to'])}" if "to" in scope else "no end"))
    complete = f"no event is missing from {spoken(start)} until {spoken(end)}"
    if "to" not in scope:
        complete += " (the report has no end; later events are not covered)"
    elif scope["to"] > closed:
        complete += f" (the requested period ends later, at {spoken(scope['to'])})"
    if opened >= closed:
        complete = f"not stated: the log was opened at {spoken(opened)} and covers no time yet"
    elif start >= end:
        complete = f"not stated: the log covers only the time from {spoken(opened)} until {spoken(closed)}"
    yield Line("Complete", complete)
    yield Line("Viewings", viewings(case, start, end))
    yield Line("Events", {0: "no events", 1: "1 event"}.get(case.rows, f"{case.rows} events"))
    request, opening = case.leaves[claim["request"]], case.leaves[claim["opening"]]
    name = request.revealed("actor.name")
    by = request.said("actor", "ref") + quoted(name)
    yield Line("Requested", f"by {by} at {spoken(request.time)}, as report {claim['report']}")
    log = f"{claim['origin']}, {claim['size']} leaves, opened at {spoken(first.time)}"
    if first.detail("previous_origin"):
        log += f"; leaf 0 continues {first.detail('previous_origin')}, which is not part of this log"
    if opening.n:
        log += f"; under this name since leaf {opening.n}: {opening.detail('reason')}"
    yield Line("Log", log)
    seen = ", ".join(f"{name} ({spoken(time)})" for name, time in case.witnesses.items())
    yield Line("Cosigned by", seen or "no witness")
    yield Line("Personal values", f"{case.shown} shown, {case.erased} erased or not disclosed")
    if case.late:
        late = f"{case.late} events were sealed after the log was closed for their time"
        if case.late == 1:
            late = "1 event was sealed after the log was closed for its time"
        they = "it" if case.late == 1 else "they"
        yield Line("Sealed late", f"{late}; only the portal vouches for when {they} happened")
    if case.malformed:
        several = f"{case.malformed} entries are not readable events"
        yield Line("Malformed", "1 entry is not a readable event" if case.malformed == 1 else several)
    if kind == "object" and manifest["parents_from"]:
        earlier = "earlier events about its recordings are not covered"
        yield Line("Recordings covered from", f"leaf {manifest['parents_from']}; {earlier}")
    yield Line("Not covered", "viewings inside CommBox, and anything that the portal did not record")
    copies = "report.xlsx, report.pdf and README.txt are copies made by the portal; "
    copies += "only report.csv was recomputed from the events"
    if not case.witnesses and not case.stamps:
        copies += "; no time stamp or witness confirms the times"
    yield Line("Not checked", copies)
    yield Line("Trust", trust(case))


def quoted(name: str) -> str:
    """Quote a name. Quotation marks in it are replaced, so that it cannot end its own quotation."""
    plain = name.replace("“", '"').replace("”", '"')
    return f" (“{plain}”)" if name else ""


def viewings(case: Case, start: str, end: str) -> str:
    """State how many viewings there were. "None" is stated only for a scope that could contain viewings."""
    kind, ref = case.claim["scope"]["kind"], case.claim["scope"].get("ref", "")
    parents_from = case.manifest["parents_from"]
    person = " to this person" if kind == "actor" else ""
    if kind == "target" and not ref.startswith("recording:"):
        return "not stated: this scope cannot contain viewings"
    if case.viewings:
        issued = f"{case.viewings} video URLs were issued"
        if case.viewings == 1:
            issued = "1 video URL was issued"
        return issued + person + (f"; URLs refused: {case.refused}" if case.refused else "")
    if case.went_on:
        return "none started in this period; one that started earlier continued"
    if kind == "target" and not case.discovered:
        return "not stated: this recording was never registered in the log"
    if kind == "object" and not case.discovered:
        return "not stated: no recording of this object was ever registered in the log"
    if start >= end:
        return "not stated: the log does not cover this period"
    if kind == "object" and parents_from:
        return f"none from leaf {parents_from} until {spoken(end)}"
    return f"none: no video URL was issued{person} from {spoken(start)} until {spoken(end)}"


def trust(case: Case) -> str:
    """State whose policy was used."""
    if case.brought.policy is None:
        return "the bundle’s own policy; only the bundle’s maker vouches for it"
    if case.brought.policy == case.own_policy:
        doubt = "if you took it from there, only the bundle’s maker vouches for it"
        return f"your policy, which is the same as the bundle’s; {doubt}"
    return "your policy"


# --- The program.


def examine(file: BinaryIO, brought: Brought) -> tuple[Result, Bundle | None]:
    """Verify a file; return also the bundle if it is one."""
    try:
        file.seek(0)
        if file.read(21) == b"c2sp.org/tlog-proof@v":
            file.seek(0)
            return check_proof(file.read(LONGEST_JSON + 1), brought), None
        bundle = Bundle(file)
        return check_bundle(bundle, brought), bundle
    except NotChecked as problem:
        return not_checked(str(problem)), None


def not_checked(why: str) -> Result:
    return Result((), (), f"NOT CHECKED: {why}", 2)


Text = Union[bytes, str, None]


def verify(
    source: Any, policy: Text = None, tsa: Text = None, older: Text = None, proof: Text = None
) -> Result:
    """Verify a bundle or a proof, given as a path or a seekable file. The auditor's own files are text or bytes."""
    texts = (policy, tsa, older, proof)
    brought = Brought(*(text.encode() if isinstance(text, str) else text for text in texts))
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file:
            return examine(file, brought)[0]
    return examine(source, brought)[0]


def extract(bundle: Bundle, folder: str) -> str:
    """Write every verified entry to an empty folder, and compare its hash again."""
    os.makedirs(os.path.join(folder, "anchors"), exist_ok=True)
    for name in bundle.entries:
        digest = hashlib.sha256()
        with open(os.path.join(folder, *name.split("/")), "xb") as out:
            for piece in bundle.unpack(name):
                digest.update(piece)
                out.write(piece)
        must(digest.hexdigest() == bundle.hashes[name], f"{name} changed while it was read")
    return f"{len(bundle.entries)} verified files were written to {folder}"


def read_whole(path: str | None) -> bytes | None:
    if path is None:
        return None
    with open(path, "rb") as file:
        data = file.read(MIB + 1)
    must(len(data) <= MIB, f"{path} is larger than 1 MiB")
    return data


def examine_as_asked(given: argparse.Namespace) -> tuple[Result, str]:
    """Run the command line; return the result, and a sentence about the files written."""
    is_used = given.extract and os.path.isdir(given.extract) and os.listdir(given.extract)
    must(not is_used, f"the folder {given.extract} is not empty")
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
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    parser.add_argument("bundle")
    parser.add_argument("--policy", metavar="FILE", help="the keys that you trust")
    parser.add_argument("--tsa", metavar="FILE", help="the certificate of the time stamp authority")
    parser.add_argument("--older", metavar="FILE", help="a checkpoint that you kept")
    parser.add_argument(
        "--proof", metavar="FILE", help="the consistency proof from it to the bundle's checkpoint"
    )
    parser.add_argument("--extract", metavar="DIR", help="write the verified files to this folder")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    given = parser.parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    written = ""
    try:
        result, written = examine_as_asked(given)
    except NotChecked as problem:
        result = not_checked(str(problem))
    except OSError as error:
        why = error.strerror or "it cannot be read"
        result = not_checked(f"{error.filename or given.bundle}: {why}")
    except Exception as error:  # an unexpected error must not look like a verdict
        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        where = f" (line {trace.tb_lineno})" if trace else ""
        result = not_checked(f"this program has a fault{where}; tell whoever gave it to you")
    if given.json:
        parts: dict[str, Any] = result._asdict()
        parts["checks"] = [check._asdict() for check in result.checks]
        parts["statement"] = [line._asdict() for line in result.statement]
        print(json.dumps(parts))
    else:
        show(result, written)
    return result.exit_code


if __name__ == "__main__":
    sys.exit(main())
