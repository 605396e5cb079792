"""What part of the catalog a person may use: the one place that computes it.

A grant has a level and a scope. A scope names channels, agents and sensitivity classes; what it does not name, it does
not limit. A permission reaches the rows of every grant that carries it at a sufficient level. Lists, counts, pages,
files, exports and the trail's events about recordings all take their condition from `Reach`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

from recordings.db import Where
from recordings.permissions import Permission


class Level(TextChoices):
    """How much a grant allows with the recordings in its scope. Each level includes the ones before."""

    LIST = "list", _("List")
    VIEW = "view", _("View")
    DOWNLOAD = "download", _("Download")
    MANAGE = "manage", _("Manage")

    def includes(self, other: "Level") -> bool:
        return _ORDER.index(self) >= _ORDER.index(other)


_ORDER = tuple(Level)
# What is not named needs no more than LIST.
LEVEL_OF = {
    Permission.OPEN_OBJECTS: Level.VIEW,
    Permission.PLAY_RECORDINGS: Level.VIEW,
    Permission.REFRESH_CATALOG: Level.VIEW,
    Permission.DOWNLOAD_RECORDINGS: Level.DOWNLOAD,
    Permission.EXPORT_REPORTS: Level.DOWNLOAD,
    Permission.UNMASK_PERSONAL_DATA: Level.VIEW,
    Permission.EVALUATE: Level.VIEW,
    Permission.READ_EVALUATIONS: Level.VIEW,
    Permission.RELEASE_EVALUATIONS: Level.VIEW,
    Permission.SIGN_FOR_AGENTS: Level.VIEW,
    Permission.DECIDE_DISPUTES: Level.VIEW,
    Permission.SUPERVISE: Level.VIEW,
    Permission.COACH: Level.VIEW,
    Permission.CLASSIFY_RECORDINGS: Level.MANAGE,
    Permission.MANAGE_PEOPLE: Level.MANAGE,
    Permission.ERASE_SUBJECTS: Level.MANAGE,
}


Side = TypeVar("Side", int, str)


class Placed(Protocol):
    """What a scope judges: an object of CommBox, or what it was on an earlier day."""

    @property
    def stream_id(self) -> int: ...
    @property
    def agent_id(self) -> int | None: ...
    @property
    def sensitivity(self) -> str: ...


@dataclass(frozen=True)
class Scope:
    """Objects of these channels, agents and sensitivity classes. None means all of them."""

    channels: frozenset[int] | None = None
    agents: frozenset[int] | None = None
    classes: frozenset[str] | None = None

    def includes(self, thing: Placed) -> bool:
        return (
            (self.channels is None or thing.stream_id in self.channels)
            and (self.agents is None or thing.agent_id in self.agents)
            and (self.classes is None or thing.sensitivity in self.classes)
        )

    @property
    def is_empty(self) -> bool:
        """Whether it names a dimension and nothing in it, such as a team without agents."""
        return any(not allowed for _column, _kind, allowed in self._limits())

    def among(self, *, channel: int | None, agent: int | None) -> "Scope | None":
        """Return what it still limits among objects of this channel and agent; None when it holds none of them."""
        if self.is_empty or not all(
            wanted is None or allowed is None or wanted in allowed
            for wanted, allowed in ((channel, self.channels), (agent, self.agents))
        ):
            return None
        return Scope(
            self.channels if channel is None else None, self.agents if agent is None else None, self.classes
        )

    def __and__(self, other: "Scope") -> "Scope":
        """Return the scope of what is in both."""
        return Scope(
            _both(self.channels, other.channels),
            _both(self.agents, other.agents),
            _both(self.classes, other.classes),
        )

    def covers(self, other: "Scope") -> bool:
        """Whether this scope limits each side no more than the other does."""
        sides = (
            (self.channels, other.channels),
            (self.agents, other.agents),
            (self.classes, other.classes),
        )
        return all(mine is None or (theirs is not None and theirs <= mine) for mine, theirs in sides)

    def as_detail(self) -> dict[str, list[int] | list[str]]:
        """Return the scope as JSON has it, without the sides that it does not limit; `from_detail` reads it back."""
        sides: dict[str, list[int] | list[str] | None] = {
            "channels": None if self.channels is None else sorted(self.channels),
            "agents": None if self.agents is None else sorted(self.agents),
            "classes": None if self.classes is None else sorted(self.classes),
        }
        return {side: ids for side, ids in sides.items() if ids is not None}

    @classmethod
    def from_detail(cls, detail: Mapping[str, Any]) -> "Scope":
        return cls(**{side: frozenset(ids) for side, ids in detail.items()})

    def where(self, row: str) -> Where:
        """Return the condition on a row of objects, or on another with the same three columns."""
        where = Where()
        for column, kind, allowed in self._limits():
            # A text, because a search is remembered by its conditions, and a list cannot be.
            where &= Where(f"{row}.{column} = ANY(%s::{kind}[])", (f"{{{','.join(allowed)}}}",))
        return where

    def q(self, prefix: str = "") -> Q:
        """Return the same condition for Django's queries; `prefix` leads to the object, such as "object__"."""
        query = Q()
        for column, _kind, allowed in self._limits():
            query &= Q(**{f"{prefix}{column}__in": allowed})
        return query

    def _limits(self) -> Iterable[tuple[str, str, list[str]]]:
        for column, kind, allowed in (
            ("stream_id", "bigint", self.channels),
            ("agent_id", "bigint", self.agents),
            ("sensitivity", "text", self.classes),
        ):
            if allowed is not None:
                yield column, kind, sorted(map(str, allowed))


