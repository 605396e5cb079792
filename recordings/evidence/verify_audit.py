#!/usr/bin/env python3
"""Check an AuditPortal report (bundle.zip, or one event's .tlog-proof) without the portal, a network or anything else.

One line per check, then the verdict; exit code 1 when it is INVALID. Formats: docs/trail-format.md of the product. Bring
your own policy (the keys you trust) and the time stamper's own RSA certificate: only they lift the verdict. Not checked:
that certificate's chain, and what was never recorded. Python 3.8 or newer; set closely, because all of it is to be read.
"""
# fmt: off
# ruff: noqa: B905, DTZ007, E401, E501, E701, E702, I001, T201
# mypy: ignore-errors
from __future__ import annotations
import argparse, base64, hashlib, hmac, json, os, re, sys, zipfile
from collections import namedtuple
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

UNBOUND = "README.txt policy.txt report.pdf report.xlsx verify_audit.py"  # nothing that is signed speaks of these
CLAIM = "v type origin size report generated_at generated_by scope tag_key opening manifest leaves rows anchors"
TABLE = ("leaf:n recorded_at:r occurred_at:.occurred_at type:.type outcome:.outcome actor:actor.ref actor_name:actor.name! "
         "role:actor.role purpose:purpose.code note:purpose.note! target:object.ref target_label:object.label! parent:"
         "object.parent address:source.ip! request_id:request.id detail:action_detail. event_id:e body_sha256:bh")
FORMULA = re.compile("['\t\r\n\0]|\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]")  # for a spreadsheet
MINUTE, PROOF, SHA2 = timedelta(seconds=60), b"c2sp.org/tlog-proof@v1\n", bytes.fromhex("6086480165030402")
Check, Result = namedtuple("Check", "name ok sentence"), namedtuple("Result", "checks verdict")
Key = namedtuple("Key", "name id kind public")

class Bad(Exception): """What is wrong, in a sentence."""
def need(fine, sentence="it is not written as agreed"):
    if not fine: raise Bad(sentence)
class Checks(list):
    """The checks so far. `with checks("name"):` adds one; whatever goes wrong inside makes it a FAIL, never a traceback."""
    at = ""
    def __call__(self, name): self.append(Check(name, True, "")); return self
    def say(self, sentence): self[-1] = self[-1]._replace(sentence=sentence)
    def __enter__(self): pass
    def __exit__(self, kind, error, trace):
        text = error if kind is Bad else f"damaged or malformed ({error!r:.80})"
        if kind and issubclass(kind, NameError): text = "cannot be checked, see above"  # what it needs was not found
        if kind: self[-1] = Check(self[-1].name, False, f"{self.at}{text}")
        self.at = ""
        return kind and issubclass(kind, Exception)
    def each(self, leaves):  # the leaves one after the other; what goes wrong meanwhile is said of that one
        for n in leaves: self.at = f"leaf {n}: "; yield n
        self.at = ""
    def result(self, witnesses, stamps):
        verdict = "ANCHORED (time-stamped {1}Z, leaves below {0})".format(*max(stamps)) if stamps else "CONSISTENT (self-signed only)"
        verdict = "WITNESSED by " + ", ".join(witnesses) if witnesses else verdict
        return Result(list(self), verdict if all(check.ok for check in self) else "INVALID")

# --- One spelling only: what could be read in two ways is refused.
def sha256(data): return hashlib.sha256(data).digest()
def unbase64(text, size=None):
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == str(text, "ascii") and size in (None, len(data)))
    return data
def number(text): need(re.fullmatch(rb"0|[1-9][0-9]{0,18}", text) and int(text) < 2**63); return int(text)
def unhex(text, size=32): data = bytes.fromhex(text); need(data.hex() == text and len(data) == size); return data
def moment(text):
    time = datetime.fromisoformat(text[:-1]); need(time.isoformat(timespec="microseconds") + "Z" == text)
    return time
def canonical(value): return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
def plain(value):
    if isinstance(value, dict): return "".join(value).isascii() and all(map(plain, value.values()))
    return all(map(plain, value)) if isinstance(value, list) else type(value) is str or (type(value) is int and abs(value) < 2**53)
