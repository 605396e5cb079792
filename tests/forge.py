"""Logs made without the portal, by the text of docs/trail-format.md alone – and ways to falsify them.

`Log` is an honest log of synthetic events with its keys, witnesses and time stamps. `Log.bundle(...)` gives the files
of a bundle as a dict (forge_bundle), `forge_zip.pack` makes the zip of them. An attacker's tools are in forge_tools.
"""

import copy
import hmac
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.forge_bundle import REPORT, Files, bundle_of, scope_of
from tests.forge_parts import START, Sealed, Signer, Tree, b64, canonical, commit, sha, stamp
from tests.forge_stamps import Stamper

__all__ = ["AUDITOR", "INTERNAL", "ORIGIN", "REPORT", "Files", "Log"]

ORIGIN = "portal.example/audit"
PLURAL = {"obj": "objects", "par": "parents", "act": "actors"}
INTERNAL, AUDITOR = Signer("witness.example/internal", 4), Signer("witness.example/auditor", 4)
Names = Mapping[str, str]


@dataclass
class Log:
    """A log of synthetic events. `witnesses` cosign each checkpoint. Leaves below `parents_from` have version 1."""

    origin: str = ORIGIN
    witnesses: tuple[Signer, ...] = (INTERNAL, AUDITOR)
    tag_key: bytes = sha(b"tags")
    clock: datetime = START
    leaves: list[Sealed] = field(default_factory=list)
    anchors: list[tuple[int, str, bytes]] = field(default_factory=list)
    opens: bool = True
    parents_from: int = 0
    signs_as: str = ""

    def __post_init__(self) -> None:
        self.key, self.stamper = Signer(self.origin, seed=self.signs_as), Stamper()
        self._heads: dict[str, dict[str, tuple[int, int]]] = {kind: {} for kind in PLURAL}
        self._tree, self._closed, self._newest = Tree([]), "", ""
        if self.opens:
            self.open()

    def copy(self) -> "Log":
        """Return a log with the same leaves that can go on differently."""
        other = copy.copy(self)
        other.leaves, other.anchors = list(self.leaves), list(self.anchors)
        other._heads = {kind: dict(heads) for kind, heads in self._heads.items()}
        return other

    # --- writing

    def open(self, **other: Any) -> int:
        """Append the leaf that opens the log, or an epoch of it."""
        return self.own("log.opened", self.opening() | other)

    def opening(self) -> dict[str, Any]:
        commitment = sha(b"audit-tag-key-v1\0" + self.tag_key).hex()
        return {"origin": self.origin, "tag_key_sha256": commitment}

    def epoch(self, origin: str, *, reason: str = "restored from a backup", **other: Any) -> "Log":
        """Return a log that goes on from this one under another name, with the same private key."""
        goes_on = self.copy()
        goes_on.origin, goes_on.signs_as, goes_on.anchors = origin, self.signs_as or self.origin, []
        goes_on.key = Signer(origin, seed=goes_on.signs_as)
        size = len(self.leaves)
        before = {"previous_origin": self.origin, "previous_size": size}
        before["previous_root"] = self.tree().root(0, size).hex()
        goes_on.open(**before | {"reason": reason} | other)
        return goes_on

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
        late: bool = False,
        change: Callable[[dict[str, Any]], Any] = lambda body: None,
        **parts: Any,
    ) -> int:
        """Seal one event, return its index. `names` are its personal values by field; `erased` ones stay secret.

        `at` is when the database recorded it (now, if not given); `late` marks the leaf. Other parts of the event are
        given as dicts: `object={"parent": "object:3"}`; a part that is no dict replaces what there is. `change` is for
        liars: the entry is that of the event before it.
        """
        self.clock += timedelta(seconds=after)
        body = self._body(kind, by, about, outcome, dict(detail or {}), parts)
        reveal = self._commit(body, names or {})
        shown = {name: secret for name, secret in reveal.items() if name not in erased}
        honest = copy.deepcopy(body)
        change(body)
        return self.seal(canonical(body), shown, at or self.clock, late=late, as_if=honest)

    def own(self, kind: str, detail: Mapping[str, Any], **more: Any) -> int:
        """Seal an event of the sealer itself."""
        return self.add(kind, by="system:sealer", outcome="completed", detail=detail, **more)

    def incident(self, code: str, count: int = 0, **detail: Any) -> int:
        """Append an incident; with a count it speaks of so many leaves directly after it."""
        span = {"first": len(self.leaves) + 1, "count": count} if count else {}
        return self.own("sealer.incident", {"code": code, "sentence": f"This is {code}."} | span | detail)

    def malformed(self, data: bytes = b"{}", *, at: datetime | None = None, late: bool = False) -> int:
        """Seal bytes that are no event, without the incident that names them."""
        self.clock += timedelta(seconds=1)
        n = len(self.leaves)
        entry = {"v": 2, "n": n, "e": self._event_id(), "bh": sha(data).hex(), "r": stamp(at or self.clock)}
        entry |= {"y": "event.malformed", "o": "error"} | self._place("act", "system:sealer", n)
        self._append(Sealed(data, {}, canonical(entry | ({"late": 1} if late else {}))))
        return n

    def close(
        self, upto: int | None = None, *, after: float = 1, closed_until: datetime | None = None, **other: Any
    ) -> int:
        """Append a manifest over everything so far, or over less. Other values of its detail are for liars."""
        upto = len(self.leaves) if upto is None else upto
        detail: dict[str, Any] = {"upto": upto, "parents_from": self.parents_from, "newest": self._newest}
        detail["late_n"] = sum("late" in leaf.said for leaf in self.leaves[:upto])
        for kind, word in PLURAL.items():
            heads = self.manifest_tree(kind, upto)
            detail |= {f"{word}_n": len(heads), f"{word}_root": Tree(heads).root(0, len(heads)).hex()}
        earliest = self.clock + timedelta(seconds=after - 60)
        self._closed = stamp(closed_until) if closed_until else max(self._closed, stamp(earliest))
        detail |= {"closed_until": self._closed} | other
        if len(self.leaves) < self.parents_from:
            for newer in ("parents_from", "parents_n", "parents_root", "closed_until", "newest", "late_n"):
                del detail[newer]
        return self.own("heads.manifest", detail, after=after)

    def ask(
        self,
        kind: str = "all",
        ref: str = "",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        by: str = "user:9",
        report: str = REPORT,
        **more: Any,
    ) -> int:
        """Append the request of a report."""
        detail = {"scope": scope_of(kind, ref, since, until)}
        names = {"actor.name": "Noa Levi"} if by == "user:9" else {}
        given: dict[str, Any] = {"by": by, "about": f"report:{report}", "detail": detail, "names": names}
        return self.add("export.requested", **given | more)

    def asked(self, kind: str = "all", ref: str = "", **more: Any) -> "Log":
        """Return a copy in which a report was asked for, with the manifest behind it."""
        longer = self.copy()
        longer.ask(kind, ref, **more)
        longer.close(after=90)
        return longer

    def anchor(self, after: float = 1) -> None:
        """Have a checkpoint of the log as it is now time-stamped."""
        self.clock += timedelta(seconds=after)
        note = self.note(witnesses=())
        self.anchors.append((len(self.leaves), note, self.stamper.stamp(note.encode(), self.clock)))

    def skip(self, kind: str, ref: str) -> None:
        """Miscount a tag by one."""
        tag = self.tag(kind, ref)
        count, last = self._heads[kind][tag]
        self._heads[kind][tag] = (count + 1, last)

    def seal(
        self,
        body: bytes,
        reveal: Mapping[str, Any],
        at: datetime,
        *,
        late: bool = False,
        as_if: dict[str, Any] | None = None,
    ) -> int:
        """Seal the bytes of an event as they are. A liar's entry is made as if it were another event."""
        said, n = as_if or json.loads(body), len(self.leaves)
        entry = {"v": 2, "n": n, "e": said["id"], "bh": sha(body).hex(), "r": stamp(at)}
        entry |= {"y": said["type"], "o": said["outcome"], **self._place("act", said["actor"]["ref"], n)}
        if "object" in said:
            entry |= self._place("obj", said["object"]["ref"], n)
        if n < self.parents_from:
            entry["v"] = 1
        elif "parent" in said.get("object", {}):
            entry |= self._place("par", said["object"]["parent"], n)
        if late:
            entry["late"] = 1
        self._append(Sealed(body, reveal, canonical(entry)))
        return n

    def _append(self, leaf: Sealed) -> None:
        self.leaves.append(leaf)
        self._newest = max(self._newest, leaf.said["r"])

    def _event_id(self) -> str:
        return str(uuid.UUID(bytes=sha(f"{self.origin} {len(self.leaves)}".encode())[:16]))

    def _body(
        self, kind: str, by: str, about: str, outcome: str, detail: dict[str, Any], parts: Mapping[str, Any]
    ) -> dict[str, Any]:
        body: dict[str, Any] = {"v": 1, "id": self._event_id(), "type": kind, "outcome": outcome}
        body["occurred_at"] = stamp(self.clock - timedelta(milliseconds=3))
        body |= {"actor": {"ref": by, "kind": by.partition(":")[0]}, "asserted_by": "server"}
        if detail:
            body["action_detail"] = detail
        if about:
            body["object"] = {"ref": about, "kind": about.partition(":")[0]}
        for part, values in parts.items():
            body[part] = {**body.get(part, {}), **values} if isinstance(values, dict) else values
        return body

    def _commit(self, body: dict[str, Any], names: Names) -> dict[str, dict[str, str]]:
        reveal = {}
        for name, value in names.items():
            salt = sha(f"{body['id']} {name}".encode())[:16].hex()
            part, _, key = name.partition(".")
            body.setdefault(part, {})[key] = commit(name, salt, value)
            reveal[name] = {"salt": salt, "value": value}
        return reveal

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
        """Return the consistency file an auditor gets, in the form of a tlog-witness request."""
        return "\n".join([f"old {old}", *self.consistency(old)]) + f"\n\n{self.note()}"

    def manifest_tree(self, kind: str, upto: int | None = None) -> list[bytes]:
        return [canonical(head) for head in self.heads(kind, upto)]

    def heads(self, kind: str, upto: int | None = None) -> list[dict[str, Any]]:
        """Count the heads over the leaves before `upto` again, sorted by tag."""
        found: dict[str, dict[str, Any]] = {}
        for n, leaf in enumerate(self.leaves[:upto]):
            if tag := leaf.said.get(kind):
                found[tag] = {"tag": tag, "count": found.get(tag, {"count": 0})["count"] + 1, "last": n}
        return [found[tag] for tag in sorted(found)]

    def proof(self, n: int, note: str, *, size: int | None = None, **extra: Any) -> bytes:
        """Return the proof of a single event (`tlog-proof`). Other values of its extra line are for liars."""
        leaf, size = self.leaves[n], len(self.leaves) if size is None else size
        said = {"entry": leaf.entry.decode(), "body": leaf.body.decode(), "reveal": leaf.reveal} | extra
        path = "".join(f"{b64(node)}\n" for node in self.tree().path(n, 0, size))
        return f"c2sp.org/tlog-proof@v1\nextra {b64(canonical(said))}\nindex {n}\n{path}\n{note}".encode()

    def bundle(self, kind: str = "all", ref: str = "", **more: Any) -> Files:
        """Return the files of a bundle about a scope, as `bundle_of` does.

        A log that does not end in a manifest behind the request of this report is copied and both are written.
        """
        return bundle_of(self, kind, ref, **more)
