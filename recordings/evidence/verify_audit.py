#!/usr/bin/env python3
"""Check an AuditPortal report (bundle.zip, or one event's .tlog-proof) without the portal and without a network.

    python3 verify_audit.py bundle.zip [--policy policy.txt] [--tsa tsa.pem]
                            [--older checkpoint.txt --proof consistency.txt] [--json]

Python 3.8 or newer and nothing else. One line per check, then the verdict; exit code 1 when it is INVALID. The formats
are in docs/trail-format.md of the product. Bring your own policy file (the keys that you trust) and the time stamper's
own RSA certificate: only they lift the verdict. Not checked: that certificate's chain, and what was never recorded.
"""
# fmt: off  (the promise is one file of at most 250 lines)
# ruff: noqa: E501, E701, B905, DTZ007, RUF005, T201
from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import os
import re
import sys
import zipfile
from collections import namedtuple
from datetime import datetime, timedelta
from typing import Any

SELF_SIGNED, MINUTE = "CONSISTENT (self-signed only)", timedelta(seconds=60)
WHOLE, MEMBERS, TOTAL = 1 << 28, 300_000, 1 << 32  # limits: bytes of a file read whole, files, bytes of all of them
UNBOUND = ["README.txt", "policy.txt", "report.pdf", "report.xlsx", "verify_audit.py"]  # nothing signed speaks of these
FILES = {*UNBOUND, "bundle.json", "checkpoint.txt", "report.csv", "SHA256SUMS"}  # and then events/ and anchors/
COLUMNS = ["leaf", "recorded_at", "occurred_at", "type", "outcome", "actor", "actor_name", "role", "purpose", "note", "target", "target_label", "parent", "address", "request_id", "detail", "event_id", "body_sha256"]
SHOWN = ["occurred_at", "type", "outcome", "actor.ref", "actor.name", "actor.role", "purpose.code", "purpose.note", "object.ref", "object.label", "object.parent", "source.ip", "request.id"]
PERSONAL = {"actor.name", "purpose.note", "object.label", "source.ip"}
PROOF, SHA2 = b"c2sp.org/tlog-proof@v1", bytes.fromhex("6086480165030402")  # 01: SHA-256, 02: 384, 03: 512
FORMULA = re.compile("['\t\r\n\0]|\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]")
Check, Result = namedtuple("Check", "name ok sentence"), namedtuple("Result", "checks verdict")
Key, Leaf = namedtuple("Key", "name id kind public"), namedtuple("Leaf", "entry recorded extra")

class Bad(Exception):
    """What is wrong, in a sentence."""

def need(ok: Any, sentence: str) -> None:
    if not ok: raise Bad(sentence)

# --- One spelling only: what could be read in two ways is refused.
def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
def unbase64(text: bytes, size: int | None = None) -> bytes:
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data) == text and size in (None, len(data)), "base64 of another form or length than agreed")
    return data
def number(text: bytes) -> int:
    need(re.fullmatch(rb"0|[1-9][0-9]{0,18}", text) and int(text) < 2**63, "a number is not written as agreed")
    return int(text)
def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
def plain(value: Any) -> bool:
    if isinstance(value, dict): return "".join(value).isascii() and all(map(plain, value.values()))
    return all(map(plain, value)) if isinstance(value, list) else isinstance(value, str) or whole(value)
def whole(value: Any) -> bool:
    return type(value) is int and abs(value) < 2**53
def read_json(data: bytes) -> Any:
    """RFC 8785 to the byte (so no key stands twice): an object of objects, arrays, strings and integers."""
    value = json.loads(data.decode())
    need(isinstance(value, dict) and plain(value) and canonical(value) == data, "JSON that is not canonical")
    return value
def moment(text: str) -> datetime:
    time = datetime.fromisoformat(text[:-1])
    need(time.isoformat(timespec="microseconds") + "Z" == text, "a time is not written as agreed")
    return time

