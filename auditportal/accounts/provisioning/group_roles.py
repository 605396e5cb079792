"""Groups and their roles: one table, one rule, for SCIM and for single sign-on.

A person has the roles of the groups they are in. Such a role is a grant like any other, marked as provisioned; it ends
with the membership, or when the table no longer has it. Grants that people gave are never touched.
"""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from auditportal.accounts.actions import OwnAccount, end_grant, grant_role
from auditportal.accounts.models import Grant, User
from auditportal.accounts.provisioning.models import GroupRole, Membership, ProvisionedGrant
from recordings.audit import Actor, Kind, Target, record

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
    wanted = {
        row.role: row for row in GroupRole.objects.filter(ended_at=None, group__in=groups).order_by("-pk")
    }
    held = {
        grant.role: grant
        for grant in Grant.objects.filter(user=user, ended_at=None, provisioned__isnull=False)
    }
    for role in sorted(wanted.keys() - held.keys()):
        reason = JOINED % {"group": wanted[role].group}
        # A grant of this role that somebody gave stays the one that counts.
        if grant := grant_role(user=user, role=role, by=by, reason=reason[:300]):
            ProvisionedGrant.objects.create(grant=grant, group_role=wanted[role])
    for role in sorted(held.keys() - wanted.keys()):
        end_grant(grant=held[role], by=by, reason=LEFT)


@transaction.atomic
def add_group_role(*, group: str, role: str, by: Actor, added_by: User) -> bool:
    """Give all members of a group a role. Return False when they have it. Raises OwnAccount for one's own group."""
    row, is_new = GroupRole.objects.get_or_create(
        group=group, role=role, ended_at=None, defaults={"created_by": added_by}
    )
    if is_new:
        record(Kind.GROUP_ROLE_ADDED, by=by, target=_target(row), detail={"role": role})
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
        record(Kind.GROUP_ROLE_ENDED, by=by, target=_target(row), detail={"role": row.role}, note=reason)
        _follow(_members(row.group), by, ended_by)
    return bool(ended)


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
