"""People and the roles they were granted. Roles live in code (roles.py); a grant is a row, kept after it ends."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext

from auditportal.accounts.access_models import (
    AccessRequest,
    AccountClosure,
    Recertification,
    RecertifiedGrant,
)
from auditportal.accounts.roles import ROLES, Role
from auditportal.accounts.sign_in_rows import BreakGlassUse, EnrolmentWindow, FactorReset, PersonSession
from recordings.models import Agent
from recordings.permissions import Permission
from recordings.reach import LEVEL_OF, Level, Reach, Scope

__all__ = [
    "AccessRequest",
    "AccountClosure",
    "AgentLink",
    "BreakGlassUse",
    "EnrolmentWindow",
    "FactorReset",
    "Grant",
    "Invitation",
    "PersonSession",
    "Recertification",
    "RecertifiedGrant",
    "User",
]


@dataclass(frozen=True)
class HeldGrant:
    """A grant in force: a role, how much it allows, and where. A dimension without ids is not limited."""

    role: Role
    level: Level
    channels: frozenset[int]
    teams: frozenset[int]
    agents: frozenset[int]
    classes: frozenset[str]

    def scope(self, teams_of_agents: Mapping[int, int]) -> Scope:
        """Return where it holds. Teams stand for their agents of today, who are among `teams_of_agents`."""
        agents = self.agents or None
        if self.teams:
            members = frozenset(agent for agent, team in teams_of_agents.items() if team in self.teams)
            agents = members if agents is None else agents & members
        return Scope(self.channels or None, agents, self.classes or None)

    @classmethod
    def of(cls, rows: Iterable[Sequence[Any]]) -> "tuple[HeldGrant, ...]":
        """Read rows of the columns in HELD; a role that the portal no longer has carries nothing."""
        return tuple(
            cls(ROLES[role], Level(level), *map(frozenset, scope))
            for role, level, *scope in rows
            if role in ROLES
        )


def teams_of_agents(teams: Iterable[int]) -> dict[int, int]:
    """Return the team of each agent of these teams."""
    wanted = set(teams)
    return dict(Agent.objects.filter(team__in=wanted).values_list("pk", "team")) if wanted else {}


HELD = ("role", "level", "channels", "teams", "agents", "classes")


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """Create a person who can sign in; without a password the account has none that works."""
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def with_grants(self, user_id: int) -> "User | None":
        """Return a person with the grants held now, None when there is none: one statement, run for every request."""
        user = next(iter(self.raw(_with_grants(), [user_id])), None)
        if user is not None:
            user.held_grants = HeldGrant.of(map(json.loads, user.held))  # type: ignore[attr-defined]
        return user

    def holding(self, permission: Permission) -> "models.QuerySet[User]":
        """Return the active people of whom a grant in force has a role with this permission."""
        roles = [role.code for role in ROLES.values() if permission in role.permissions]
        return self.filter(
            is_active=True, pk__in=Grant.objects.current().filter(role__in=roles).values("user")
        )

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username__iexact=username)


class User(AbstractBaseUser):
    """A person who signs in. What they may do comes from their current grants only."""

    username = models.CharField(max_length=80, unique=True)
    full_name = models.CharField(max_length=160)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now)
    # Empty: as the browser says.
    language = models.CharField(max_length=12, blank=True, default="", db_default="")
    time_zone = models.CharField(max_length=64, blank=True, default="", db_default="")
    # Raised to end every session of this person for good.
    session_epoch = models.PositiveIntegerField(default=0, db_default=0)
    # An account for emergencies. Each sign-in with it is an alarm.
    is_break_glass = models.BooleanField(default=False, db_default=False)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["full_name"]
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("username"), name="user_username_any_case")]

    def __str__(self) -> str:
        return self.username

    @property
    def display_name(self) -> str:
        """The full name; the username of somebody without one."""
        return self.full_name or self.username

    @cached_property
    def held_grants(self) -> tuple[HeldGrant, ...]:
        """The grants in force now."""
        return HeldGrant.of(self.grants.current().values_list(*HELD))

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles held now, in the order of `ROLES`."""
        held = {grant.role for grant in self.held_grants}
        return tuple(role for role in ROLES.values() if role in held)

    def has_permission(self, permission: Permission) -> bool:
        """Whether a grant held now carries this permission, wherever that is; never for an inactive account."""
        return any(self._carrying(permission))

    def reach(self, permission: Permission) -> Reach:
        """Return the objects that the grants held now allow for this permission."""
        return Reach(self._scopes(permission), self._scopes(Permission.SEE_PERSONAL_DATA))

    def _scopes(self, permission: Permission) -> frozenset[Scope]:
        return frozenset(self.scope_of(grant) for grant in self._carrying(permission))

    def _carrying(self, permission: Permission) -> Iterable[HeldGrant]:
        needed = LEVEL_OF.get(permission, Level.LIST)
        return (
            grant
            for grant in (self.held_grants if self.is_active else ())
            if permission in grant.role.permissions and grant.level.includes(needed)
        )

    def scope_of(self, grant: HeldGrant) -> Scope:
        """Return where one of this person's grants holds."""
        scope = grant.scope(self._teams_of_agents)
        if not grant.role.is_of_own_calls:
            return scope
        own = frozenset(filter(None, [self.linked_agent_id]))
        return replace(scope, agents=own if scope.agents is None else own & scope.agents)

    @cached_property
    def linked_agent_id(self) -> int | None:
        """The CommBox agent that the account is linked to now."""
        links = self.agent_links.filter(ended_at=None)
        return links.values_list("agent_id", flat=True).first()

    @cached_property
    def own_agent_ids(self) -> frozenset[int]:
        """All agents that the account is or was linked to: their calls stay this person's own."""
        return frozenset(self.agent_links.values_list("agent_id", flat=True))

    def supervises(self, agent_id: int | None) -> bool:
        """Whether a grant held now, of a role that signs for agents, names this agent or their team."""
        team = self._teams_of_agents.get(agent_id or 0)
        return any(
            agent_id in grant.agents or team in grant.teams
            for grant in self.held_grants
            if Permission.SIGN_FOR_AGENTS in grant.role.permissions
        )

    @cached_property
    def _teams_of_agents(self) -> dict[int, int]:
        """The team of each agent in a team that a grant names."""
        return teams_of_agents(team for grant in self.held_grants for team in grant.teams)

    @property
    def role_codes(self) -> str:
        return "+".join(role.code for role in self.roles)

    @property
    def role_label(self) -> str:
        return ", ".join(str(role.label) for role in self.roles) or gettext("No role")

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """Django's hash over the password, and over the epoch: a session of an earlier epoch is over."""
        if not self.session_epoch:
            return super()._get_session_auth_hash(secret=secret)  # type: ignore[misc,no-any-return]
        salt = "auditportal.accounts.models.User.session"
        value = f"{self.session_epoch}:{self.password}"
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()

    @property
    def is_staff(self) -> bool:
        """Django's own admin is not installed; nobody is its staff."""
        return False


