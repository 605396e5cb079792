"""Groups and their roles: one table, one rule, for SCIM and for single sign-on.

A person has the roles of the groups they are in. Such a role is a grant like any other, marked as provisioned; it ends
with the membership, or when the table no longer has it. Grants that people gave are never touched.
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from auditportal.accounts.actions import OwnAccount, check_role, end_grant, grant_role
from auditportal.accounts.models import HELD, Grant, User
from auditportal.accounts.provisioning.models import GroupRole, Membership, ProvisionedGrant
from auditportal.accounts.scopes import DIMENSIONS, Limits, limits_of, names_by_dimension
from recordings.audit import Actor, Kind, Target, record
from recordings.reach import Level

# Stored with the grant, as a reason that a person writes is.
JOINED = "Member of the group “%(group)s”"
LEFT = "No longer in a group with this role"


def has_roles(group: str) -> bool:
    """Whether the table has a role for a group of this name."""
    return GroupRole.objects.filter(group=group, ended_at=None).exists()


@transaction.atomic
def follow_groups(*, user: User, by: Actor) -> None:
    """Make a person's provisioned grants those of their groups. Raises LastAdministrator."""
    # Two requests about one person at once follow one after the other.
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)
    groups = Membership.objects.filter(user=user, until=None).values("group__name")
    rows = GroupRole.objects.filter(ended_at=None, group__in=groups).order_by("-pk")
    # Of the same role with the same level and scope in two groups, the older one gives it.
    wanted = {_held(row): row for row in rows}
    grants = Grant.objects.filter(user=user, ended_at=None, provisioned__isnull=False)
    held = {_held(grant): grant for grant in grants}
    for key in sorted(wanted.keys() - held.keys()):
        row = wanted[key]
        grant = grant_role(
            user=user,
            role=row.role,
            by=by,
            reason=(JOINED % {"group": row.group})[:300],
            level=Level(row.level),
            channels=row.channels,
            teams=row.teams,
            agents=row.agents,
            classes=row.classes,
        )
        # A grant like it that somebody gave stays the one that counts.
        if grant:
            ProvisionedGrant.objects.create(grant=grant, group_role=row)
    for key in sorted(held.keys() - wanted.keys()):
        end_grant(grant=held[key], by=by, reason=LEFT)


@transaction.atomic
def add_group_role(
    *,
    group: str,
    role: str,
    by: Actor,
    added_by: User,
    level: Level = Level.MANAGE,
    limits: Limits | None = None,
) -> bool:
    """Give all members of a group a role. Return False when they have it with this level and scope.

    Raises OwnAccount for one's own group, and RoleWithoutScope.
    """
    check_role(role, None, level, limits or {})
    scope = {dimension: sorted(set((limits or {}).get(dimension, ()))) for dimension in DIMENSIONS}
    row, is_new = GroupRole.objects.get_or_create(
        group=group, role=role, level=level, **scope, ended_at=None, defaults={"created_by": added_by}
    )
    if is_new:
        record(
            Kind.GROUP_ROLE_ADDED,
            by=by,
            target=_target(row),
            detail={"role": role, "level": row.level, **limits_of(row)},
            private=names_by_dimension(limits_of(row)),
        )
        _follow(_members(group), by, added_by)
    return is_new


@transaction.atomic
def end_group_role(*, row: GroupRole, by: Actor, ended_by: User, reason: str) -> bool:
    """Take a role from all members of a group. Return False when it had ended.

    Raises OwnAccount for one's own group, and LastAdministrator.
    """
    ended = GroupRole.objects.filter(pk=row.pk, ended_at=None).update(
        ended_at=timezone.now(), ended_by=ended_by
    )
    if ended:
        record(
            Kind.GROUP_ROLE_ENDED,
            by=by,
            target=_target(row),
            detail={"role": row.role, "level": row.level, **limits_of(row)},
            private=names_by_dimension(limits_of(row)),
            note=reason,
        )
        _follow(_members(row.group), by, ended_by)
    return bool(ended)


def _held(row: Grant | GroupRole) -> tuple[Any, ...]:
    """Return role, level and scope of a row: grants that are equal in them are the same."""
    values = (getattr(row, column) for column in HELD)
    return tuple(tuple(value) if isinstance(value, list) else str(value) for value in values)


def _members(group: str) -> Iterable[User]:
    return (
        User.objects.filter(memberships__group__name=group, memberships__until=None).distinct().order_by("pk")
    )


def _follow(users: Iterable[User], by: Actor, acting: User) -> None:
    for user in users:
        if user.pk == acting.pk:
            raise OwnAccount
        follow_groups(user=user, by=by)


def _target(row: GroupRole) -> Target:
    return Target("group", f"group_role:{row.pk}", row.group)
