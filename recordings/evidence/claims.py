"""What a bundle claims: bundle.json, from the population, the heads and the anchors."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from recordings.audit.kinds import Kind as Events
from recordings.evidence.errors import LogBroken
from recordings.evidence.population import Population
from recordings.evidence.scope import ALL, TARGET, Scope
from recordings.evidence.stamps import Stamped
from recordings.evidence.standing import Standing
from recordings.sealing.entries import stamp
from recordings.sealing.heads import Heads, ProvenHead
from recordings.sealing.tags import Kind, tag
from recordings.tlog.tiles import Tiles

_OPENINGS = """
SELECT l.n FROM audit.event e JOIN audit.leaf l ON l.event_no = e.id
WHERE e.kind = %s AND l.n < %s AND convert_from(e.body, 'UTF8')::jsonb #>> '{action_detail,origin}' = %s
ORDER BY l.n DESC LIMIT 1
"""


@dataclass(frozen=True)
class Order:
    """A bundle that was asked for: `request` is the event that says so, `report` what it is filed under."""

    report: UUID
    request: UUID
    scope: Scope
    name: str
    ref: str


@dataclass(frozen=True)
class Claims:
    """Everything that is claimed, before it is written down."""

    order: Order
    at: datetime
    standing: Standing
    tag_key: bytes
    opening: int
    population: Population
    completeness: dict[str, Any]
    stamped: list[Stamped]

    @property
    def manifest(self) -> int:
        return self.standing.size - 1

    @cached_property
    def shipped(self) -> list[int]:
        """Every leaf that is in the bundle, ascending."""
        return sorted({*self.population.leaves, self.opening, self.manifest})

    @cached_property
    def rows(self) -> frozenset[int]:
        """Those that are rows of the table."""
        return frozenset(self.population.rows)

    @cached_property
    def with_body(self) -> frozenset[int]:
        """Those that come with their events."""
        return self.rows | {self.opening, self.manifest}

    def as_json(self, tree: Tiles) -> dict[str, Any]:
        """The content of bundle.json (docs/trail-format.md)."""
        return {
            "v": 1,
            "type": "auditportal-bundle/1",
            "origin": self.standing.checkpoint.origin,
            "size": self.standing.size,
            "report": str(self.order.report),
            "generated_at": stamp(self.at),
            "generated_by": {"name": self.order.name, "ref": self.order.ref},
            "scope": self.order.scope.as_claim(),
            "tag_key": self.tag_key.hex(),
            "opening": self.opening,
            "manifest": self.manifest,
            "leaves": self.population.leaves,
            "rows": self.population.rows,
            "anchors": [_anchor(stamped, tree) for stamped in self.stamped],
            **self.completeness,
        }


def scope_tag(key: bytes, scope: Scope) -> bytes:
    """The tag that every leaf of a scope has; nothing for everybody's events."""
    return b"" if scope.kind == ALL else tag(key, _kind(scope), scope.ref)


def completeness(connection: Any, scope: Scope, own: bytes, upto: int) -> dict[str, Any]:
    """The head of the scope's tag in the manifest at `upto`, or its neighbours when it has no leaf."""
    if scope.kind == ALL:
        return {}
    with connection.cursor() as cursor:
        heads = Heads.counted(cursor, _kind(scope), upto)
    found = heads.find(own)
    if found:
        head = _head(found)
        del head["tag"]  # the verifier computes it
        return {"head": head}
    sides = zip(("left", "right"), heads.neighbours(own), strict=True)
    return {"absence": {side: _head(proven) for side, proven in sides if proven}}


def opening(connection: Any, origin: str, size: int) -> int:
    """The leaf that opened the log under this origin. Raises LogBroken when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_OPENINGS, [Events.LOG_OPENED.value, size, origin])
        row = cursor.fetchone()
    if row is None:
        raise LogBroken
    return int(row[0])


def _kind(scope: Scope) -> Kind:
    return "obj" if scope.kind == TARGET else "act"


def _head(proven: ProvenHead) -> dict[str, Any]:
    head = proven.head
    said = {"index": proven.index, "count": head.count, "last": head.last, "tag": head.tag.hex()}
    return {**said, "path": _encoded(proven.path)}


def _anchor(stamped: Stamped, tree: Tiles) -> dict[str, Any]:
    note, response = stamped.files
    path = _encoded(tree.consistency_path(stamped.size))
    return {"size": stamped.size, "checkpoint": note, "stamp": response, "consistency": path}


def _encoded(path: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in path]