# --- Ed25519: RFC 8032 5.1.7 without the cofactor. Points are (X, Y, Z, T).
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT = -121665 * pow(121666, P - 2, P) % P, pow(2, (P - 1) // 4, P)
def add(p: Any, q: Any) -> Any:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    return (b - a) * (d - c) % P, (d + c) * (b + a) % P, (d - c) * (d + c) % P, (b - a) * (b + a) % P
def point(data: bytes) -> Any:
    y, odd = int.from_bytes(data, "little") % 2**255, data[31] >> 7
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    x = x if x * x % P == xx else x * ROOT % P
    need(y < P and x * x % P == xx and (x or not odd), "a public key is no point of the curve")
    return (x, y, 1, x * y % P) if x & 1 == odd else (P - x, y, 1, (P - x) * y % P)
BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    s, (x, y, _, t) = int.from_bytes(signature[32:], "little"), point(public)
    if len(signature) != 64 or s >= L: return False  # S + L would be a second signature over the same message
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    minus, total = (P - x, y, 1, P - t), (0, 1, 1, 0)
    steps = (total, BASE, minus, add(BASE, minus))
    for bit in range(252, -1, -1):  # S·B - k·A must be R
        total = add(add(total, total), steps[(s >> bit & 1) + 2 * (k >> bit & 1)])
    x, y = (part * pow(total[2], P - 2, P) % P for part in total[:2])
    return (y + (x % 2 << 255)).to_bytes(32, "little") == signature[:32]

# --- The tree: RFC 9162 2.1.
def climb(index: int, last: int, path: list[bytes], old: bytes, new: bytes) -> tuple[bytes, bytes]:
    """The two roots a path leads to: `old` takes only what stands to its left, `new` takes everything."""
    for sibling in path:
        need(last, "a proof is too long")
        if index & 1 or index == last:
            old, new = sha256(b"\1" + sibling + old), sha256(b"\1" + sibling + new)
            while index and not index & 1: index, last = index >> 1, last >> 1
        else:
            new = sha256(b"\1" + new + sibling)
        index, last = index >> 1, last >> 1
    need(not last, "a proof is too short")
    return old, new
def included(data: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    leaf = sha256(b"\0" + data)
    return 0 <= index < size and climb(index, size - 1, path, leaf, leaf)[1] == root
def consistent(old: Checkpoint, new: Checkpoint, path: list[bytes]) -> bool:
    """Whether the newer tree begins with all leaves of the older one, unchanged."""
    if not 0 < old.size < new.size: return 0 < old.size == new.size and old.root == new.root and not path
    index, last = old.size - 1, new.size - 1
    while index & 1: index, last = index >> 1, last >> 1
    path = path if index else [old.root, *path]  # a power of two is itself the first node
    return climb(index, last, path[1:], path[0], path[0]) == (old.root, new.root)

# --- C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-policy; RFC 3161.
class Checkpoint:
    """A signed note, taken apart: true is of it only what a trusted key signed."""
    def __init__(self, note: bytes) -> None:
        head, gap, lines = note.partition(b"\n\n")
        need(len(note) < 1_000_000 and not re.search("[\0-\x09\x0b-\x1f]", note.decode()), "a checkpoint is not text")
        self.text, (self.origin, size, root) = head + b"\n", (head.split(b"\n") + [b"", b""])[:3]
        self.size, self.root = number(size), unbase64(root, 32)
        found = [re.fullmatch(r"— ([^\s+]+) ([^\s]{8,})", line) for line in lines[:-1].decode().split("\n")]
        need(gap and self.origin and lines.endswith(b"\n") and all(found) and len(found) <= 100, "no signed checkpoint")
        self.lines = [(m[1].encode(), unbase64(m[2].encode())) for m in found if m]
    def signed_by(self, key: Key) -> bool:
        """Whether that key signed: false without a line of it, Bad when a line of it does not verify."""
        mine = [signature[4:] for name, signature in self.lines if (name, signature[:4]) == (key.name, key.id)]
        for data in mine:
            time, data = (int.from_bytes(data[:8], "big"), data[8:]) if key.kind == 4 else (1, data)
            text = b"cosignature/v1\ntime %d\n" % time + self.text if key.kind == 4 else self.text
            need(0 < time < 2**63 and ed25519(key.public, text, data), f"the signature of {show(key.name)} is wrong")
        return bool(mine)

def show(name: bytes) -> str:
    return name.decode("utf-8", "replace")

class Policy:
    """Whose signatures count. `parties`: name -> the Key of a witness, or (how many, members) of a group."""
    def __init__(self, data: bytes) -> None:
        self.logs, self.parties, self.quorum, grouped = [], {}, b"", []  # type: ignore[var-annotated]
        need(len(data) < 1_000_000 and not re.search(rb"[\0-\x08\x0b-\x1f\x7f]", data), "the policy is not text")
        for line in data.split(b"\n"):
            word, *rest = re.split(rb"[ \t]+", line.strip(b" \t"))
            if not word or word[:1] == b"#": continue
            name, how, *members = [*rest, b"", b""][: max(2, len(rest))]
            if word == b"log": self.logs.append(self.key(name, 1))
            elif word == b"witness": self.define(name, self.key(how, 4))
            elif word == b"group":
                grouped += members
                enough = {b"any": 1, b"all": len(members)}.get(how) or number(how)
                need(1 <= enough <= len(members) and {*members} <= {*self.parties}, "a group of the policy is not as agreed")
                self.define(name, (enough, members))
            else:
                need(word == b"quorum" and not self.quorum and name in {b"none", *self.parties}, "the policy's quorum is not as agreed")
                self.quorum = name
            need(word == b"group" or len(rest) <= {b"log": 2, b"witness": 3}.get(word, 1), "a line of the policy is too long")
        witnesses = [key for key in self.parties.values() if isinstance(key, Key)]
        need(len({k.public for k in self.logs}) == len(self.logs) and len({k.public for k in witnesses}) == len(witnesses)
             and len({*grouped}) == len(grouped), "the policy has a key or a member twice")
        need(self.quorum, "the policy has no quorum line")
    def define(self, name: bytes, party: Any) -> None:
        need(name not in (b"", b"none") and name not in self.parties, "the policy uses a name twice")
        self.parties[name] = party
    def key(self, vkey: bytes, kind: int) -> Key:
        name, key_id, data = vkey.split(b"+", 2)
        public = unbase64(data, 33)[1:]
        key = Key(name, sha256(name + b"\n" + bytes([kind]) + public)[:4], kind, public)
        need(name and unbase64(data)[0] == kind and key.id.hex().encode() == key_id, "a key of the policy is not as agreed")
        return key
    def met(self, name: bytes, signed: dict[bytes, bool]) -> tuple[bool, list[str]]:
        """Whether a witness or group has witnessed, and which of its witnesses did."""
        if name == b"none": return True, []
        if name in signed: return signed[name], [show(name)] * signed[name]
        found = [self.met(member, signed) for member in self.parties[name][1]]
        return sum(ok for ok, _ in found) >= self.parties[name][0], [who for _, names in found for who in names]

def read_proof(data: bytes) -> tuple[int, list[bytes], bytes, bytes]:
    """C2SP tlog-proof: the index, the path, the checkpoint, the extra data."""
    head, _, note = data.partition(b"\n\n")
    first, extra, index, *path = head.split(b"\n")
    need(first == PROOF and extra[:6] == b"extra " and index[:6] == b"index " and len(path) < 64, "no tlog-proof")
    return number(index[6:]), [unbase64(line, 32) for line in path], note, unbase64(extra[6:])

def der(data: bytes) -> list[tuple[int, bytes, bytes]]:
    """The elements of a DER value: tag, content, and both with the length."""
    found = []
    while data:
        size, at = (data[1], 2) if data[1] < 128 else (int.from_bytes(data[2 : data[1] - 126], "big"), data[1] - 126)
        need(at + size <= len(data) < 100_000, "a time stamp or certificate is cut off or too long")
        found.append((data[0], data[at : at + size], data[: at + size]))
        data = data[at + size :]
    return found

def rsa_keys(pem: bytes) -> dict[bytes, tuple[int, int]]:
    """Modulus and exponent of the RSA certificates in a PEM file, by issuer and serial number."""
    found = {}
    for text in re.findall(b"-----BEGIN CERTIFICATE-----(.+?)-----END", pem, re.S):
        parts = der(der(der(base64.b64decode(text))[0][1])[0][1])
        serial, _, issuer, _, _, key = parts[parts[0][0] == 0xA0 :][:6]
        if der(der(key[1])[0][1])[0][1].hex() == "2a864886f70d010101":
            n, e = der(der(der(key[1])[1][1][1:])[0][1])
            found[issuer[2] + serial[2]] = int.from_bytes(n[1], "big"), int.from_bytes(e[1], "big")
    return found

def read_stamp(response: bytes, note: bytes, keys: dict[bytes, tuple[int, int]]) -> tuple[datetime, bool]:
    """RFC 3161: when that note was stamped, and whether one of the keys signed so (Bad when it did so wrongly)."""
    status, token = der(der(response)[0][1])
    signed = der(der(der(token[1])[1][1])[0][1])  # version, algorithms, content, …, signers
    kind, content = der(signed[2][1])
    content = der(content[1])[0]
    info = der(der(content[1])[0][1])  # version, policy, imprint, serial, time
    need(der(status[1])[0][1] in (b"\0", b"\1") and kind[1].hex() == "2a864886f70d0109100104", "a time stamp was refused")
    need([p[1] for p in der(info[2][1])][1] == sha256(note) and der(der(info[2][1])[0][1])[0][1] == SHA2 + b"\1", "a time stamp is over something else")
    time = datetime.strptime(re.sub(r"(\.\d+)?Z$", "Z", info[4][1].decode()), "%Y%m%d%H%M%SZ")
    _, who, algorithm, attributes, _, signature = der(der(signed[-1][1])[0][1])[:6]
    if who[1] not in keys: return time, False
    oid = der(algorithm[1])[0][1]
    name = {SHA2 + b"\1": "sha256", SHA2 + b"\2": "sha384", SHA2 + b"\3": "sha512"}[oid]
    said = {der(a[1])[0][1].hex(): der(der(a[1])[1][1])[0][1] for a in der(attributes[1])}
    need(said["2a864886f70d010904"] == hashlib.new(name, content[1]).digest() and said["2a864886f70d010903"] == kind[1], "a time stamp's signature is over something else")
    (n, e), digest = keys[who[1]], hashlib.new(name, b"\x31" + attributes[2][1:]).digest()
    block = bytes([0x30, 17 + len(digest), 0x30, 13, 6, 9]) + oid + bytes([5, 0, 4, len(digest)]) + digest
    block = b"\1" + b"\xff" * ((n.bit_length() + 7) // 8 - 3 - len(block)) + b"\0" + block  # RSASSA-PKCS1-v1_5
    need(pow(int.from_bytes(signature[1], "big"), e, n) == int.from_bytes(block, "big"), "a time stamp's signature is wrong")
    return time, True

# --- The checks, in their order. What a failed check could not find out, later ones cannot check.
class Verifier:
    def __init__(self, file: Any, policy: bytes | None, tsa: bytes, older: bytes | None, steps: bytes | None) -> None:
        self.file, self.own_policy, self.tsa, self.older_note, self.steps = file, policy, tsa, older, steps
        self.single = file.read(WHOLE) if file.read(len(PROOF)) == PROOF and not file.seek(0) else b""
    def __getattr__(self, name: str) -> Any:
        raise Bad("cannot be checked, see above")
    def run(self) -> Result:
        names = "files policy checkpoint witnesses inclusion bodies values opening manifest completeness anchors older times table"
        if self.single: names = "policy checkpoint witnesses inclusion bodies values"
        checks = []
        for name in names.split():
            if name != "older" or self.older_note is not None:
                try: checks.append(Check(name, True, getattr(self, name)()))
                except Exception as error: checks.append(Check(name, False, say(error)))
        return Result(checks, self.verdict() if all(check.ok for check in checks) else "INVALID")
    def verdict(self) -> str:
        if self.cosigners: return "WITNESSED by " + ", ".join(self.cosigners)
        proven = [] if self.single else [(size, time) for size, time, signed in self.stamps if signed]
        return "ANCHORED (time-stamped {1}Z, leaves below {0})".format(*max(proven)) if proven else SELF_SIGNED
    def read(self, name: str) -> bytes:
        need(name in self.names, f"{name} is missing")
        need(self.zip.getinfo(name).file_size <= WHOLE, f"{name} is too long")
        return self.zip.read(name)
    def each(self, numbers: Any, step: Any) -> None:
        """Take a step for each of these leaves; all are looked at, the first that fails is named."""
        wrong = []
        for n in numbers:
            try: step(n)
            except Exception as error: wrong.append(f"leaf {n}: {say(error)}")
        need(not wrong, "".join(wrong[:1]) + f" (and {len(wrong) - 1} more leaves)" * (len(wrong) > 1))

    def files(self) -> str:
        """Nothing was added to, lost from or changed in the bundle since SHA256SUMS was written."""
        archive = zipfile.ZipFile(self.file)
        infos = archive.infolist()
        need(len(infos) <= MEMBERS and sum(info.file_size for info in infos) <= TOTAL, "too many or too large files")
        names = {info.orig_filename for info in infos}
        need(len(names) == len(infos), "two files have one name")
        self.zip, self.names = archive, names
        self.claim = claim = read_claim(self.read("bundle.json"))
        self.shipped = sorted({*claim["leaves"], claim["opening"], claim["manifest"]})
        wanted = FILES | {f"events/{n:012}.tlog-proof" for n in self.shipped}
        wanted |= {f"anchors/{anchor['size']}.{kind}" for anchor in claim["anchors"] for kind in ("txt", "tsr")}
        need(names == wanted, f"{min(names ^ wanted, default='')!r} is missing or does not belong here")
        said = self.read("SHA256SUMS").decode().split("\n")
        for line, name in zip(said, sorted(names - {"SHA256SUMS"})):
            need(line == f"{self.digest(name)}  {name}", f"{name} is not what SHA256SUMS says")
        need(len(said) == len(names) and said[-1] == "", "SHA256SUMS lists more than there is")
        return f"{len(names)} files, as SHA256SUMS lists them; it alone speaks for {', '.join(UNBOUND)}"
    def digest(self, name: str) -> str:
        total = hashlib.sha256()
        with self.zip.open(name) as file:
            for part in iter(lambda: file.read(1 << 20), b""): total.update(part)
        return total.hexdigest()

    def policy(self) -> str:
        """Whose signatures count here."""
        need(self.own_policy is not None or not self.single, "one proof holds no policy: bring yours with --policy")
        self.trust = Policy(self.read("policy.txt") if self.own_policy is None else self.own_policy)
        return "yours" if self.own_policy is not None else "the portal's own, from the bundle: bring yours to lift the verdict"

    def checkpoint(self) -> str:
        """The log stands by this size and this root."""
        self.note = read_proof(self.single)[2] if self.single else self.read("checkpoint.txt")
        self.head = Checkpoint(self.note)
        self.signed(self.head)
        claim = {"origin": show(self.head.origin), "size": self.head.size}
        need(self.single or {key: self.claim[key] for key in claim} == claim, "bundle.json speaks of another checkpoint")
        return f"{show(self.head.origin)}, {self.head.size} leaves, signed by the log"
    def signed(self, note: Checkpoint) -> None:
        keys = [key for key in self.trust.logs if key.name == note.origin == self.head.origin]
        need([key for key in keys if note.signed_by(key)], "not signed by a key that the policy has for this log")

    def witnesses(self) -> str:
        """Others have seen the same log, so that its owner cannot rewrite it."""
        signed = {name: self.head.signed_by(key) for name, key in self.trust.parties.items() if isinstance(key, Key)}
        met, who = self.trust.met(self.trust.quorum, signed)
        need(met, f"the quorum is not met: {', '.join(who) or 'none of its witnesses'} signed")
        self.cosigners = who if self.own_policy is not None else []
        return f"signed by {', '.join(who)}" if who else "the policy asks for none"

    def inclusion(self) -> str:
        """Each entry is leaf n of the tree with the checkpoint's root: none altered, exchanged or moved."""
        self.leaves: dict[int, Leaf] = {}
        self.each([read_proof(self.single)[0]] if self.single else self.shipped, self.include)
        return f"{len(self.leaves)} leaves"
    def include(self, n: int) -> None:
        index, path, note, extra = read_proof(self.single or self.read(f"events/{n:012}.tlog-proof"))
        need(note == self.note, "its checkpoint is not checkpoint.txt")
        texts = read_json(extra)
        entry = read_json(texts["entry"].encode())
        need(index == n == entry["n"] and entry["v"] == 1, "the entry says another index")
        need(included(texts["entry"].encode(), n, self.head.size, path, self.head.root), "the path does not lead to the root")
        self.leaves[n] = Leaf(entry, moment(entry["r"]), texts)

    def bodies(self) -> str:
        """Each event is, to the byte, the one whose hash was sealed, by the person and about the thing its tags count."""
        self.events: dict[int, Any] = {}
        self.spoken = {*self.leaves} if self.single else {*self.claim["rows"], self.claim["opening"], self.claim["manifest"]}
        self.each(self.leaves, self.embody)
        return f"{len(self.events)} events"
    def embody(self, n: int) -> None:
        entry, texts = self.leaves[n].entry, self.leaves[n].extra
        need(texts.keys() == ({"body", "entry", "reveal"} if n in self.spoken else {"entry"}), "it has too little or too much")
        if n not in self.spoken: return
        body = read_json(texts["body"].encode())
        need(sha256(texts["body"].encode()).hex() == entry["bh"], "the event is not the one that was sealed")
        need([body["v"], body["id"], body["type"], body["outcome"]] == [1, entry["e"], entry["y"], entry["o"]], "the entry is of another event")
        for kind, part in (("obj", "object"), ("act", "actor")):
            ref = body.get(part, {}).get("ref")
            need(self.single or entry.get(kind) == (self.tag(kind, ref) if ref else None), f"the tag is not the {part}'s")
        self.events[n] = body
    def tag(self, kind: str, ref: str) -> str:
        return hmac.new(bytes.fromhex(self.claim["tag_key"]), f"{kind}\0{ref}".encode(), "sha256").hexdigest()

    def values(self) -> str:
        """Each name, address, note or label shown is the one that the event committed to."""
        self.shown: dict[int, dict[str, str]] = {}
        self.each(self.events, self.reveal)
        return f"{sum(map(len, self.shown.values()))} personal values"
    def reveal(self, n: int) -> None:
        secrets = self.leaves[n].extra["reveal"]
        for field, secret in secrets.items():
            part, _, name = field.partition(".")
            salt = bytes.fromhex(secret["salt"])
            text = b"audit-field-v1\0" + field.encode() + b"\0" + salt + secret["value"].encode()
            need(secret == {"salt": salt.hex(), "value": secret["value"]} and len(salt) == 16, f"{field} is not as agreed")
            need(self.events[n][part][name] == sha256(text).hex(), f"{field} is not what was committed to")
        self.shown[n] = {field: secret["value"] for field, secret in secrets.items()}

    def opening(self) -> str:
        """The log committed to the key of its tags when it was opened, so nothing can be counted under two tags."""
        n, detail = self.claim["opening"], self.by_the_log("opening", "log.opened")
        need(detail["origin"].encode() == self.head.origin, "another log was opened there")
        need(detail["tag_key_sha256"] == sha256(b"audit-tag-key-v1\0" + bytes.fromhex(self.claim["tag_key"])).hex(), "the tag key is another")
        need((n == 0) == ("previous_origin" not in detail), "a log is opened at leaf 0, or goes on from an earlier one")
        return f"leaf {n}" + (f", going on from {detail['previous_origin']}: {detail['reason']}" if n else "")
    def by_the_log(self, place: str, kind: str) -> Any:
        n = self.claim[place]
        need(n in self.events, f"leaf {n} cannot be used")
        need(self.events[n]["type"] == kind and self.events[n]["actor"]["ref"] == "system:sealer", f"leaf {n} is no {kind}")
        return self.events[n]["action_detail"]

    def manifest(self) -> str:
        """The counts are those of the whole log up to this checkpoint, not of an earlier time."""
        self.heads = self.by_the_log("manifest", "heads.manifest")
        n = self.claim["manifest"]
        need(n == self.head.size - 1 == self.heads["upto"], "the manifest is not the last leaf")
        return f"leaf {n}: {self.heads['objects_n']} objects and {self.heads['actors_n']} actors"

    def completeness(self) -> str:
        """No event of the scope is missing."""
        numbers, scope = self.claim["leaves"], self.claim["scope"]
        need(all(n in self.leaves for n in numbers), "a leaf of the scope is missing")
        leaves = [self.leaves[n] for n in numbers]
        since, until = (moment(scope[end]) if end in scope else None for end in ("from", "to"))
        rows = [n for n, leaf in zip(numbers, leaves) if (not since or since <= leaf.recorded) and (not until or leaf.recorded < until)]
        need(rows == self.claim["rows"], "the rows are not the leaves within the report's time")
        if scope["kind"] == "all":
            need(numbers and numbers == list(range(numbers[0], numbers[-1] + 1)), "a leaf in between is missing")
            need(numbers[0] == 0 or (since and leaves[0].recorded + MINUTE < since), "earlier leaves are missing")
            need(numbers[-1] == self.claim["manifest"] or (until and leaves[-1].recorded > until + MINUTE), "later leaves are missing")
            return f"leaves {numbers[0]} to {numbers[-1]} without a gap"
        kind = "obj" if scope["kind"] == "target" else "act"
        mine = self.tag(kind, scope["ref"])
        for count, leaf in enumerate(leaves):
            found = [leaf.entry[kind], leaf.entry[kind + "_n"], leaf.entry.get(kind + "_prev", -1)]
            need(found == [mine, count + 1, numbers[count - 1] if count else -1], f"the leaf before leaf {numbers[count]} is missing")
        if numbers:
            head = self.claim["head"]
            need([head["count"], head["last"]] == [len(numbers), numbers[-1]], "the newest leaves are missing")
            self.in_manifest(kind, {**head, "tag": mine})
            return f"all {len(numbers)} leaves, by counter, chain and manifest"
        left, right = (self.claim["absence"].get(side) for side in ("left", "right"))
        for side in filter(None, (left, right)): self.in_manifest(kind, side)
        total = self.heads["objects_n" if kind == "obj" else "actors_n"]
        need((not left or left["tag"] < mine) and (not right or mine < right["tag"]), "the neighbours are not around it")
        need((right["index"] if right else total) == (left["index"] + 1 if left else 0), "the neighbours are not next to each other")
        return "no leaf at all: its place in the manifest is empty"
    def in_manifest(self, kind: str, head: Any) -> None:
        word = "objects" if kind == "obj" else "actors"
        data = canonical({key: head[key] for key in ("count", "last", "tag")})
        path = [unbase64(line.encode(), 32) for line in head["path"]]
        root = bytes.fromhex(self.heads[word + "_root"])
        need(included(data, head["index"], self.heads[word + "_n"], path, root), "a head is not in the manifest")

    def anchors(self) -> str:
        """This log goes on from checkpoints that others put a time to."""
        stamps, keys = [], rsa_keys(self.tsa)
        for anchor in self.claim["anchors"]:
            note = self.read(anchor["checkpoint"])
            old = Checkpoint(note)
            self.signed(old)
            path = [unbase64(line.encode(), 32) for line in anchor["consistency"]]
            need(old.size == anchor["size"] and consistent(old, self.head, path), f"the log was rewritten after {anchor['size']} leaves")
            stamps.append((old.size, *read_stamp(self.read(anchor["stamp"]), note, keys)))
        self.stamps = stamps
        good = sum(signed for _, _, signed in stamps)
        return f"{len(stamps)} time stamps, {good} by the authority whose certificate you brought"

    def older(self) -> str:
        """This log goes on from the checkpoint that you kept."""
        kept, path = Checkpoint(self.older_note), []
        self.signed(kept)
        if self.steps:
            lines, _, note = self.steps.partition(b"\n\n")
            old, *path = lines.split(b"\n")
            need(old == b"old %d" % min(kept.size, self.head.size), "the proof begins at another size")
            need(Checkpoint(note).text == max(kept, self.head, key=lambda one: one.size).text, "the proof leads elsewhere")
        pair = sorted([kept, self.head], key=lambda one: one.size)
        need(consistent(*pair, [unbase64(line, 32) for line in path]), "the log is not the one you kept a checkpoint of, or --proof is missing")
        return f"consistent with yours of {kept.size} leaves"

    def times(self) -> str:
        """No event was dated back: each was recorded between the time stamps around it."""
        for size, time, _ in self.stamps:
            for n, leaf in self.leaves.items():
                fits = leaf.recorded <= time + MINUTE if n < size else leaf.recorded >= time - MINUTE
                need(fits, f"leaf {n} says {leaf.entry['r']}, on the wrong side of the stamp at {size} leaves")
        return f"as {len(self.stamps)} time stamps say" if self.stamps else "the portal's own word: there is no time stamp"

    def table(self) -> str:
        """report.csv says what the verified events say, to the byte."""
        data, at = self.read("report.csv"), 0
        for n in [-1, *self.claim["rows"]]:
            row = self.row(n) if n >= 0 else "\ufeff" + ",".join(COLUMNS)
            line = (row + "\r\n").encode()
            need(data[at : at + len(line)] == line, f"report.csv is different at leaf {n}" if n >= 0 else "other columns")
            at += len(line)
        need(at == len(data), "report.csv has more rows than events")
        return f"{len(self.claim['rows'])} rows"
    def row(self, n: int) -> str:
        need(n in self.shown, f"leaf {n} cannot be used")
        body, shown, entry, cells = self.events[n], self.shown[n], self.leaves[n].entry, []
        for column in SHOWN:
            part, _, name = column.partition(".")
            value = body.get(part, {}).get(name, "") if name else body[part]
            cells.append(shown.get(column, "erased") if column in PERSONAL and value else value)
        detail = {key: shown.get("action_detail." + key, value) for key, value in body.get("action_detail", {}).items()}
        cells = [str(n), entry["r"], *cells, canonical(detail).decode() if detail else "", entry["e"], entry["bh"]]
        cells = ["'" + cell if FORMULA.match(cell) else cell for cell in cells]
        return ",".join('"' + cell.replace('"', '""') + '"' if re.search('[",\r\n]', cell) else cell for cell in cells)

def read_claim(data: bytes) -> Any:
    claim = read_json(data)
    scope, kinds = claim["scope"], ("target", "actor", "all")
    need(claim.keys() - {"head", "absence"} == {"v", "type", "origin", "size", "report", "generated_at", "generated_by", "scope", "tag_key", "opening", "manifest", "leaves", "rows", "anchors"}, "bundle.json has other keys")
    need([claim["v"], claim["type"]] == [1, "auditportal-bundle/1"] and scope["kind"] in kinds, "a bundle of another kind")
    need(scope.keys() - {"from", "to"} == ({"kind"} if scope["kind"] == "all" else {"kind", "ref"}), "the scope is not as agreed")
    numbers = [claim["size"], claim["opening"], claim["manifest"], *claim["leaves"], *claim["rows"]]
    need(all(type(n) is int and n >= 0 for n in numbers) and claim["leaves"] == sorted({*claim["leaves"]}), "its numbers are not as agreed")
    return claim

def say(error: Exception) -> str:
    return str(error) if isinstance(error, Bad) else f"damaged or malformed ({type(error).__name__})"

def verify(source: Any, policy_text: Any = None, tsa_pem: Any = None, older: Any = None, proof: Any = None) -> Result:
    """Check a bundle or a .tlog-proof (a path, or a binary file that can seek). The other arguments: text or bytes."""
    if isinstance(source, (str, os.PathLike)):
        try:
            with open(source, "rb") as file: return verify(file, policy_text, tsa_pem, older, proof)
        except OSError as error: return Result([Check("files", False, f"cannot be read: {error.strerror}")], "INVALID")
    brought = [text.encode() if isinstance(text, str) else text for text in (policy_text, tsa_pem or b"", older, proof)]
    source.seek(0)
    return Verifier(source, *brought).run()

def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle")
    for name in ("--policy", "--tsa", "--older", "--proof"): parser.add_argument(name, type=argparse.FileType("rb"))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(argv)
    brought = [file and file.read() for file in (given.policy, given.tsa, given.older, given.proof)]
    checks, verdict = verify(given.bundle, *brought)
    if given.json: print(json.dumps({"checks": [check._asdict() for check in checks], "verdict": verdict}))
    else: print(*(f"{'ok' if ok else 'FAIL':4}  {name:12}  {text}" for name, ok, text in checks), verdict, sep="\n")
    return verdict == "INVALID"

if __name__ == "__main__":
    sys.exit(main())
