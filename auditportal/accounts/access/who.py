"""Who could see a recording, by which grant: now, or at some moment of an earlier day.

Grants, closed accounts, teams and sensitivity classes are dated rows, so an earlier day is answered like today.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Prefetch
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from auditportal.accounts.access_models import AccountClosure
from auditportal.accounts.models import AgentLink, Grant, User
from auditportal.accounts.roles import ROLES, Role
from recordings.permissions import Permission
from recordings.reach import LEVEL_OF, Level

# What somebody can do with a recording, in the order of the levels.
ACTS: dict[Permission, Promise] = {
    Permission.SEARCH_OBJECTS: _("find it"),
    Permission.OPEN_OBJECTS: _("open it"),
    Permission.PLAY_RECORDINGS: _("play it"),
    Permission.DOWNLOAD_RECORDINGS: _("download it"),
    Permission.READ_TRAIL: _("read its audit trail"),
    Permission.EXPORT_REPORTS: _("export its audit trail"),
    Permission.READ_OWN_CALLS: _("see who watched it"),
}


class Period(NamedTuple):
    """From `since` until `until`, which is excluded. None is open."""

    since: datetime | None
    until: datetime | None

    def both(self, other: "Period") -> "Period":
        """Return the time that two periods share; it may be empty."""
        since = max((at for at in (self.since, other.since) if at is not None), default=None)
        until = min((at for at in (self.until, other.until) if at is not None), default=None)
        return Period(since, until)

    @property
    def is_empty(self) -> bool:
        return self.since is not None and self.until is not None and self.since >= self.until


ALWAYS = Period(None, None)


@dataclass(frozen=True)
class Placement:
    """Channel, agent, team and sensitivity class of an object during a period."""

    stream_id: int
    agent_id: int | None
    team_id: int | None
    sensitivity: str
    period: Period = ALWAYS


@dataclass(frozen=True)
class Access:
    """A person, a grant through which they could see the recording, and what it let them do."""

    user: User
    grant: Grant
    role: Role
    acts: tuple[Promise, ...]

    @property
    def level_label(self) -> str:
        return str(Level(self.grant.level).label)


def access_to(placements: Sequence[Placement], since: datetime, until: datetime) -> list[Access]:
    """Return who could do something with an object at some moment of a period, in the order of their names."""
    grants = Grant.objects.filter(starts_at__lt=until)
    grants = grants.exclude(ended_at__lte=since).exclude(until__lte=since)
    closed = Prefetch("user__closures", AccountClosure.objects.order_by("closed_at"), to_attr="closed_times")
    links = Prefetch("user__agent_links", AgentLink.objects.all(), to_attr="all_links")
    rows = grants.select_related("user", "granted_by").prefetch_related(closed, links)
    return list(_accesses(rows.order_by("user__full_name", "pk"), placements, Period(since, until)))


def _accesses(grants: Iterable[Grant], placements: Sequence[Placement], period: Period) -> Iterator[Access]:
    for grant in grants:
        role = ROLES.get(grant.role)
        acts = acts_of(role, Level(grant.level)) if role else ()
        if role is None or not acts:
            continue
        ends = min((at for at in (grant.ended_at, grant.until) if at is not None), default=None)
        in_force = Period(grant.starts_at, ends).both(period)
        reached = [in_force.both(place.period) for place in placements if covers(grant, place)]
        if role.is_of_own_calls:
            reached = [shared.both(own) for shared in reached for own in _own_calls(grant.user, placements)]
        if any(was_open(grant.user, shared) for shared in reached):
            yield Access(grant.user, grant, role, acts)


def acts_of(role: Role, level: Level) -> tuple[Promise, ...]:
    """Return what a grant of a role at a level lets its holder do with a recording in its scope."""
    return tuple(
        words
        for permission, words in ACTS.items()
        if permission in role.permissions and level.includes(LEVEL_OF.get(permission, Level.LIST))
    )


def covers(grant: Grant, place: Placement) -> bool:
    """Whether the scope of a grant includes an object: a dimension without ids is not limited."""
    return all(
        not allowed or value in allowed
        for allowed, value in (
            (grant.channels, place.stream_id),
            (grant.teams, place.team_id),
            (grant.agents, place.agent_id),
            (grant.classes, place.sensitivity),
        )
    )


def _own_calls(user: User, placements: Sequence[Placement]) -> Iterator[Period]:
    """Yield when the object was a call of the agent to whom the account was linked."""
    for link in user.all_links:  # type: ignore[attr-defined]
        for place in placements:
            if place.agent_id == link.agent_id:
                yield Period(link.linked_at, link.ended_at).both(place.period)


def was_open(user: User, period: Period) -> bool:
    """Whether the account was active at some moment of the period."""
    for closure in user.closed_times:  # type: ignore[attr-defined]
        if period.is_empty:
            return False
        if period.since is None or closure.closed_at > period.since:
            before = period.both(Period(None, closure.closed_at))
            if not before.is_empty:
                return True
        period = period.both(Period(closure.reopened_at or period.until, None))
    return not period.is_empty