def read_json(text):  # RFC 8785 to the byte, so that no key can stand in it twice
    value = json.loads(text); need(isinstance(value, dict) and plain(value) and canonical(value) == text.encode())
    return value

# --- Ed25519: RFC 8032 5.1.7 without the cofactor. Points are (X, Y, Z, T).
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT = -121665 * pow(121666, P - 2, P) % P, pow(2, (P - 1) // 4, P)
def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    return (b - a) * (d - c) % P, (d + c) * (b + a) % P, (d - c) * (d + c) % P, (b - a) * (b + a) % P
def point(data):
    y, odd = int.from_bytes(data, "little") % 2**255, data[31] >> 7
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P; x = pow(xx, (P + 3) // 8, P)
    x = x if x * x % P == xx else x * ROOT % P
    need(y < P and x * x % P == xx and (x or not odd), "a public key is no point of the curve")
    return (x, y, 1, x * y % P) if x & 1 == odd else (P - x, y, 1, (P - x) * y % P)
BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
def ed25519(public, message, signature):
    s, (x, y, _, t) = int.from_bytes(signature[32:], "little"), point(public)
    if len(signature) != 64 or s >= L: return False  # S + L would be a second signature over the same message
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    total, minus = (0, 1, 1, 0), (P - x, y, 1, P - t); steps = (total, BASE, minus, add(BASE, minus))
    for bit in range(252, -1, -1):  # R must be S·B - k·A
        total = add(add(total, total), steps[(s >> bit & 1) + 2 * (k >> bit & 1)])
    x, y = (part * pow(total[2], P - 2, P) % P for part in total[:2])
    return (y + (x % 2 << 255)).to_bytes(32, "little") == signature[:32]

# --- The tree: RFC 9162 2.1.
def climb(index, last, path, old, new):  # two roots: old takes only what stands to its left, new takes everything
    for sibling in path:
        need(last, "a proof is too long")
        if index & 1 or index == last:
            old, new = sha256(b"\1" + sibling + old), sha256(b"\1" + sibling + new)
            while index and not index & 1: index, last = index >> 1, last >> 1
        else: new = sha256(b"\1" + new + sibling)
        index, last = index >> 1, last >> 1
    return old, new, last
def included(data, index, size, path, root):
    return 0 <= index < size and climb(index, size - 1, path, b"", sha256(b"\0" + data))[1:] == (root, 0)
def consistent(old, new, path):  # the newer tree begins with all leaves of the older one, unchanged
    if not 0 < old.size < new.size: return 0 < old.size == new.size and old.root == new.root and not path
    index, last = old.size - 1, new.size - 1
    while index & 1: index, last = index >> 1, last >> 1
    path = path if index else [old.root, *path]  # a power of two is itself the first node
    return climb(index, last, path[1:], path[0], path[0]) == (old.root, new.root, 0)

# --- C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-policy, tlog-proof; RFC 3161.
class Checkpoint:
    def __init__(self, note):
        text, lines = note.split(b"\n\n"); self.text, (self.origin, size, root, *_) = text + b"\n", text.split(b"\n")
        self.size, self.root = number(size), unbase64(root, 32)
        found = [re.fullmatch(r"— ([^\s+]+) (\S{8,})", line) for line in lines[:-1].decode().split("\n")]
        need(self.origin and all(found) and len(found) <= 100 and lines[-1:] == b"\n" and len(note) < 1_000_000)
        need(not re.search("[\0-\x09\x0b-\x1f]", note.decode()), "a checkpoint has control characters")
        self.lines = [(m[1].encode(), unbase64(m[2].encode())) for m in found]
    def signed_by(self, key):  # False without a line of that key; a line of it that does not verify spoils the note
        mine = [signature[4:] for name, signature in self.lines if (name, signature[:4]) == (key.name, key.id)]
        for data in mine:
            time, data = (int.from_bytes(data[:8], "big"), data[8:]) if key.kind == 4 else (1, data)
            text = b"cosignature/v1\ntime %d\n" % time + self.text if key.kind == 4 else self.text
            need(0 < time < 2**63 and ed25519(key.public, text, data), f"the signature of {show(key.name)} is wrong")
        return bool(mine)
def show(name): return name.decode("utf-8", "replace")
def read_key(vkey, kind):
    name, key_id, data = vkey.split(b"+", 2); public = unbase64(data, 33)[1:]
    key = Key(name, sha256(name + b"\n" + bytes([kind]) + public)[:4], kind, public)
    need(name and unbase64(data)[0] == kind and key.id.hex() == show(key_id), "a key of the policy is not as agreed")
    return key
class Policy:  # parties: name -> the Key of a witness, or (how many, members) of a group
    def __init__(self, data):
        self.logs, self.parties, self.quorum, grouped = [], {}, b"", []
        need(re.fullmatch(rb"[\t\n\x20-\x7e\x80-\xff]{,999999}", data), "the policy is not text")
        for kind, name, *rest in filter(None, (re.sub(rb"^[ \t]*#.*", b"", line).split() for line in data.split(b"\n"))):
            need((name in {b"none", *self.parties}) == (kind == b"quorum") or kind == b"log", f"policy: {show(name)}")
            need(kind == b"group" or len(rest) < {b"log": 2, b"witness": 3, b"quorum": 1}[kind], f"policy: {show(name)}")
            if kind == b"log": self.logs.append(read_key(name, 1))
            elif kind == b"witness": self.parties[name] = read_key(rest[0], 4)
            elif kind == b"quorum": need(not self.quorum, "policy: a second quorum"); self.quorum = name
            else:
                how, *members = rest; many = {b"any": 1, b"all": len(members)}.get(how) or number(how)
                need(1 <= many <= len(members) and {*members} <= {*self.parties}, f"policy: group {show(name)}")
                self.parties[name] = many, members; grouped += members
        self.witnesses = {name: party for name, party in self.parties.items() if isinstance(party, Key)}
        for found in (grouped, [key.public for key in self.logs], [key.public for key in self.witnesses.values()]):
            need(self.quorum and len(found) == len({*found}), "the policy has no quorum, or a key or a member twice")
    def met(self, name, signed):  # whether a witness or group has witnessed, and by whom
        if name == b"none" or name in signed: return signed.get(name, True), [show(name)] * signed.get(name, False)
        found = [self.met(member, signed) for member in self.parties[name][1]]
        return sum(fine for fine, _ in found) >= self.parties[name][0], [who for _, names in found for who in names]
def read_proof(data):
    head, note = data.split(b"\n\n", 1); first, extra, index, *path = head.split(b"\n")
    need([first + b"\n", extra[:6], index[:6]] == [PROOF, b"extra ", b"index "], "no tlog-proof")
    return number(index[6:]), [unbase64(line, 32) for line in path], note, read_json(unbase64(extra[6:]).decode())
def der(data, *way):  # the elements of a DER value, each (tag, content, all its bytes); or the content at a way of positions
    found = []
    while data:
        size, at = (data[1], 2) if data[1] < 128 else (int.from_bytes(data[2 : data[1] - 126], "big"), data[1] - 126)
        need(at + size <= len(data) < 100_000, "a time stamp or certificate is cut off or too long")
        found.append((data[0], data[at : at + size], data[: at + size])); data = data[at + size :]
    return (der(found[way[0]][1], *way[1:]) if way[1:] else found[way[0]][1]) if way else found
def read_stamp(reply, note, keys):  # when that note was stamped, and whether a key the auditor brought signed that
    signed = der(reply, 0, 1, 1, 0); content, kind = der(signed, 2, 1, 0), der(signed, 2, 0); info = der(content, 0)
    need(der(reply, 0, 0, 0) in (b"\0", b"\1") and kind.hex() == "2a864886f70d0109100104" and der(info, 2, 1) == sha256(note)
         and der(info, 2, 0, 0) == SHA2 + b"\1", "a time stamp is over something else")
    time = datetime.strptime(re.fullmatch(rb"([0-9]{14})(\.[0-9]+)?Z", der(info, 4))[1].decode(), "%Y%m%d%H%M%S")
    signer = der(der(signed, -1, 0))  # version, who, digest algorithm, attributes, algorithm, signature
    if signer[1][1] not in keys: return time, False
    (n, e), oid = keys[signer[1][1]], der(signer[2][1], 0)
    name, said = {1: "sha256", 2: "sha384", 3: "sha512"}[oid[-1]], {der(a, 0).hex(): der(a, 1, 0) for _, a, _ in der(signer[3][1])}
    digest = hashlib.new(name, b"\x31" + signer[3][2][1:]).digest()
    block = bytes([0x30, 17 + len(digest), 0x30, 13, 6, 9]) + oid + bytes([5, 0, 4, len(digest)]) + digest
    block = b"\1" + b"\xff" * ((n.bit_length() + 7) // 8 - 3 - len(block)) + b"\0" + block  # PKCS #1 v1.5
    need(oid[:-1] == SHA2 and said["2a864886f70d010903"] == kind and said["2a864886f70d010904"] == hashlib.new(name, content).digest()
         and pow(int.from_bytes(signer[5][1], "big"), e, n) == int.from_bytes(block, "big"), "a time stamp's signature is wrong")
    return time, True
def rsa_keys(pem):  # modulus and exponent of the certificates, by issuer and serial number
    for data in map(base64.b64decode, re.findall(b"-----BEGIN CERTIFICATE-----(.+?)-----END", pem, re.S)):
        serial, _, issuer, _, _, key, *_ = (part for part in der(der(data, 0, 0)) if part[0] != 0xA0)
        if der(key[1], 0, 0).hex() == "2a864886f70d010101":
            yield issuer[2] + serial[2], [int.from_bytes(n, "big") for _, n, _ in der(der(der(key[1], 1)[1:], 0))]

def verify(source: Any, policy_text: Any = None, tsa_pem: Any = None, older: Any = None, proof: Any = None) -> Result:
    """Check a bundle or proof: a path, or a binary file that can seek. What the auditor brought may be text or bytes."""
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file: return verify(file, policy_text, tsa_pem, older, proof)
    own, tsa_pem, older, proof = (t.encode() if isinstance(t, str) else t for t in (policy_text, tsa_pem, older, proof))
    checks, single, who, good = Checks(), not source.seek(0) and source.read(len(PROOF)) == PROOF, [], []
    single = single and PROOF + source.read(1 << 20)

    if not single:
        with checks("files"):  # nothing was added, lost or changed since SHA256SUMS was written
            opened = zipfile.ZipFile(source); names = [info.orig_filename for info in opened.infolist()]
            sizes = [info.file_size if info.compress_type in (0, 8) else 1 << 32 for info in opened.infolist()]
            need(len({*names}) == len(names) < 300_000, "two files have one name, or there are too many")
            need(max(sizes) < 1 << 27 and sum(sizes) < 1 << 32, "the files are too long")
            archive = opened; said = read_json(archive.read("bundle.json").decode()); scope = said["scope"]
            numbers = [said["size"], said["opening"], said["manifest"], *said["leaves"], *said["rows"]]
            need(said.keys() - {"head", "absence"} == {*CLAIM.split()} and said["v"] == 1 and scope["kind"] in ("target", "actor", "all")
                 and said["type"] == "auditportal-bundle/1" and all(type(n) is int and n >= 0 for n in numbers)
                 and scope.keys() - {"from", "to"} == ({"kind"} if scope["kind"] == "all" else {"kind", "ref"}), "bundle.json is not as agreed")
            shipped = sorted({*said["leaves"], said["opening"], said["manifest"]}); claim = said
            wanted = {*UNBOUND.split(), "bundle.json", "checkpoint.txt", "report.csv", "SHA256SUMS"}
            wanted |= {f"events/{n:012}.tlog-proof" for n in shipped}
            wanted |= {f"anchors/{anchor['size']}.{kind}" for anchor in claim["anchors"] for kind in ("txt", "tsr")}
            need({*names} == wanted, f"{min({*names} ^ wanted, default='')!r} is missing or does not belong here")
            sums = [f"{sha256(archive.read(name)).hex()}  {name}" for name in sorted(names) if name != "SHA256SUMS"] + [""]
            wrong = [line[66:] for line, given in zip(sums, archive.read("SHA256SUMS").decode().split("\n")) if line != given]
            need(not wrong, f"{wrong and wrong[0]} is not what SHA256SUMS says")
            need("\n".join(sums).encode() == archive.read("SHA256SUMS"), "SHA256SUMS lists more than there is")
            checks.say(f"{len(names)} files, as SHA256SUMS lists them; it alone speaks for {UNBOUND}")
    with checks("policy"):  # whose signatures count
        need(own is not None or not single, "one proof holds no policy: bring yours with --policy")
        trust = Policy(archive.read("policy.txt") if own is None else own)
        checks.say("yours" if own is not None else "the portal's own, from the bundle: bring yours to lift the verdict")
    with checks("checkpoint"):  # the log stands by this size and this root
        note = read_proof(single)[2] if single else archive.read("checkpoint.txt"); head = Checkpoint(note)
        def by_the_log(one): need(one.origin == head.origin and [k for k in trust.logs if k.name == one.origin and one.signed_by(k)], "not signed by this log")
        by_the_log(head)
        need(single or [claim["origin"], claim["size"]] == [show(head.origin), head.size], "bundle.json is of another checkpoint")
        checks.say(f"{show(head.origin)}, {head.size} leaves, signed by the log")
    with checks("witnesses"):  # others saw the same log, so that its owner cannot rewrite it
        met, who = trust.met(trust.quorum, {name: head.signed_by(key) for name, key in trust.witnesses.items()})
        need(met, f"the quorum is not met; signed by: {', '.join(who) or 'none'}")
        checks.say(f"signed by {', '.join(who)}" if who else "the policy asks for none")
    with checks("inclusion"):  # each entry is leaf n under the checkpoint's root: none altered, exchanged or moved
        leaves = {}
        for n in checks.each([read_proof(single)[0]] if single else shipped):
            index, path, under, texts = read_proof(single or archive.read(f"events/{n:012}.tlog-proof"))
            entry = read_json(texts["entry"])
            need(under == note and index == n == entry["n"] and entry["v"] == 1, "of another checkpoint or index")
            need(included(texts["entry"].encode(), n, head.size, path, head.root), "the path does not lead to the root")
            leaves[n] = entry, moment(entry["r"]), texts
        checks.say(f"{len(leaves)} leaves")
    def tag(kind, ref): return hmac.new(unhex(claim["tag_key"]), f"{kind}\0{ref}".encode(), "sha256").hexdigest()
    with checks("bodies"):  # each event is to the byte the one that was sealed, of the person and thing its tags count
        events, spoken = {}, {*leaves} if single else {*claim["rows"], claim["opening"], claim["manifest"]}
        for n in checks.each(leaves):
            entry, _, texts = leaves[n]
            need(texts.keys() == ({"body", "entry", "reveal"} if n in spoken else {"entry"}), "too little or too much")
            if n not in spoken: continue
            body = read_json(texts["body"])
            need(sha256(texts["body"].encode()).hex() == entry["bh"], "the event is not the one that was sealed")
            need([body[k] for k in ("v", "id", "type", "outcome")] == [1, entry["e"], entry["y"], entry["o"]], "the entry is of another event")
            tags = {} if single else {kind: tag(kind, body[part]["ref"]) for kind, part in (("obj", "object"), ("act", "actor")) if part in body}
            need(single or tags == {kind: entry[kind] for kind in ("obj", "act") if kind in entry}, "the tags are of another")
            events[n] = body
        checks.say(f"{len(events)} events")
    with checks("values"):  # each name, address, note or label shown is the one that the event committed to
        shown = {}
        for n in checks.each(events):
            for field, secret in leaves[n][2]["reveal"].items():
                (part, name), salt = field.split(".", 1), unhex(secret["salt"], 16)
                text = b"audit-field-v1\0%b\0%b%b" % (field.encode(), salt, secret["value"].encode())
                need(events[n][part][name] == sha256(text).hex(), f"{field} is not what was committed to")
                need(secret.keys() == {"salt", "value"}, f"{field} has something else beside it")
            shown[n] = {field: secret["value"] for field, secret in leaves[n][2]["reveal"].items()}
        checks.say(f"{sum(map(len, shown.values()))} personal values")
    if single: return checks.result(who if own else [], [])
    def by_the_sealer(n, kind):
        need(n in events and [events[n]["type"], events[n]["actor"]["ref"]] == [kind, "system:sealer"], f"leaf {n} is no {kind}")
        return events[n]["action_detail"]
    with checks("opening"):  # the key of the tags was fixed when the log was opened: nothing is counted under two tags
        n, detail = claim["opening"], by_the_sealer(claim["opening"], "log.opened"); earlier = detail.get("previous_origin")
        need(detail["origin"].encode() == head.origin and bool(n) == bool(earlier), "another log was opened there")
        need(detail["tag_key_sha256"] == sha256(b"audit-tag-key-v1\0" + unhex(claim["tag_key"])).hex(), "another tag key")
        checks.say(f"leaf {n}" + (f", going on from {earlier}: {detail['reason']}" if n else ""))
    with checks("manifest"):  # the counts are of the whole log up to this checkpoint, not of an earlier time
        n, counts = claim["manifest"], by_the_sealer(claim["manifest"], "heads.manifest")
        need(n == head.size - 1 == counts["upto"], "the manifest is not the last leaf"); heads = counts
        checks.say(f"leaf {n}: {heads['objects_n']} objects and {heads['actors_n']} actors")
    def in_manifest(word, head, tag):
        data = canonical({"count": head["count"], "last": head["last"], "tag": tag})
        path = [unbase64(line.encode(), 32) for line in head["path"]]
        return included(data, head["index"], heads[word + "_n"], path, unhex(heads[word + "_root"]))
    with checks("completeness"):  # no event of the scope is missing
        numbers, scope, kind = claim["leaves"], claim["scope"], "obj" if claim["scope"]["kind"] == "target" else "act"
        need(numbers == sorted({*numbers} & {*leaves}), "a leaf of the scope is missing")
        since, until = (moment(scope[end]) if end in scope else None for end in ("from", "to"))
        rows = [n for n in numbers if (not since or since <= leaves[n][1]) and (not until or leaves[n][1] < until)]
        need(rows == claim["rows"], "the rows are not the leaves within the report's time")
        if scope["kind"] == "all":
            first, last = numbers[0], numbers[-1]
            need(numbers == list(range(first, last + 1)), "a leaf in between is missing")
            need(first == 0 or (since and leaves[first][1] + MINUTE < since), "earlier leaves are missing")
            need(last == claim["manifest"] or (until and leaves[last][1] > until + MINUTE), "later leaves are missing")
        else:
            mine, word, before = tag(kind, scope["ref"]), {"obj": "objects", "act": "actors"}[kind], None
            for count, n in enumerate(numbers, 1):
                entry = leaves[n][0]; found = [entry[kind], entry[kind + "_n"], entry.get(kind + "_prev")]
                need(found == [mine, count, before], f"a leaf before leaf {n} is missing"); before = n
            if numbers:
                end = claim["head"]; need([end["count"], end["last"]] == [len(numbers), before], "the newest leaves are missing")
                need(in_manifest(word, end, mine), "the head is not in the manifest")
            else:
                left, right = (claim["absence"].get(side) for side in ("left", "right"))
                need((not left or (left["tag"] < mine and in_manifest(word, left, left["tag"])))
                     and (not right or (mine < right["tag"] and in_manifest(word, right, right["tag"]))), "the neighbours are not in the manifest")
                need((left["index"] + 1 if left else 0) == (right["index"] if right else heads[word + "_n"]), "the neighbours are not neighbours")
        checks.say(f"all {len(numbers)} leaves of the scope")
    with checks("anchors"):  # this log goes on from checkpoints that others put a time to
        stamps, keys = [], dict(rsa_keys(tsa_pem or b""))
        for anchor in claim["anchors"]:
            stamped = archive.read(anchor["checkpoint"]); old = Checkpoint(stamped); by_the_log(old)
            path = [unbase64(line.encode(), 32) for line in anchor["consistency"]]
            need(old.size == anchor["size"] and consistent(old, head, path), f"the log was rewritten after {old.size} leaves")
            stamps.append((old.size, *read_stamp(archive.read(anchor["stamp"]), stamped, keys)))
        good = [stamp for stamp in stamps if stamp[2]]; timed = stamps
        checks.say(f"{len(stamps)} time stamps, {len(good)} signed by the certificate that you brought")
    if older is not None:
        with checks("older"):  # this log goes on from the checkpoint that you kept
            kept = Checkpoint(older); by_the_log(kept); small, large = sorted([kept, head], key=lambda one: one.size)
            first, *path = proof.partition(b"\n\n")[0].split(b"\n") if proof else [b"old %d" % small.size]
            need(first == b"old %d" % small.size, "the proof begins at another size")
            need(consistent(small, large, [unbase64(line, 32) for line in path]), "the log was rewritten, or --proof is missing")
            checks.say(f"consistent with yours of {kept.size} leaves")
    with checks("times"):  # no event was dated back: each was recorded between the time stamps around it
        for size, time, _ in timed:
            for n in checks.each(leaves):
                recorded = leaves[n][1]
                need(recorded <= time + MINUTE if n < size else recorded >= time - MINUTE, f"recorded on the wrong side of the stamp at {size}")
        checks.say(f"as {len(timed)} time stamps say" if timed else "the portal's own word: there is no time stamp")
    with checks("table"):  # report.csv says what the verified events say, to the byte
        data, at = archive.read("report.csv"), 0
        for n in [None, *claim["rows"]]:
            cells = (column.split(":")[0] for column in TABLE.split()) if n is None else row(leaves[n][0], events[n], shown[n])
            line = ("\ufeff" * (n is None) + ",".join(map(cell, cells)) + "\r\n").encode()
            need(data.startswith(line, at), f"report.csv does not say what leaf {n} says" if n else "other columns"); at += len(line)
        need(at == len(data), "report.csv has more rows than there are events")
        checks.say(f"{len(claim['rows'])} rows")
    return checks.result(who if own is not None else [], good)
def row(entry, body, shown):
    for source in (column.split(":")[1] for column in TABLE.split()):
        part, _, name = source.rstrip("!").partition(".")
        value = entry[part] if part in entry else (body.get(part, {}) if part else body).get(name, "") if name else ""
        if source == "action_detail." and "action_detail" in body:
            value = canonical({k: shown.get(source + k, v) for k, v in body["action_detail"].items()}).decode()
        yield shown.get(source[:-1], "erased") if source[-1] == "!" and value else str(value) if source == "n" else value
def cell(text):
    text = "'" + text if FORMULA.match(text) else text
    return '"' + text.replace('"', '""') + '"' if re.search('[",\r\n]', text) else text
def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle"); parser.add_argument("--json", action="store_true")
    for name in ("--policy", "--tsa", "--older", "--proof"): parser.add_argument(name, metavar="FILE")
    given = parser.parse_args(argv)
    try: checks, verdict = verify(given.bundle, *(name and Path(name).read_bytes() for name in (given.policy, given.tsa, given.older, given.proof)))
    except OSError as error: checks, verdict = [Check("files", False, f"{error.filename} cannot be read: {error.strerror}")], "INVALID"
    if given.json: print(json.dumps({"checks": [check._asdict() for check in checks], "verdict": verdict}))
    else: print(*(f"{'ok' if ok else 'FAIL':4}  {name:12}  {text}" for name, ok, text in checks), verdict, sep="\n")
    return int(verdict == "INVALID")
if __name__ == "__main__": sys.exit(main())
