"""Logs and bundles made without the portal, by the text of docs/trail-format.md alone – and ways to falsify them.

`Log` is an honest log of synthetic events with its keys, witnesses and time stamps; `Log.bundle(...)` gives the files
of a bundle as a dict, `pack` makes the zip. An attacker's tools are in forge_tools.
"""

import hmac
import io
import json
import re
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.forge_parts import START, Sealed, Signer, Tree, b64, canonical, commit, sha, stamp
from tests.forge_stamps import Stamper

ORIGIN = "portal.example/audit"
VERIFIER = Path(__file__).resolve().parents[1] / "recordings" / "evidence" / "verify_audit.py"
COLUMNS = (
    "leaf,recorded_at,occurred_at,type,outcome,actor,actor_name,role,purpose,note,target,target_label,parent,"
    "address,request_id,detail,event_id,body_sha256"
)
Files = dict[str, bytes]
Names = Mapping[str, str]


INTERNAL, AUDITOR = Signer("witness.example/internal", 4), Signer("witness.example/auditor", 4)


@dataclass
class Log:
    """A log of synthetic events. `witnesses` cosign each checkpoint; `quorum` is what its own policy asks of them."""

    origin: str = ORIGIN
    witnesses: tuple[Signer, ...] = (INTERNAL, AUDITOR)
    tag_key: bytes = sha(b"tags")
    clock: datetime = START
    leaves: list[Sealed] = field(default_factory=list)
    anchors: list[tuple[int, str, bytes]] = field(default_factory=list)
    opens: bool = True

    def __post_init__(self) -> None:
        self.key, self.stamper = Signer(self.origin), Stamper()
        self._heads: dict[str, dict[str, tuple[int, int]]] = {"obj": {}, "act": {}}
        self._tree = Tree([])
        if self.opens:
            self.open()

    def open(self, **other: Any) -> int:
        """Append the leaf that opens the log, or an epoch of it."""
        return self.own("log.opened", self.opening() | other)

    def opening(self) -> dict[str, Any]:
        commitment = sha(b"audit-tag-key-v1\0" + self.tag_key).hex()
        return {"origin": self.origin, "tag_key_sha256": commitment}

    def reckon(self) -> None:
        """Count the tags again, after leaves were put in from elsewhere."""
        self._heads = {
            kind: {head["tag"]: (head["count"], head["last"]) for head in self.heads(kind)}
            for kind in self._heads
        }

    def skip(self, kind: str, ref: str) -> None:
        """Miscount a tag by one."""
        tag = self.tag(kind, ref)
        count, last = self._heads[kind][tag]
        self._heads[kind][tag] = (count + 1, last)

    # --- writing

    def add(
        self,
        kind: str = "viewing.url_issued",
        *,
        by: str = "user:1",
        about: str = "",
        outcome: str = "granted",
        names: Names | None = None,
        erased: Sequence[str] = (),
        detail: Mapping[str, Any] | None = None,
        after: float = 1,
        at: datetime | None = None,
        **parts: Any,
    ) -> int:
        """Seal one event, return its index. `names` are its personal values by field; `erased` ones stay secret."""
        self.clock += timedelta(seconds=after)
        body = self._body(kind, by, about, outcome, dict(detail or {}), parts)
        reveal = self._commit(body, names or {})
        self._seal(canonical(body), {k: v for k, v in reveal.items() if k not in erased}, at or self.clock)
        return len(self.leaves) - 1

    def own(self, kind: str, detail: Mapping[str, Any]) -> int:
        return self.add(kind, by="system:sealer", outcome="completed", detail=detail)

    def close(self, upto: int | None = None) -> int:
        """Append a manifest over everything so far, or over less."""
        upto = len(self.leaves) if upto is None else upto
        objects, actors = self.manifest_tree("obj", upto), self.manifest_tree("act", upto)
        return self.own(
            "heads.manifest",
            {
                "upto": upto,
                "objects_n": len(objects),
                "objects_root": Tree(objects).root(0, len(objects)).hex(),
                "actors_n": len(actors),
                "actors_root": Tree(actors).root(0, len(actors)).hex(),
            },
        )

    def anchor(self, after: float = 1) -> None:
        """Have a checkpoint of the log as it is now time-stamped."""
        self.clock += timedelta(seconds=after)
        note = self.note(witnesses=())
        self.anchors.append((len(self.leaves), note, self.stamper.stamp(note.encode(), self.clock)))

    def _body(
        self, kind: str, by: str, about: str, outcome: str, detail: dict[str, Any], parts: Mapping[str, Any]
    ) -> dict[str, Any]:
        body: dict[str, Any] = {
            "v": 1,
            "id": str(uuid.UUID(bytes=sha(f"{self.origin} {len(self.leaves)}".encode())[:16])),
            "type": kind,
            "outcome": outcome,
            "occurred_at": stamp(self.clock - timedelta(milliseconds=3)),
            "actor": {"ref": by, "kind": by.partition(":")[0]},
            "action_detail": detail,
            "asserted_by": "server",
        }
        if about:
            body["object"] = {"ref": about, "kind": about.partition(":")[0]}
        for part, values in parts.items():
            body[part] = {**body.get(part, {}), **values}
        return {part: value for part, value in body.items() if value != {}}

    def _commit(self, body: dict[str, Any], names: Names) -> dict[str, dict[str, str]]:
        reveal = {}
        for name, value in names.items():
            salt = sha(f"{body['id']} {name}".encode())[:16].hex()
            part, _, key = name.partition(".")
            body.setdefault(part, {})[key] = commit(name, salt, value)
            reveal[name] = {"salt": salt, "value": value}
        return reveal

    def _seal(self, body: bytes, reveal: Mapping[str, Mapping[str, str]], at: datetime) -> None:
        said, n = json.loads(body), len(self.leaves)
        entry = {"v": 1, "n": n, "e": said["id"], "bh": sha(body).hex(), "r": stamp(at)}
        entry |= {"y": said["type"], "o": said["outcome"], **self._place("act", said["actor"]["ref"], n)}
        if "object" in said:
            entry |= self._place("obj", said["object"]["ref"], n)
        self.leaves.append(Sealed(body, reveal, canonical(entry)))

    def _place(self, kind: str, ref: str, n: int) -> dict[str, Any]:
        tag = self.tag(kind, ref)
        count, last = self._heads[kind].get(tag, (0, -1))
        self._heads[kind][tag] = (count + 1, n)
        return {kind: tag, f"{kind}_n": count + 1, **({f"{kind}_prev": last} if count else {})}

    # --- saying what is written

    def tag(self, kind: str, ref: str) -> str:
        return hmac.new(self.tag_key, f"{kind}\0{ref}".encode(), "sha256").hexdigest()

    def tree(self) -> Tree:
        if len(self._tree._leaves) != len(self.leaves):
            self._tree = Tree([leaf.entry for leaf in self.leaves])
        return self._tree

    def text(self, size: int | None = None) -> str:
        size = len(self.leaves) if size is None else size
        return f"{self.origin}\n{size}\n{b64(self.tree().root(0, size))}\n"

    def note(self, size: int | None = None, *, witnesses: Sequence[Signer] | None = None) -> str:
        text = self.text(size)
        others = self.witnesses if witnesses is None else witnesses
        return text + "\n" + self.key.line(text) + "".join(w.line(text, self.clock) for w in others)

    def policy(self, quorum: str = "group enough any w0 w1\nquorum enough\n") -> str:
        lines = [f"witness w{i} {w.vkey} https://w{i}.example/\n" for i, w in enumerate((INTERNAL, AUDITOR))]
        return f"# who is believed\nlog {self.key.vkey}\n{''.join(lines)}{quorum}"

    def consistency(self, old: int, size: int | None = None) -> list[str]:
        size = len(self.leaves) if size is None else size
        return [b64(node) for node in self.tree().consistency(old, 0, size)]

    def request(self, old: int) -> str:
        """The consistency file an auditor gets, in the form of a tlog-witness request."""
        return "\n".join([f"old {old}", *self.consistency(old)]) + f"\n\n{self.note()}"

    def manifest_tree(self, kind: str, upto: int | None = None) -> list[bytes]:
        return [canonical(head) for head in self.heads(kind, upto)]

    def heads(self, kind: str, upto: int | None = None) -> list[dict[str, Any]]:
        """The heads over the leaves before `upto`, counted again, sorted by tag."""
        found: dict[str, dict[str, Any]] = {}
        for n, leaf in enumerate(self.leaves[:upto]):
            if tag := leaf.said.get(kind):
                found[tag] = {"tag": tag, "count": found.get(tag, {"count": 0})["count"] + 1, "last": n}
        return [found[tag] for tag in sorted(found)]

    def proof(self, n: int, note: str, *, body: bool = True, size: int | None = None) -> bytes:
        leaf, size = self.leaves[n], len(self.leaves) if size is None else size
        extra: dict[str, Any] = {"entry": leaf.entry.decode()}
        if body:
            extra |= {"body": leaf.body.decode(), "reveal": leaf.reveal}
        path = "".join(f"{b64(node)}\n" for node in self.tree().path(n, 0, size))
        return f"c2sp.org/tlog-proof@v1\nextra {b64(canonical(extra))}\nindex {n}\n{path}\n{note}".encode()

    # --- the bundle

    def bundle(
        self,
        kind: str = "all",
        ref: str = "",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        manifest: int | None = None,
        opening: int = 0,
        leaves: Sequence[int] | None = None,
        note: str | None = None,
        policy: str | None = None,
    ) -> Files:
        """The files of a bundle about a scope; the last leaf must be a manifest. The other arguments are for liars."""
        manifest = len(self.leaves) - 1 if manifest is None else manifest
        size = manifest + 1
        leaves = self._population(kind, ref, manifest, since, until) if leaves is None else list(leaves)
        low, high = stamp(since) if since else "", stamp(until) if until else "9"
        rows = [n for n in leaves if low <= self.leaves[n].said["r"] < high]
        note = self.note(size) if note is None else note
        scope = {"kind": kind} | ({"ref": ref} if ref else {})
        scope |= ({"from": low} if since else {}) | ({"to": high} if until else {})
        claim = {
            "v": 1,
            "type": "auditportal-bundle/1",
            "origin": self.origin,
            "size": size,
            "report": "0198c0de-0000-7000-8000-000000000001",
            "generated_at": stamp(self.clock),
            "generated_by": {"name": "Noa Levi", "ref": "user:9"},
            "scope": scope,
            "tag_key": self.tag_key.hex(),
            "opening": opening,
            "manifest": manifest,
            "leaves": leaves,
            "rows": rows,
            "anchors": [self._anchor(s, size) for s, _, _ in self.anchors if s <= size],
        } | self._head(kind, ref, manifest)
        files = {
            "README.txt": b"python3 verify_audit.py bundle.zip\n",
            "report.pdf": b"%PDF-1.7 a picture of the table",
            "report.xlsx": b"PK a sheet",
            "verify_audit.py": VERIFIER.read_bytes(),
            "policy.txt": (self.policy() if policy is None else policy).encode(),
            "checkpoint.txt": note.encode(),
            "bundle.json": canonical(claim),
            "report.csv": self.table(rows),
        }
        for n in {*leaves, opening, manifest}:
            body = n in {*rows, opening, manifest}
            files[f"events/{n:012}.tlog-proof"] = self.proof(n, note, body=body, size=size)
        for s, anchored, reply in self.anchors:
            if s <= size:
                files |= {f"anchors/{s}.txt": anchored.encode(), f"anchors/{s}.tsr": reply}
        return summed(files)

    def _population(
        self, kind: str, ref: str, manifest: int, since: datetime | None, until: datetime | None
    ) -> list[int]:
        if kind != "all":
            tag = self.tag({"target": "obj", "actor": "act"}[kind], ref)
            key = {"target": "obj", "actor": "act"}[kind]
            return [n for n in range(manifest) if self.leaves[n].said.get(key) == tag]
        times = [self.leaves[n].said["r"] for n in range(manifest + 1)]
        early = stamp(since - timedelta(seconds=60)) if since else ""
        late = stamp(until + timedelta(seconds=60)) if until else "9"
        first = max((n for n, time in enumerate(times) if time < early), default=0)
        return list(
            range(first, min((n for n, time in enumerate(times) if time > late), default=manifest) + 1)
        )

    def _head(self, kind: str, ref: str, manifest: int) -> dict[str, Any]:
        if kind == "all":
            return {}
        key = {"target": "obj", "actor": "act"}[kind]
        tag, heads = self.tag(key, ref), self.heads(key, manifest)
        tree = Tree([canonical(head) for head in heads])
        proven = [
            {**head, "index": i, "path": [b64(node) for node in tree.path(i, 0, len(heads))]}
            for i, head in enumerate(heads)
        ]
        for head in proven:
            if head["tag"] == tag:
                return {"head": {name: value for name, value in head.items() if name != "tag"}}
        left = [head for head in proven if head["tag"] < tag][-1:]
        right = [head for head in proven if head["tag"] > tag][:1]
        return {
            "absence": dict(zip(["left"], left, strict=False)) | dict(zip(["right"], right, strict=False))
        }

    def _anchor(self, old: int, size: int) -> dict[str, Any]:
        steps = self.consistency(old, size)
        return {
            "size": old,
            "checkpoint": f"anchors/{old}.txt",
            "stamp": f"anchors/{old}.tsr",
            "consistency": steps,
        }

    def table(self, rows: Sequence[int]) -> bytes:
        lines = [COLUMNS, *(self._row(n) for n in rows)]
        return "".join(f"{line}\r\n" for line in lines).encode("utf-8-sig")

    def _row(self, n: int) -> str:
        leaf, body = self.leaves[n], json.loads(self.leaves[n].body)
        revealed = {name: secret["value"] for name, secret in leaf.reveal.items()}

        def said(part: str, name: str, *, personal: bool = False) -> str:
            value: str = body.get(part, {}).get(name, "")
            return revealed.get(f"{part}.{name}", "erased") if personal and value else value

        detail = {
            key: revealed.get(f"action_detail.{key}", value)
            for key, value in body.get("action_detail", {}).items()
        }
        cells = [
            str(n),
            leaf.said["r"],
            body["occurred_at"],
            body["type"],
            body["outcome"],
            said("actor", "ref"),
            said("actor", "name", personal=True),
            said("actor", "role"),
            said("purpose", "code"),
            said("purpose", "note", personal=True),
            said("object", "ref"),
            said("object", "label", personal=True),
            said("object", "parent"),
            said("source", "ip", personal=True),
            said("request", "id"),
            canonical(detail).decode() if detail else "",
            leaf.said["e"],
            leaf.said["bh"],
        ]
        return ",".join(map(_cell, cells))


def _cell(value: str) -> str:
    if re.match("['\t\r\n\0]|\\s*[=+\\-@＝＋－＠﹦﹢﹣﹫]", value):
        value = f"'{value}"
    return '"' + value.replace('"', '""') + '"' if set(value) & set('",\r\n') else value


def summed(files: Mapping[str, bytes]) -> Files:
    """The files with SHA256SUMS made anew, as anybody can."""
    others = {name: data for name, data in sorted(files.items()) if name != "SHA256SUMS"}
    lines = [f"{sha(data).hex()}  {name}\n" for name, data in others.items()]
    return others | {"SHA256SUMS": "".join(lines).encode()}


def pack(files: Mapping[str, bytes]) -> io.BytesIO:
    """The bundle as a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 20, 9, 0, 0)), data, zipfile.ZIP_DEFLATED)
    out.seek(0)
    return out