def _both(one: frozenset[Side] | None, other: frozenset[Side] | None) -> frozenset[Side] | None:
    return one if other is None else other if one is None else one & other


ALL = Scope()


@dataclass(frozen=True)
class Reach:
    """The objects that a person may use with one permission: those in any of its scopes."""

    scopes: frozenset[Scope] = field(default_factory=frozenset)
    # Where the person sees personal data of customers; None where that was not asked for a person.
    personal: frozenset[Scope] | None = field(default=None, compare=False)

    @property
    def is_everything(self) -> bool:
        return ALL in self.scopes

    @property
    def is_nothing(self) -> bool:
        return not self.scopes

    @property
    def hides_personal_data(self) -> bool:
        """Whether personal data are masked somewhere in reach. Then words do not find them anywhere in it."""
        return self.personal is not None and ALL not in self.personal and not self.scopes <= self.personal

    def includes(self, thing: Placed) -> bool:
        return any(scope.includes(thing) for scope in self.scopes)

    def shows_personal_data_of(self, thing: Placed) -> bool:
        """Whether personal data of this object's customer are shown."""
        return self.personal is None or any(scope.includes(thing) for scope in self.personal)

    def __and__(self, other: "Reach") -> "Reach":
        """Return the reach of what is in both: what two permissions together reach."""
        both = (mine & theirs for mine in self.scopes for theirs in other.scopes)
        return Reach(frozenset(scope for scope in both if not scope.is_empty))

    def among(self, *, channel: int | None = None, agent: int | None = None) -> "Reach":
        """Return the reach among the objects of one channel, of one agent or both, without what these decide."""
        scopes = (scope.among(channel=channel, agent=agent) for scope in self.scopes)
        return Reach(frozenset(scope for scope in scopes if scope is not None))

    def has_channel(self, stream_id: int) -> bool:
        """Whether these are all objects of a channel, so that figures about the whole channel may be shown."""
        return any(scope.covers(Scope(channels=frozenset({stream_id}))) for scope in self.scopes)

    def names_channel(self, stream_id: int) -> bool:
        """Whether there can be an object of this channel."""
        return any(scope.channels is None or stream_id in scope.channels for scope in self.scopes)

    def names_agent(self, agent_id: int) -> bool:
        """Whether there can be an object of this agent."""
        return any(scope.agents is None or agent_id in scope.agents for scope in self.scopes)

    def covers(self, other: "Reach") -> bool:
        """Whether each scope of the other is within one of these; what only several of these cover counts as not."""
        return all(any(scope.covers(theirs) for scope in self.scopes) for theirs in other.scopes)

    def as_detail(self) -> list[dict[str, list[int] | list[str]]]:
        """Return the scopes as JSON has them, always in the same order; `from_detail` reads them back."""
        return sorted((scope.as_detail() for scope in self.scopes), key=repr)

    @classmethod
    def from_detail(cls, details: Iterable[Mapping[str, Any]]) -> "Reach":
        return cls(frozenset(Scope.from_detail(detail) for detail in details))

    def where(self, row: str) -> Where:
        """Return the condition on a row of objects, or on another with the same three columns; empty for everything."""
        if self.is_everything:
            return Where()
        if self.is_nothing:
            return Where("false")
        conditions = sorted(
            (scope.where(row) for scope in self.scopes), key=lambda where: (where.sql, where.values)
        )
        values = [value for where in conditions for value in where.values]
        return Where(f"({' OR '.join(where.sql for where in conditions)})", tuple(values))

    def q(self, prefix: str = "") -> Q:
        """Return the same condition for Django's queries; `prefix` leads to the object, such as "object__"."""
        if self.is_everything:
            return Q()
        query = Q(pk__in=[])
        for scope in self.scopes:
            query |= scope.q(prefix)
        return query


EVERYTHING, NOTHING = Reach(frozenset({ALL})), Reach()
