"""Scopes of grants in words and in numbers: the names of what limits a grant, and how many recordings it reaches."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import connection
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from auditportal.accounts.models import HeldGrant, teams_of_agents
from auditportal.accounts.roles import ROLES
from recordings.db import Where, fetch_all
from recordings.models import Agent, Stream, Team
from recordings.models.sensitivity import Sensitivity
from recordings.reach import Level, Reach, Scope


class Limited(Protocol):
    """A row with the four dimensions of a scope."""

    channels: list[int]
    teams: list[int]
    agents: list[int]
    classes: list[str]


Limits = Mapping[str, Collection[Any]]
DIMENSIONS = {
    "channels": _("Channels"),
    "teams": _("Teams"),
    "agents": _("Agents"),
    "classes": _("Sensitivity"),
}
_ROWS: dict[str, Any] = {"channels": Stream, "teams": Team, "agents": Agent}
_MOST_NAMES = 6


@dataclass(frozen=True)
class Reached:
    """How much of the catalog a scope reaches now."""

    recordings: int
    channels: int

    @property
    def phrases(self) -> list[str]:
        """Say the numbers: "reaches 1,240 recordings now", "3 channels"."""
        recordings = ngettext(
            "reaches %(number)s recording now", "reaches %(number)s recordings now", self.recordings
        )
        channels = ngettext("%(number)s channel", "%(number)s channels", self.channels)
        return [
            recordings % {"number": f"{self.recordings:,}"},
            channels % {"number": f"{self.channels:,}"},
        ]


def reached(scope: Scope) -> Reached:
    """Count the recordings in a scope."""
    where = Where("d.has_recording") & Reach(frozenset({scope})).where("d")
    statement = f"SELECT count(*), count(DISTINCT stream_id) FROM recordings_searchdoc d {where.clause()}"  # noqa: S608 (our own words; values are parameters)
    (row,) = fetch_all(connection, statement, where.values)
    return Reached(*row)


def reaches_any(scope: Scope) -> bool:
    """Return whether a scope reaches a recording now."""
    where = Where("d.has_recording") & Reach(frozenset({scope})).where("d")
    statement = f"SELECT EXISTS (SELECT FROM recordings_searchdoc d {where.clause()})"  # noqa: S608 (as above)
    return bool(fetch_all(connection, statement, where.values)[0][0])


def scope_of(limits: Limits) -> Scope:
    """Return where a grant with these limits holds. Teams stand for their agents of today."""
    sides = {dimension: frozenset(limits.get(dimension, ())) for dimension in DIMENSIONS}
    return HeldGrant(ROLES["compliance_officer"], Level.MANAGE, **sides).scope(
        teams_of_agents(sides["teams"])
    )


def limits_of(grant: Limited) -> dict[str, list[Any]]:
    """Return the dimensions that limit a grant, or a role of a group, each with its ids."""
    return {dimension: ids for dimension in DIMENSIONS if (ids := getattr(grant, dimension))}


def choices(dimension: str) -> list[tuple[Any, str]]:
    """Return all that a grant can be limited to in a dimension, by name."""
    if dimension == "classes":
        return [(item.value, str(item.label)) for item in Sensitivity]
    rows = _ROWS[dimension].objects.values_list("pk", "name")
    return sorted(((pk, _named(dimension, pk, name)) for pk, name in rows), key=lambda row: row[1].casefold())


class Names:
    """Names of everything that some grants are limited to, read with one statement a dimension."""

    def __init__(self, limits: Iterable[Limits]) -> None:
        wanted: dict[str, set[Any]] = {dimension: set() for dimension in DIMENSIONS}
        for limit in limits:
            for dimension, ids in limit.items():
                wanted[dimension].update(ids)
        self._known: dict[str, dict[Any, str]] = {
            dimension: dict(model.objects.filter(pk__in=wanted[dimension]).values_list("pk", "name"))
            for dimension, model in _ROWS.items()
            if wanted[dimension]
        }

    def of(self, dimension: str, ids: Iterable[Any]) -> list[str]:
        """Return the names of some ids; the number of one without a name."""
        if dimension == "classes":
            return [str(Sensitivity(code).label) if code in Sensitivity else code for code in ids]
        known = self._known.get(dimension, {})
        return sorted((_named(dimension, pk, known.get(pk, "")) for pk in ids), key=str.casefold)

    def phrases(self, limits: Limits) -> list[str]:
        """Say what limits a grant, a phrase a dimension: "Channels: Retail, Claims"; one phrase when nothing does."""
        phrases = [
            gettext("%(dimension)s: %(names)s") % {"dimension": label, "names": _listed(names)}
            for dimension, label in DIMENSIONS.items()
            if (names := self.of(dimension, limits.get(dimension, ())))
        ]
        return phrases or [gettext("all recordings")]


def names_by_dimension(limits: Limits, names: Names | None = None) -> dict[str, str]:
    """Return the names of a scope as an event keeps them: personal values, because agents are people.

    `names`: those of several scopes, read at once.
    """
    names = names or Names([limits])
    return {
        f"{dimension}_names": _listed(names.of(dimension, ids), most=100)
        for dimension, ids in limits.items()
        if dimension in _ROWS
    }


def _named(dimension: str, pk: Any, name: str) -> str:
    if name:
        return name
    number = {"number": pk}
    if dimension == "channels":
        return gettext("channel %(number)s") % number
    return (
        gettext("team %(number)s") % number if dimension == "teams" else gettext("agent %(number)s") % number
    )


def _listed(names: list[str], most: int = _MOST_NAMES) -> str:
    if len(names) <= most:
        return ", ".join(names)
    rest = len(names) - most
    return ngettext("%(names)s and %(number)s more", "%(names)s and %(number)s more", rest) % {
        "names": ", ".join(names[:most]),
        "number": rest,
    }
