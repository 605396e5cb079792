"""What a bundle claims: bundle.json, from the population, the heads and the anchors."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from recordings.audit.kinds import Kind as Events
from recordings.proof.evidence.bundle.final_checkpoint import Standing
from recordings.proof.evidence.bundle.population import CHAINS, Population, select, together
from recordings.proof.evidence.bundle.scope import ALL, Scope
from recordings.proof.evidence.bundle.timestamps import Stamped, stamped_around
from recordings.proof.evidence.errors import LogBroken
from recordings.proof.sealing.heads import Heads, ProvenHead
from recordings.proof.sealing.tags import TagKind, tag
from recordings.tlog.tiles import Tiles

_OPENINGS = """
SELECT l.n FROM audit.event e JOIN audit.leaf l ON l.event_no = e.id
WHERE e.kind = %s AND l.n < %s AND convert_from(e.body, 'UTF8')::jsonb #>> '{action_detail,origin}' = %s
ORDER BY l.n DESC LIMIT 1
"""
_REQUEST = "SELECT n FROM audit.leaf WHERE event_id = %s AND n < %s"


@dataclass(frozen=True)
class Order:
    """A bundle that was asked for: `request` is the event that says so, with this scope; `report` what it is filed
    under."""

    report: UUID
    request: UUID
    scope: Scope


@dataclass(frozen=True)
class Claims:
    """Everything that is claimed, before it is written down."""

    order: Order
    standing: Standing
    tag_key: bytes
    opening: int
    request: int
    population: Population
    chains: list[dict[str, Any]]
    stamped: list[Stamped]

    @classmethod
    def made(cls, connection: Any, order: Order, standing: Standing) -> "Claims":
        """Gathered from one snapshot of the database. Raises TooMuch, LogBroken."""
        size, origin = standing.size, standing.checkpoint.origin
        ((tag_key,),) = _fetch(connection, "SELECT tag_key FROM audit.log_head")
        tags = {kind: tag(bytes(tag_key), kind, order.scope.ref) for kind in CHAINS[order.scope.kind]}
        population = select(connection, order.scope, tags, size)
        opening = _one(_fetch(connection, _OPENINGS, Events.LOG_OPENED.value, size, origin))
        request = _one(_fetch(connection, _REQUEST, order.request, size))
        return cls(
            order=order,
            standing=standing,
            tag_key=bytes(tag_key),
            opening=opening,
            request=request,
            population=population,
            chains=_chains(connection, tags, size - 1),
            stamped=stamped_around(
                connection, size, origin, [*population.leaves, 0, opening, request, size - 1]
            ),
        )

    @property
    def scope(self) -> Scope:
        return self.order.scope

    @property
    def size(self) -> int:
        return self.standing.size

    @property
    def manifest(self) -> int:
        return self.standing.size - 1

    @cached_property
    def beside(self) -> frozenset[int]:
        """The leaves that are shipped and lie outside the scope."""
        whatever = {0, self.opening, self.request, self.manifest, *self.population.incidents}
        whatever.update(stamped.size - 1 for stamped in self.stamped)
        return frozenset(n for n in whatever if n not in self._scope_leaves)

    @cached_property
    def shipped(self) -> Sequence[int]:
        """Every leaf that is in the bundle, ascending."""
        return together(self.population.leaves, self.beside)

    @cached_property
    def _scope_leaves(self) -> Any:
        leaves = self.population.leaves
        return leaves if isinstance(leaves, range) else frozenset(leaves)

    def as_json(self, tree: Tiles, rows: int, files: Mapping[str, str]) -> dict[str, Any]:
        """The content of bundle.json (docs/trail-format.md, 7)."""
        everybody = self.scope.kind == ALL
        return {
            "v": 2,
            "type": "auditportal-bundle/2",
            "origin": self.standing.checkpoint.origin,
            "size": self.size,
            "report": str(self.order.report),
            "request": self.request,
            "scope": self.scope.as_claim(),
            "tag_key": self.tag_key.hex(),
            "opening": self.opening,
            **({"range": self.population.range} if everybody else {"chains": self.chains}),
            "leaves": len(self.shipped),
            "rows": rows,
            "files": dict(files),
            "anchors": [
                {"size": one.size, "consistency": _encoded(tree.consistency_path(one.size))}
                for one in self.stamped
            ],
        }


def _chains(connection: Any, tags: Mapping[TagKind, bytes], upto: int) -> list[dict[str, Any]]:
    """For each tag its head in the manifest at `upto`, or its neighbours when it has no leaf."""
    found = []
    for kind, own in tags.items():
        with connection.cursor() as cursor:
            heads = Heads.counted(cursor, kind, upto)
        if proven := heads.find(own):
            head = _head(proven)
            del head["tag"]  # whoever reads it computes it
            found.append({"kind": kind, "head": head})
        else:
            sides = zip(("left", "right"), heads.neighbours(own), strict=True)
            found.append({"kind": kind, "absence": {side: _head(one) for side, one in sides if one}})
    return found


def _head(proven: ProvenHead) -> dict[str, Any]:
    head = proven.head
    said = {"index": proven.index, "count": head.count, "last": head.last, "tag": head.tag.hex()}
    return {**said, "path": _encoded(proven.path)}


def _encoded(path: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in path]


def _one(rows: Sequence[Any]) -> int:
    """The one leaf that was found. Raises LogBroken when there is none."""
    if not rows:
        raise LogBroken
    return int(rows[0][0])


def _fetch(connection: Any, statement: Any, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
