"""Create, change and remove groups for an identity provider. Roles follow the members (group_roles.py)."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from scim2_models import InvalidValueException, UniquenessException

from auditportal.accounts.models import User
from auditportal.accounts.provisioning import resources
from auditportal.accounts.provisioning.group_roles import follow_groups, has_roles
from auditportal.accounts.provisioning.models import Group, GroupRole, Membership, Source
from recordings.audit import Actor, Kind, Target, record

MOST_MEMBERS = 1000
_LONGEST = 255


def people_of_provider() -> QuerySet[User]:
    """Return the people whom SCIM shows: not those it has removed, nor the accounts for emergencies."""
    return User.objects.filter(is_break_glass=False).exclude(provisioned__removed_at__isnull=False)


@transaction.atomic
def create_group(*, given: resources.Group, by: Actor) -> Group:
    """Create a group with its members. Raises InvalidValueException, UniquenessException and LastAdministrator."""
    name, external_id = _checked(given, None)
    group = Group.objects.create(source=Source.SCIM, name=name, external_id=external_id)
    record(Kind.GROUP_CREATED, by=by, target=target_of(group))
    set_members(group=group, users=_users(given), by=by)
    return group


@transaction.atomic
def update_group(*, group: Group, given: resources.Group, by: Actor) -> None:
    """Make a group what the identity provider says: name, own id, members. Raises what `create_group` raises."""
    name, external_id = _checked(given, group)
    changed = [
        field
        for field, value in (("name", name), ("external_id", external_id))
        if getattr(group, field) != value
    ]
    had_roles = has_roles(group.name)
    if changed:
        group.name, group.external_id = name, external_id
        group.save(update_fields=changed)
        record(Kind.GROUP_CHANGED, by=by, target=target_of(group), detail={"fields": changed})
    set_members(group=group, users=_users(given), by=by)
    # A group is matched by its name: under another name it has other roles.
    if "name" in changed and (had_roles or has_roles(name)):
        for user in User.objects.filter(memberships__group=group, memberships__until=None).order_by("pk"):
            follow_groups(user=user, by=by)


@transaction.atomic
def remove_group(*, group: Group, by: Actor) -> None:
    """End a group and its memberships. Raises LastAdministrator."""
    set_members(group=group, users=[], by=by)
    Group.objects.filter(pk=group.pk).update(removed_at=timezone.now())
    record(Kind.GROUP_REMOVED, by=by, target=target_of(group))


@transaction.atomic
def set_members(*, group: Group, users: Iterable[User], by: Actor) -> None:
    """Make these people the members of a group, and no others. Raises LastAdministrator."""
    wanted = {user.pk: user for user in users}
    current = {
        row.user_id: row.user
        for row in Membership.objects.filter(group=group, until=None).select_related("user")
    }
    joined = [wanted[pk] for pk in sorted(wanted.keys() - current.keys())]
    left = [current[pk] for pk in sorted(current.keys() - wanted.keys())]
    Membership.objects.bulk_create([Membership(group=group, user=user) for user in joined])
    Membership.objects.filter(group=group, until=None, user__in=left).update(until=timezone.now())
    for kind, users_changed in ((Kind.MEMBER_ADDED, joined), (Kind.MEMBER_REMOVED, left)):
        for user in users_changed:
            record(kind, by=by, target=Target.of(user), private={"group": group.name})
    if has_roles(group.name):
        for user in joined + left:
            follow_groups(user=user, by=by)


@transaction.atomic
def set_groups_of_sign_in(*, user: User, names: Iterable[str], by: Actor) -> None:
    """Make these the groups of a person's sign-in. Groups without a role are not kept. Raises LastAdministrator."""
    wanted = set(GroupRole.objects.filter(ended_at=None, group__in=names).values_list("group", flat=True))
    rows = Membership.objects.filter(user=user, until=None, group__source=Source.SIGN_ON).select_related(
        "group"
    )
    current = {row.group.name: row for row in rows}
    for name in sorted(wanted - current.keys()):
        group, _ = Group.objects.get_or_create(source=Source.SIGN_ON, name=name, removed_at=None)
        Membership.objects.create(user=user, group=group)
        record(Kind.MEMBER_ADDED, by=by, target=Target.of(user), private={"group": name})
    for name in sorted(current.keys() - wanted):
        Membership.objects.filter(pk=current[name].pk).update(until=timezone.now())
        record(Kind.MEMBER_REMOVED, by=by, target=Target.of(user), private={"group": name})
    # Also without a change: a role that somebody ended by hand comes back, as after a change through SCIM.
    follow_groups(user=user, by=by)


@transaction.atomic
def leave_all_groups(*, user: User, by: Actor) -> None:
    """End all memberships of a person, and the roles that follow from them. Raises LastAdministrator."""
    rows = list(Membership.objects.filter(user=user, until=None).select_related("group").order_by("pk"))
    Membership.objects.filter(pk__in=[row.pk for row in rows]).update(until=timezone.now())
    for row in rows:
        record(Kind.MEMBER_REMOVED, by=by, target=Target.of(user), private={"group": row.group.name})
    follow_groups(user=user, by=by)


def target_of(group: Group) -> Target:
    """Return the group as the target of an event."""
    return Target("group", f"group:{group.pk}", group.name)


def _checked(given: resources.Group, group: Group | None) -> tuple[str, str]:
    """Return name and external id of a group. Raises InvalidValueException, and UniquenessException for a taken one."""
    name, external_id = (given.display_name or "").strip(), given.external_id or ""
    if not name or max(len(name), len(external_id)) > _LONGEST or "\0" in name + external_id:
        raise InvalidValueException(detail=f"displayName and externalId have 1 to {_LONGEST} characters.")
    others = Group.objects.filter(source=Source.SCIM, removed_at=None)
    if group is not None:
        others = others.exclude(pk=group.pk)
    if others.filter(name=name).exists():
        raise UniquenessException(detail="There is a group with this displayName.")
    if external_id and others.filter(external_id=external_id).exists():
        raise UniquenessException(detail="There is a group with this externalId.")
    return name, external_id


def _users(given: resources.Group) -> list[User]:
    """Return the people of a group's members. Raises InvalidValueException for too many, and for somebody unknown."""
    ids = {member.value or "" for member in given.members or []}
    if len(ids) > MOST_MEMBERS:
        raise InvalidValueException(detail=f"A group has at most {MOST_MEMBERS:,} members.")
    pks = [pk for each in ids if (pk := resources.pk_of(each, "user")) is not None]
    users = list(people_of_provider().filter(pk__in=pks))
    if len(users) != len(ids):
        raise InvalidValueException(
            detail="A member is not a person of this portal. A group cannot be a member."
        )
    return users
