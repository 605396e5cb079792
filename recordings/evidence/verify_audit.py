#!/usr/bin/env python3
"""Check an AuditPortal report (bundle.zip, or one event's .tlog-proof) without the portal, a network or anything else.

One line per check, then the verdict; exit code 1 when it is INVALID. The formats are in the product's
docs/trail-format.md. Bring your own policy (the keys you trust) and the time stamper's own RSA certificate: only they
lift the verdict. Not checked: that certificate's chain, and what was never recorded. Python 3.8 or newer.
"""
# fmt: off
# ruff: noqa: B905, DTZ007, E401, E701, E702, I001, SIM115, T201
# mypy: ignore-errors
import argparse, base64, collections, hashlib, hmac, json, os, re, sys, zipfile
from datetime import datetime, timedelta

UNBOUND = "README.txt policy.txt report.pdf report.xlsx verify_audit.py"  # nothing that is signed speaks of these
CLAIM = "v type origin size report generated_at generated_by scope tag_key opening manifest leaves rows anchors"
TABLE = ("leaf:n recorded_at:r occurred_at:.occurred_at type:.type outcome:.outcome actor:actor.ref "
         "actor_name:actor.name! role:actor.role purpose:purpose.code note:purpose.note! target:object.ref "
         "target_label:object.label! parent:object.parent address:source.ip! request_id:request.id "
         "detail:action_detail. event_id:e body_sha256:bh")  # column:place in the entry or the event; personal ones!
FORMULA = re.compile("['\t\r\n\0]|\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]")  # for a spreadsheet
MINUTE, PROOF, SHA2 = timedelta(seconds=60), b"c2sp.org/tlog-proof@v1\n", "6086480165030402"
Check, Result = collections.namedtuple("Check", "name ok sentence"), collections.namedtuple("Result", "checks verdict")
Key = collections.namedtuple("Key", "name id kind public")

class Bad(Exception): """What is wrong, in a sentence."""
def need(fine, sentence="something is not as docs/trail-format.md has it"):
    if not fine: raise Bad(sentence)
class Checks(list):  # with checks("name"): adds one; whatever goes wrong inside makes it a FAIL and never a traceback
    def __call__(self, name): self.append(Check(name, True, "")); self.at = ""; return self
    def say(self, sentence): self[-1] = self[-1]._replace(sentence=sentence)
    def each(self, leaves):  # one leaf after the other; what goes wrong meanwhile is said of that one
        for n in leaves: self.at = f"leaf {n}: "; yield n
        self.at = ""
    def result(self, witnesses, stamps):
        verdict = "CONSISTENT (self-signed only)"
        if stamps: verdict = "ANCHORED (time-stamped {1}Z, leaves below {0})".format(*max(stamps))
        if witnesses: verdict = "WITNESSED by " + ", ".join(witnesses)
        return Result(list(self), verdict if all(check.ok for check in self) else "INVALID")
    def __enter__(self): pass
    def __exit__(self, kind, error, trace):
        text = "cannot be checked, see above" if isinstance(error, NameError) else f"malformed, {error!r:.60}"
        if kind: self[-1] = Check(self[-1].name, False, self.at + (str(error) if kind is Bad else text))
        return kind and issubclass(kind, Exception)

# --- One spelling only: what could be read in two ways is refused.
def sha256(data): return hashlib.sha256(data).digest()
def unhex(text, size=32): data = bytes.fromhex(text); need(data.hex() == text and len(data) == size); return data
def unbase64(text, size=None):
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data) == text and size in (None, len(data))); return data
def hashes(lines): return [unbase64(line.encode(), 32) for line in lines]
def number(text): need(re.fullmatch(rb"0|[1-9][0-9]{0,18}", text) and int(text) < 2**63); return int(text)
def moment(text):
    time = datetime.fromisoformat(text[:-1])
    need(time.isoformat(timespec="microseconds") + "Z" == text); return time
def canonical(value): return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
def plain(value):
    if isinstance(value, dict): return "".join(value).isascii() and all(map(plain, value.values()))
    if isinstance(value, list): return all(map(plain, value))
    return type(value) is str or (type(value) is int and abs(value) < 2**53)
