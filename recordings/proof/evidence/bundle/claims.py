"""Make the claims of a bundle (bundle.json) from its leaves, the heads of the chains and the time stamps."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from recordings.audit.kinds import Kind as EventKind
from recordings.db import fetch_all
from recordings.proof.evidence.bundle.final_checkpoint import FinalCheckpoint
from recordings.proof.evidence.bundle.population import Population, merged
from recordings.proof.evidence.bundle.scope import ALL, Scope
from recordings.proof.evidence.bundle.timestamps import TimestampedCheckpoint, timestamped_around
from recordings.proof.evidence.errors import LogBroken
from recordings.proof.sealing.heads import Heads, ProvenHead
from recordings.proof.sealing.tags import TagKind
from recordings.tlog.tiles import Tiles

_OPENING = """
SELECT l.n FROM audit.event e JOIN audit.leaf l ON l.event_no = e.id
WHERE e.kind = %s AND l.n < %s AND convert_from(e.body, 'UTF8')::jsonb #>> '{action_detail,origin}' = %s
ORDER BY l.n DESC LIMIT 1
"""
_REQUEST = "SELECT n FROM audit.leaf WHERE event_id = %s AND n < %s"


@dataclass(frozen=True)
class Order:
    """A requested bundle. `report`: its id. `request`: the event that requests it. `language`: of report.pdf only."""

    report: UUID
    request: UUID
    scope: Scope
    language: str = "en"


@dataclass(frozen=True)
class Claims:
    """The content of bundle.json before it is written.

    `opening`: the leaf that opened the log under its current name. `request`: the leaf of the requesting event.
    """

    order: Order
    checkpoint: FinalCheckpoint
    population: Population
    opening: int
    request: int
    chains: list[dict[str, Any]]
    timestamped: list[TimestampedCheckpoint]

    @property
    def scope(self) -> Scope:
        return self.order.scope

    @property
    def size(self) -> int:
        return self.checkpoint.size

    @property
    def manifest(self) -> int:
        """The last leaf: the manifest with the number of leaves of each chain."""
        return self.checkpoint.size - 1

    @cached_property
    def outside_scope(self) -> frozenset[int]:
        """The leaves that every bundle contains and that are not in the scope."""
        needed = {0, self.opening, self.request, self.manifest, *self.population.incidents}
        needed.update(stamped.size - 1 for stamped in self.timestamped)
        leaves = self.population.leaves
        within = leaves if isinstance(leaves, range) else frozenset(leaves)
        return frozenset(n for n in needed if n not in within)

    @cached_property
    def shipped(self) -> Sequence[int]:
        """Every leaf in the bundle, ascending."""
        return merged(self.population.leaves, self.outside_scope)

    @property
    def anchor_files(self) -> dict[str, bytes]:
        """The time-stamped checkpoints and their time stamps, by file name."""
        return {name: content for stamped in self.timestamped for name, content in stamped.files.items()}

    def as_json(self, tree: Tiles, rows: int, files: Mapping[str, str]) -> dict[str, Any]:
        """Return the content of bundle.json (docs/trail-format.md, 7). `files`: the SHA-256 of the tables by name."""
        everybody = self.scope.kind == ALL
        return {
            "v": 2,
            "type": "auditportal-bundle/2",
            "origin": self.checkpoint.origin,
            "size": self.size,
            "report": str(self.order.report),
            "request": self.request,
            "scope": self.scope.as_claim(),
            "tag_key": self.population.tag_key.hex(),
            "opening": self.opening,
            **({"range": self.population.range} if everybody else {"chains": self.chains}),
            "leaves": len(self.shipped),
            "rows": rows,
            "files": dict(files),
            "anchors": [
                {"size": stamped.size, "consistency": _base64(tree.consistency_path(stamped.size))}
                for stamped in self.timestamped
            ],
        }


def make_claims(connection: Any, order: Order, checkpoint: FinalCheckpoint, population: Population) -> Claims:
    """Make the claims about a population from the same snapshot.

    Raises LogBroken when the opening or the request has no leaf.
    """
    size, origin = checkpoint.size, checkpoint.origin
    opening = _leaf(connection, _OPENING, EventKind.LOG_OPENED.value, size, origin)
    request = _leaf(connection, _REQUEST, order.request, size)
    pinned = [*population.leaves, 0, opening, request, size - 1]
    return Claims(
        order=order,
        checkpoint=checkpoint,
        population=population,
        opening=opening,
        request=request,
        chains=_chains(connection, population.tags, size - 1),
        timestamped=timestamped_around(connection, size, origin, pinned),
    )


def _leaf(connection: Any, statement: str, *params: Any) -> int:
    rows = fetch_all(connection, statement, params)
    if not rows:
        raise LogBroken
    return int(rows[0][0])


def _chains(connection: Any, tags: Mapping[TagKind, bytes], manifest: int) -> list[dict[str, Any]]:
    """Return for each tag its head in the manifest, or the neighbouring heads, which prove that it has no leaf."""
    chains = []
    for kind, tag in tags.items():
        with connection.cursor() as cursor:
            heads = Heads.counted(cursor, kind, manifest)
        if proven := heads.find(tag):
            head = _head(proven)
            del head["tag"]  # the verifier computes it
            chains.append({"kind": kind, "head": head})
        else:
            sides = zip(("left", "right"), heads.neighbours(tag), strict=True)
            absence = {side: _head(neighbour) for side, neighbour in sides if neighbour}
            chains.append({"kind": kind, "absence": absence})
    return chains


def _head(proven: ProvenHead) -> dict[str, Any]:
    return {
        "index": proven.index,
        "count": proven.head.count,
        "last": proven.head.last,
        "tag": proven.head.tag.hex(),
        "path": _base64(proven.path),
    }


def _base64(path: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(node).decode() for node in path]