class GrantQuerySet(models.QuerySet["Grant"]):
    def current(self) -> Self:
        """Return the grants in force now, by the database's clock."""
        return self.filter(ended_at=None, starts_at__lte=Now()).filter(
            models.Q(until=None) | models.Q(until__gt=Now())
        )


class Grant(models.Model):
    """A role given to a person: by whom, why, from when and until when. It is ended, never deleted."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=40)
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    granted_at = models.DateTimeField(default=timezone.now)
    starts_at = models.DateTimeField(default=timezone.now, db_default=Now())
    until = models.DateTimeField(null=True)
    # How much, and where. A list without ids does not limit. Lists are sorted, so that equal scopes are equal rows.
    level = models.CharField(max_length=10, default=Level.MANAGE, db_default=Level.MANAGE.value)
    channels = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    teams = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    agents = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    classes = ArrayField(models.CharField(max_length=16), default=list, db_default=[])
    reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=300, blank=True, default="", db_default="")

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", *HELD], condition=models.Q(ended_at=None), name="grant_once_at_a_time"
            )
        ]


@cache
def _with_grants() -> str:
    """Compose the statement for a person and the grants held now, once: composing takes longer than running it."""
    held = Grant.objects.current().filter(user=models.OuterRef("pk"))
    columns = models.Func(*HELD, function="jsonb_build_array", output_field=models.JSONField())
    facts = held.values_list(columns)
    person = User.objects.filter(pk=0).annotate(held=ArraySubquery(facts))
    statement, values = person.query.sql_with_params()
    assert values == (0,)  # noqa: S101 (the id is the one value)
    return statement


class Invitation(models.Model):
    """A link with which a person chooses a password. It works once, for 72 hours, until a newer one replaces it."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="invitations")
    # Only a hash: whoever reads the database cannot use the link.
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    replaced_at = models.DateTimeField(null=True)


class AgentLink(models.Model):
    """An account and the CommBox agent that this person is, from a moment on; one to one at a time."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="agent_links")
    # No foreign key constraint: agents are a copy of CommBox.
    agent = models.ForeignKey(Agent, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False)
    linked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    linked_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=300)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(ended_at=None), name="agent_link_once_a_user"
            ),
            models.UniqueConstraint(
                fields=["agent"], condition=models.Q(ended_at=None), name="agent_link_once_an_agent"
            ),
        ]