def read_json(text):  # RFC 8785 to the byte, so that no key can stand in it twice
    value = json.loads(text)
    need(isinstance(value, dict) and plain(value) and canonical(value) == text.encode()); return value

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
        need(len(note) < 1_000_000 and not re.search("[\0-\x09\x0b-\x1f]", note.decode()), "a checkpoint is no text")
        found = re.fullmatch(r"((.+)\n(.+)\n(.+)\n(?:.+\n)*)\n((?:— [^\s+]+ \S{8,}\n){1,100})", note.decode())
        need(found, "this is no signed checkpoint")
        self.text, self.origin, size, root, lines = (part.encode() for part in found.groups())
        self.size, self.root = number(size), unbase64(root, 32)
        self.lines = [(name, unbase64(data)) for _, name, data in map(bytes.split, lines.split(b"\n")[:-1])]
    def signed_by(self, key):  # False without a line of that key; a line of it that does not verify spoils the note
        mine = [signature[4:] for name, signature in self.lines if (name, signature[:4]) == (key.name, key.id)]
        for data in mine:
            time, data = (int.from_bytes(data[:8], "big"), data[8:]) if key.kind == 4 else (1, data)
            text = b"cosignature/v1\ntime %d\n" % time + self.text if key.kind == 4 else self.text
            need(0 < time < 2**63 and ed25519(key.public, text, data), f"the signature of {show(key.name)} is wrong")
        return bool(mine)
def show(name): return name.decode("utf-8", "replace")
class Policy:  # parties: name -> the Key of a witness, or (how many, members) of a group
    def __init__(self, data):
        self.logs, self.parties, self.quorum, members = [], {}, b"", []
        need(re.fullmatch(rb"[\t\n\x20-\x7e\x80-\xff]{,999999}", data), "the policy is not text")
        for kind, name, *rest in filter(None, map(bytes.split, re.sub(rb"(?m)^[ \t]*#.*", b"", data).split(b"\n"))):
            most = {b"log": 1, b"quorum": 0, b"witness": 2, b"group": 99}[kind]
            need(len(rest) <= most and (kind == b"log" or (name in {b"none", *self.parties}) == (not most)), show(name))
            if kind == b"log": self.logs.append(self.key(name, 1))
            elif kind == b"witness": self.parties[name] = self.key(rest[0], 4)
            elif kind == b"quorum": need(not self.quorum, "a second quorum"); self.quorum = name
            else:
                many = {b"any": 1, b"all": len(rest) - 1}.get(rest[0]) or number(rest[0]); members += rest[1:]
                need(1 <= many < len(rest) and {*rest[1:]} <= {*self.parties}, show(name))
                self.parties[name] = many, rest[1:]
        self.witnesses = {name: party for name, party in self.parties.items() if isinstance(party, Key)}
        for found in (members, [key.public for key in self.logs], [key.public for key in self.witnesses.values()]):
            need(self.quorum and len(found) == len({*found}), "the policy has no quorum, or a key or a member twice")
    def key(self, vkey, kind):
        name, key_id, data = vkey.split(b"+", 2); public = unbase64(data, 33); digest = sha256(name + b"\n" + public)
        need(name and public[0] == kind and digest[:4].hex() == show(key_id), f"the key of {show(name)} is malformed")
        return Key(name, digest[:4], kind, public[1:])
    def met(self, name, signed):  # whether a witness or group has witnessed, and by whom
        if name == b"none" or name in signed: return signed.get(name, True), [show(name)] * signed.get(name, False)
        found = [self.met(member, signed) for member in self.parties[name][1]]
        return sum(fine for fine, _ in found) >= self.parties[name][0], [who for _, names in found for who in names]
def read_proof(data):
    found = re.fullmatch(re.escape(PROOF) + rb"extra (\S+)\nindex (\S+)\n((?:\S+\n){,63})\n((?s:.*))", data)
    need(found, "this is no tlog-proof"); extra, index, path, note = found.groups()
    return number(index), [unbase64(line, 32) for line in path.split()], note, read_json(unbase64(extra).decode())
