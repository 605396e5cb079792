"""The files of a bundle about a forged log, by section 7 and 8 of docs/trail-format.md."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.forge_parts import Tree, b64, canonical, sha, stamp

if TYPE_CHECKING:
    from tests.forge import Log

Files = dict[str, bytes]
ROOT = Path(__file__).resolve().parents[1]
VERIFIER = ROOT / "recordings/proof/evidence/check/verify_audit.py"
VERIFY_HTML = ROOT / "templates" / "evidence" / "verifier.html"  # a stand-in: nobody reads it
REPORT = "0198c0de-0000-7000-8000-000000000001"
OWN = {"log.opened", "heads.manifest", "sealer.incident", "key.rotated", "backup.restored"}
CHAINS = {"target": ("obj",), "object": ("obj", "par"), "actor": ("act",), "all": ()}
COLUMNS = (
    "leaf,recorded_at,occurred_at,type,outcome,actor,actor_name,role,purpose,note,target,target_label,parent,"
    "address,request_id,detail,event_id,body_sha256"
)


def scope_of(
    kind: str, ref: str = "", since: datetime | None = None, until: datetime | None = None
) -> dict[str, str]:
    scope = {"kind": kind} | ({"ref": ref} if ref else {})
    return scope | ({"from": stamp(since)} if since else {}) | ({"to": stamp(until)} if until else {})


def bundle_of(
    log: Log,
    kind: str,
    ref: str = "",
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    opening: int | None = None,
    request: int | None = None,
    size: int | None = None,
    leaves: Sequence[int] | None = None,
    shipped: Sequence[int] | None = None,
    note: str | None = None,
    policy: str | None = None,
    table: bytes | None = None,
    claims: Callable[[dict[str, Any]], Any] = lambda claim: None,
) -> Files:
    """Make the files. `size` and all after it are for liars: `leaves` those of the scope, `shipped` all in the file."""
    scope = scope_of(kind, ref, since, until)
    if request is None and size is None:
        request = _request(log, scope)
        if request is None:
            log = log.asked(kind, ref, since=since, until=until)
            request = len(log.leaves) - 2
    size = len(log.leaves) if size is None else size
    request = size - 2 if request is None else request
    opening = _opening(log, size) if opening is None else opening
    mine = population(log, scope, size) if leaves is None else list(leaves)
    inside = {n for n in mine if scope.get("from", "") <= log.leaves[n].said["r"] < scope.get("to", "9")}
    anchors = [anchor for anchor in log.anchors if anchor[0] <= size]
    if shipped is None:
        others = {0, opening, request, size - 1} | {old - 1 for old, _, _ in anchors} | _incidents(log, mine)
        shipped = sorted({*mine} | others)
    stream = events(log, shipped, inside, {*mine}, request)
    table = table_of(log, sorted(inside)) if table is None else table
    files = {
        "README.txt": b"python3 verify_audit.py bundle.zip\n",
        "bundle.json": b"",
        "checkpoint.txt": (log.note(size) if note is None else note).encode(),
        "policy.txt": (log.policy() if policy is None else policy).encode(),
        "events.jsonl": stream,
        "report.csv": table,
        "report.xlsx": b"PK a sheet",
        "report.pdf": b"%PDF-1.7 a picture of the table",
    }
    for old, anchored, reply in anchors:
        files |= {f"anchors/{old}.txt": anchored.encode(), f"anchors/{old}.tsr": reply}
    files |= {"verify_audit.py": VERIFIER.read_bytes(), "verify.html": VERIFY_HTML.read_bytes()}
    claim: dict[str, Any] = {"v": 2, "type": "auditportal-bundle/2", "origin": log.origin, "size": size}
    claim |= {
        "report": REPORT,
        "request": request,
        "scope": scope,
        "tag_key": log.tag_key.hex(),
        "opening": opening,
    }
    claim |= {"leaves": len(shipped), "rows": len(inside)}
    claim["files"] = {name: sha(files[name]).hex() for name in ("report.csv", "report.xlsx", "report.pdf")}
    claim["anchors"] = [{"size": old, "consistency": log.consistency(old, size)} for old, _, _ in anchors]
    if kind == "all":
        claim["range"] = {"first": mine[0], "last": mine[-1]}
    else:
        claim["chains"] = [chain(log, one, ref, size - 1) for one in CHAINS[kind]]
    claims(claim)
    return files | {"bundle.json": canonical(claim)}


def _detail(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body).get("action_detail", {})
    return found


def _request(log: Log, scope: dict[str, str]) -> int | None:
    """The newest request of this report, when a manifest ends the log behind it."""
    if log.leaves[-1].said["y"] != "heads.manifest":
        return None
    for n in range(len(log.leaves) - 2, 0, -1):
        leaf = log.leaves[n]
        asked = leaf.said["y"] == "export.requested" and _detail(leaf.body)
        if asked == {"scope": scope}:
            return n
    return None


def _opening(log: Log, size: int) -> int:
    found = [n for n in range(size) if log.leaves[n].said["y"] == "log.opened"]
    return max(
        (n for n in found if _detail(log.leaves[n].body).get("origin") == log.origin),
        default=0,
    )


def population(log: Log, scope: dict[str, str], size: int) -> list[int]:
    """Return the leaves of a scope."""
    if scope["kind"] != "all":
        tags = {(kind, log.tag(kind, scope["ref"])) for kind in CHAINS[scope["kind"]]}
        return [n for n in range(size - 1) if tags & log.leaves[n].said.items()]
    first, last = 0, size - 1
    manifests = [n for n in range(size) if log.leaves[n].said["y"] == "heads.manifest"]
    late_n = sum("late" in leaf.said for leaf in log.leaves[:size])
    for n in manifests:
        detail = _detail(log.leaves[n].body)
        if "from" in scope and detail.get("newest", "9") < scope["from"]:
            first = n
        if "to" in scope and detail.get("closed_until", "") >= scope["to"] and detail["late_n"] == late_n:
            last = n
            break
    return list(range(min(first, last), last + 1))


def _incidents(log: Log, leaves: Sequence[int]) -> set[int]:
    found = set()
    for n in leaves:
        said = log.leaves[n].said
        if "late" not in said and said["y"] != "event.malformed":
            continue
        code = "event_malformed" if said["y"] == "event.malformed" else "event_late"
        for before in range(n - 1, -1, -1):
            if log.leaves[before].said["y"] == "sealer.incident":
                detail = _detail(log.leaves[before].body)
                if detail.get("code") == code:
                    found.add(before)
                    break
    return found


def events(log: Log, shipped: Sequence[int], rows: set[int], mine: set[int], request: int) -> bytes:
    """Return events.jsonl."""
    lines, before = [], -1
    for n in shipped:
        leaf = log.leaves[n]
        line: dict[str, Any] = {"entry": leaf.said}
        if between := log.tree().between(before, n):
            line["gap"] = [b64(root) for root in between]
        kind = leaf.said["y"]
        told = n in rows or n == request or kind in OWN or (n in mine and kind == "recording.discovered")
        if told and kind != "event.malformed":
            line |= {"body": json.loads(leaf.body), "reveal": leaf.reveal}
        lines.append(canonical(line) + b"\n")
        before = n
    return b"".join(lines)


def chain(log: Log, kind: str, ref: str, manifest: int) -> dict[str, Any]:
    """Return what the manifest says of a tag: its head, or the neighbours between which it is not."""
    tag, heads = log.tag(kind, ref), log.heads(kind, manifest)
    tree = Tree([canonical(head) for head in heads])

    def proven(i: int) -> dict[str, Any]:
        return {**heads[i], "index": i, "path": [b64(node) for node in tree.path(i, 0, len(heads))]}

    below = sum(head["tag"] < tag for head in heads)
    if below < len(heads) and heads[below]["tag"] == tag:
        head = proven(below)
        del head["tag"]
        return {"kind": kind, "head": head}
    left = {"left": proven(below - 1)} if below else {}
    right = {"right": proven(below)} if below < len(heads) else {}
    return {"kind": kind, "absence": left | right}


def table_of(log: Log, rows: Sequence[int]) -> bytes:
    """Return report.csv."""
    lines = [COLUMNS, *(_row(log, n) for n in rows)]
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8-sig")


def _row(log: Log, n: int) -> str:
    leaf = log.leaves[n]
    entry = leaf.said
    body = {} if entry["y"] == "event.malformed" else json.loads(leaf.body)
    revealed = {name: secret["value"] for name, secret in leaf.reveal.items()}

    def said(part: str, name: str, *, personal: bool = False) -> str:
        values = body.get(part, {})
        value = str(values.get(name, "")) if isinstance(values, dict) else ""
        return revealed.get(f"{part}.{name}", "erased") if personal and value else value

    detail = body.get("action_detail", {})
    if isinstance(detail, dict):
        detail = {key: revealed.get(f"action_detail.{key}", value) for key, value in detail.items()}
    cells = [
        str(n),
        entry["r"],
        body.get("occurred_at", ""),
        entry["y"],
        entry["o"],
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
        entry["e"],
        entry["bh"],
    ]
    return ",".join(map(cell, cells))


_F = "[=+\\-@＝＋－＠﹦﹢﹣﹫]"
_I = '[\0-\x08\x0b\x0c\x0e-\x20"\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]*'


def cell(value: str) -> str:
    """Return one cell, made harmless for a spreadsheet and quoted where it must be."""
    harmless = re.sub(f"[;\t\r\n](?={_I}{_F})", r"\g<0>'", value)
    if re.match(f"['\t\r\n\0]|{_I}{_F}", value):
        harmless = f"'{harmless}"
    return '"' + harmless.replace('"', '""') + '"' if set(harmless) & set('",\r\n') else harmless