def elements(data):  # the elements of a DER value: tag, content, and all their bytes
    while data:
        size, at = (data[1], 2) if data[1] < 128 else (int.from_bytes(data[2 : data[1] - 126], "big"), data[1] - 126)
        need(at + size <= len(data) < 100_000, "a time stamp or certificate is cut off or too long")
        yield data[0], data[at : at + size], data[: at + size]
        data = data[at + size :]
def der(data, *way):  # the content at a way of positions through nested elements
    for position in way: data = list(elements(data))[position][1]
    return data
def rsa_keys(pem):  # modulus and exponent of the certificates, by issuer and serial number
    for data in map(base64.b64decode, re.findall(b"-----BEGIN CERTIFICATE-----(.+?)-----END", pem, re.S)):
        serial, _, issuer, _, _, key, *_ = (part for part in elements(der(data, 0, 0)) if part[0] != 0xA0)
        if der(key[1], 0, 0).hex() == "2a864886f70d010101":
            yield issuer[2] + serial[2], [int.from_bytes(n, "big") for _, n, _ in elements(der(der(key[1], 1)[1:], 0))]
def read_stamp(reply, note, keys):  # when that note was stamped, and whether a key the auditor brought signed that
    signed = der(reply, 0, 1, 1, 0); content, kind = der(signed, 2, 1, 0), der(signed, 2, 0).hex()
    info = der(content, 0)  # TSTInfo: version, policy, imprint, serial, time
    need(der(reply, 0, 0, 0) in (b"\0", b"\1") and kind == "2a864886f70d0109100104", "a time stamp was refused")
    need(der(info, 2, 1) == sha256(note) and der(info, 2, 0, 0).hex() == SHA2 + "01", "a stamp is over something else")
    time = datetime.strptime(re.fullmatch(rb"([0-9]{14})(\.[0-9]+)?Z", der(info, 4))[1].decode(), "%Y%m%d%H%M%S")
    _, who, algorithm, attributes, _, signature, *_ = elements(der(signed, -1, 0))
    if who[1] not in keys: return time, False
    (n, e), oid = keys[who[1]], der(algorithm[1], 0); name = {1: "sha256", 2: "sha384", 3: "sha512"}[oid[-1]]
    said = {der(part, 0).hex(): der(part, 1, 0) for _, part, _ in elements(attributes[1])}
    need(said["2a864886f70d010903"].hex() == kind and said["2a864886f70d010904"] == hashlib.new(name, content).digest())
    digest = hashlib.new(name, b"\x31" + attributes[2][1:]).digest()
    block = bytes([0x30, 17 + len(digest), 0x30, 13, 6, 9]) + oid + bytes([5, 0, 4, len(digest)]) + digest
    block = b"\1" + b"\xff" * ((n.bit_length() + 7) // 8 - 3 - len(block)) + b"\0" + block  # PKCS #1 v1.5
    need(oid[:-1].hex() == SHA2 and pow(int.from_bytes(signature[1], "big"), e, n) == int.from_bytes(block, "big"),
         "a time stamp's signature is wrong")
    return time, True

def verify(source: object, policy_text: object = None, tsa_pem: object = None, older: object = None,
           proof: object = None) -> Result:
    """Check a bundle or proof: a path, or a binary file that can seek. What the auditor brought is text or bytes."""
    if isinstance(source, (str, os.PathLike)):
        with open(source, "rb") as file: return verify(file, policy_text, tsa_pem, older, proof)
    own, tsa, older, proof = (t.encode() if isinstance(t, str) else t for t in (policy_text, tsa_pem, older, proof))
    source.seek(0); checks, single, who, good = Checks(), source.read(len(PROOF)) == PROOF, [], []
    if single:
        single = PROOF + source.read(1 << 20)
    else:
        with checks("files"):  # nothing was added, lost or changed since SHA256SUMS was written
            opened = zipfile.ZipFile(source); infos = opened.infolist(); names = {info.orig_filename for info in infos}
            need(len(names) == len(infos) < 300_000, "two files have one name, or there are too many")
            need(all(info.file_size < 1 << 27 and info.compress_type in (0, 8) for info in infos), "a file is too long")
            need(sum(info.file_size for info in infos) < 1 << 32, "the files are too long")
            archive = opened; said = read_json(archive.read("bundle.json").decode()); scope = said["scope"]
            numbers = [said["size"], said["opening"], said["manifest"], *said["leaves"], *said["rows"]]
            need(said.keys() - {"head", "absence"} == {*CLAIM.split()} and scope["kind"] in ("target", "actor", "all")
                 and scope.keys() - {"from", "to"} == {"kind", "ref"} - {scope["kind"] == "all" and "ref"}
                 and [said["v"], said["type"]] == [1, "auditportal-bundle/1"]
                 and all(type(n) is int and n >= 0 for n in numbers), "bundle.json is not as agreed")
            shipped = sorted({*said["leaves"], said["opening"], said["manifest"]}); claim = said
            wanted = {*UNBOUND.split(), "bundle.json", "checkpoint.txt", "report.csv", "SHA256SUMS"}
            wanted |= {f"events/{n:012}.tlog-proof" for n in shipped}
            wanted |= {f"anchors/{one['size']}.{kind}" for one in claim["anchors"] for kind in ("txt", "tsr")}
            need(names == wanted, f"{min(names ^ wanted, default='')!r} is missing or does not belong here")
            given, listed = archive.read("SHA256SUMS").decode().split("\n"), sorted(names - {"SHA256SUMS"})
            for line, name in zip(given, listed):
                need(line == f"{sha256(archive.read(name)).hex()}  {name}", f"{name} is not what SHA256SUMS says")
            need(len(given) == len(listed) + 1 and not given[-1], "SHA256SUMS lists more, or less, than there is")
            checks.say(f"{len(names)} files, as SHA256SUMS lists them; it alone speaks for {UNBOUND}")
    with checks("policy"):  # whose signatures count
        need(own is not None or not single, "one proof holds no policy: bring yours with --policy")
        trust = Policy(archive.read("policy.txt") if own is None else own)
        checks.say("the bundle's own: bring yours to lift the verdict" if own is None else "not the bundle's own")
    with checks("checkpoint"):  # the log stands by this size and this root
        note = read_proof(single)[2] if single else archive.read("checkpoint.txt")
        head = Checkpoint(note); origin, size = show(head.origin), head.size
        def by_the_log(note):
            signed = [key for key in trust.logs if key.name == note.origin == head.origin and note.signed_by(key)]
            need(signed, "not signed by this log")
        by_the_log(head)
        need(single or [claim["origin"], claim["size"]] == [origin, size], "bundle.json is of another checkpoint")
        checks.say(f"{origin}, {size} leaves, signed by the log")
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
            need(included(texts["entry"].encode(), n, size, path, head.root), "the path does not lead to the root")
            leaves[n] = entry, moment(entry["r"]), texts
        checks.say(f"{len(leaves)} leaves")
    def tag(kind, ref): return hmac.new(unhex(claim["tag_key"]), f"{kind}\0{ref}".encode(), "sha256").hexdigest()
    with checks("bodies"):  # each event is to the byte the one that was sealed, of the person and thing its tags count
        events, spoken = {}, leaves if single else {*claim["rows"], claim["opening"], claim["manifest"]}
        for n in checks.each(leaves):
            entry, _, texts = leaves[n]
            need(texts.keys() == ({"body", "entry", "reveal"} if n in spoken else {"entry"}), "too little or too much")
            if n not in spoken: continue
            body = read_json(texts["body"]); told = [body[part] for part in ("v", "id", "type", "outcome")]
            need(sha256(texts["body"].encode()).hex() == entry["bh"], "the event is not the one that was sealed")
            need(told == [1, entry["e"], entry["y"], entry["o"]], "the entry is of another event")
            for kind, part in () if single else (("obj", "object"), ("act", "actor")):
                own_tag = tag(kind, body[part]["ref"]) if part in body else None
                need(entry.get(kind) == own_tag, f"the {part}'s tag is another's")
            events[n] = body
        checks.say(f"{len(events)} events")
    with checks("values"):  # each name, address, note or label shown is the one that the event committed to
        shown = {}
        for n in checks.each(events):
            for field, secret in leaves[n][2]["reveal"].items():
                part, name = field.split(".", 1)
                text = [b"audit-field-v1", field.encode(), unhex(secret["salt"], 16) + secret["value"].encode()]
                need(events[n][part][name] == sha256(b"\0".join(text)).hex(), f"{field} is not what was committed to")
                need(secret.keys() == {"salt", "value"}, f"{field} has something else beside it")
            shown[n] = {field: secret["value"] for field, secret in leaves[n][2]["reveal"].items()}
        checks.say(f"{sum(map(len, shown.values()))} personal values")
    if single: return checks.result(who if own is not None else [], [])
    def by_the_sealer(n, kind):
        fine = n in events and [events[n]["type"], events[n]["actor"]["ref"]] == [kind, "system:sealer"]
        need(fine, f"leaf {n} is no {kind}"); return events[n]["action_detail"]
    with checks("opening"):  # the key of the tags was fixed when the log was opened: nothing is counted under two tags
        n = claim["opening"]; detail = by_the_sealer(n, "log.opened"); earlier = detail.get("previous_origin")
        need(detail["origin"].encode() == head.origin and bool(n) == bool(earlier), "another log was opened there")
        committed = sha256(b"audit-tag-key-v1\0" + unhex(claim["tag_key"])).hex()
        need(detail["tag_key_sha256"] == committed, "it committed to another tag key")
        checks.say(f"leaf {n}" + (f", going on from {earlier}: {detail['reason']}" if n else ""))
    with checks("manifest"):  # the counts are of the whole log up to this checkpoint, not of an earlier time
        n = claim["manifest"]; counts = by_the_sealer(n, "heads.manifest")
        need(n == size - 1 == counts["upto"], "the manifest is not the last leaf"); heads = counts
        checks.say(f"leaf {n}: {heads['objects_n']} objects and {heads['actors_n']} actors")
    with checks("completeness"):  # no event of the scope is missing
        numbers, scope = claim["leaves"], claim["scope"]
        need(numbers == sorted({*numbers} & {*leaves}), "a leaf of the scope is missing")
        since, until = (moment(scope[end]) if end in scope else None for end in ("from", "to"))
        rows = [n for n in numbers if (not since or since <= leaves[n][1]) and (not until or leaves[n][1] < until)]
        need(rows == claim["rows"], "the rows are not the leaves within the report's time")
        if scope["kind"] == "all":  # one unbroken range, with a minute to spare at either end
            first, last = numbers[0], numbers[-1]
            need(numbers == list(range(first, last + 1)), "a leaf in between is missing")
            need(first == 0 or (since and leaves[first][1] + MINUTE < since), "earlier leaves are missing")
            need(last == claim["manifest"] or (until and leaves[last][1] > until + MINUTE), "later leaves are missing")
        else:  # the leaves count themselves, and the manifest says how many there are
            kind, word = ("obj", "objects") if scope["kind"] == "target" else ("act", "actors")
            mine, before = tag(kind, scope["ref"]), None
            total, root = heads[word + "_n"], unhex(heads[word + "_root"])
            def proven(head, tag):
                data = canonical({"count": head["count"], "last": head["last"], "tag": tag})
                need(included(data, head["index"], total, hashes(head["path"]), root), "a head is not in the manifest")
            for count, n in enumerate(numbers, 1):
                found = [leaves[n][0].get(key) for key in (kind, kind + "_n", kind + "_prev")]
                need(found == [mine, count, before], f"a leaf before leaf {n} is missing"); before = n
            if numbers:
                newest = claim["head"]; proven(newest, mine)
                need([newest["count"], newest["last"]] == [len(numbers), before], "the newest leaves are missing")
            else:
                left, right = (claim["absence"].get(side) for side in ("left", "right"))
                for side in filter(None, (left, right)): proven(side, side["tag"])
                need(not left or left["tag"] < mine, "it does not stand after its neighbour")
                need(not right or mine < right["tag"], "it does not stand before its neighbour")
                after = right["index"] if right else total
                need((left["index"] + 1 if left else 0) == after, "the neighbours are no neighbours")
        checks.say(f"all {len(numbers)} leaves of the scope")
    with checks("anchors"):  # this log goes on from checkpoints that others put a time to
        stamps, keys = [], dict(rsa_keys(tsa or b""))
        for one in claim["anchors"]:
            stamped = archive.read(one["checkpoint"]); old = Checkpoint(stamped); by_the_log(old)
            fine = old.size == one["size"] and consistent(old, head, hashes(one["consistency"]))
            need(fine, f"the log was rewritten after {old.size} leaves")
            stamps.append((old.size, *read_stamp(archive.read(one["stamp"]), stamped, keys)))
        good = [stamp for stamp in stamps if stamp[2]]; timed = stamps
        checks.say(f"{len(stamps)} time stamps, {len(good)} signed by a certificate brought to this check")
    if older is not None:
        with checks("older"):  # this log goes on from the checkpoint that you kept
            kept = Checkpoint(older); by_the_log(kept); pair = sorted([kept, head], key=lambda one: one.size)
            first, *path = (proof or b"old %d" % pair[0].size).partition(b"\n\n")[0].decode().split("\n")
            need(first == f"old {pair[0].size}", "the proof begins at another size")
            need(consistent(*pair, hashes(path)), "the log was rewritten, or --proof is missing")
            checks.say(f"consistent with yours of {kept.size} leaves")
    with checks("times"):  # no event was dated back: each was recorded between the time stamps around it
        for covered, time, _ in timed:
            for n in checks.each(leaves):
                fits = leaves[n][1] <= time + MINUTE if n < covered else leaves[n][1] >= time - MINUTE
                need(fits, f"recorded on the wrong side of the stamp at {covered} leaves")
        checks.say(f"as {len(timed)} time stamps say" if timed else "the portal's own word: there is no time stamp")
    with checks("table"):  # report.csv says what the verified events say, to the byte
        data, at = archive.read("report.csv"), 0
        for n in checks.each(["head", *claim["rows"]]):
            cells = re.findall(r"(\S+):", TABLE) if n == "head" else row(leaves[n][0], events[n], shown[n])
            line = ("\ufeff" * (n == "head") + ",".join(map(cell, cells)) + "\r\n").encode()
            need(data.startswith(line, at), "report.csv says something else"); at += len(line)
        need(at == len(data), "report.csv has more rows than there are events")
        checks.say(f"{len(claim['rows'])} rows")
    return checks.result(who if own is not None else [], good)

def row(entry, body, shown):  # one line of the table
    for place in re.findall(r":(\S+)", TABLE):
        part, _, name = place.rstrip("!").partition(".")
        value = str(entry[part]) if not _ else (body.get(part, {}) if part else body).get(name, "") if name else ""
        if place == "action_detail." and "action_detail" in body:
            value = canonical({key: shown.get(place + key, old) for key, old in body["action_detail"].items()}).decode()
        yield shown.get(place[:-1], "erased") if place[-1] == "!" and value else value
def cell(text):  # what a spreadsheet could take for a formula gets an apostrophe; quoted when RFC 4180 asks for it
    text = "'" + text if FORMULA.match(text) else text
    return '"' + text.replace('"', '""') + '"' if re.search('[",\r\n]', text) else text

def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle"); parser.add_argument("--json", action="store_true")
    for name in ("--policy", "--tsa", "--older", "--proof"): parser.add_argument(name, metavar="FILE")
    given = parser.parse_args(argv)
    try:
        brought = [name and open(name, "rb").read() for name in (given.policy, given.tsa, given.older, given.proof)]
        checks, verdict = verify(given.bundle, *brought)
    except OSError as error:
        checks, verdict = [Check("files", False, f"{error.filename} cannot be read: {error.strerror}")], "INVALID"
    if given.json: print(json.dumps({"checks": [check._asdict() for check in checks], "verdict": verdict}))
    else: print(*(f"{'ok' if ok else 'FAIL':4}  {name:12}  {text}" for name, ok, text in checks), verdict, sep="\n")
    return int(verdict == "INVALID")
if __name__ == "__main__": sys.exit(main())
