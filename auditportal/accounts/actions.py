"""Change people and their roles. Each change and its event are one transaction."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy

from auditportal.accounts.models import Grant, User
from auditportal.accounts.roles import ROLES
from recordings.audit import Actor, Kind, Target, record
from recordings.exceptions import PortalError
from recordings.playback.watching import end_viewings_of_person
from recordings.reach import Level

ADMINISTRATOR = "administrator"


class UnknownRole(ValueError):
    """The portal has no such role."""

    def __init__(self, code: str) -> None:
        super().__init__(f"There is no role {code!r}; there are {', '.join(ROLES)}.")


class RoleWithoutScope(PortalError):
    """A limit was asked for a role that manages the portal."""

    status = 422
    sentence = gettext_lazy("The role of an administrator cannot be limited. Nothing was changed.")


class LastAdministrator(PortalError):
    """Nobody could manage people any more."""

    status = 409
    sentence = gettext_lazy(
        "This is the last administrator. Make somebody else an administrator first. Nothing was changed."
    )


class OwnAccount(PortalError):
    """An administrator would change their own rights."""

    status = 409
    sentence = gettext_lazy("Another administrator changes your own account. Nothing was changed.")


class AlreadyDone(PortalError):
    """Somebody else has done it meanwhile."""

    status = 409
    sentence = gettext_lazy("Somebody else has just done this. Nothing was changed. Load the page again.")


@transaction.atomic
def grant_role(
    *,
    user: User,
    role: str,
    by: Actor,
    granted_by: User | None = None,
    starts_at: datetime | None = None,
    until: datetime | None = None,
    reason: str = "",
    level: Level = Level.MANAGE,
    channels: Collection[int] = (),
    teams: Collection[int] = (),
    agents: Collection[int] = (),
    classes: Collection[str] = (),
) -> bool:
    """Give a person a role, at once or from `starts_at` on, for good or `until` a moment.

    Without ids of channels, teams, agents or classes, the role reaches all of them. Return False when the person has
    the same grant already. Raises UnknownRole, or RoleWithoutScope for a role that is about no recording.
    """
    if role not in ROLES:
        raise UnknownRole(role)
    scope = {
        "channels": sorted(set(channels)),
        "teams": sorted(set(teams)),
        "agents": sorted(set(agents)),
        "classes": sorted(set(classes)),
    }
    limited = {name: ids for name, ids in scope.items() if ids}
    if role == ADMINISTRATOR and (limited or level != Level.MANAGE):
        raise RoleWithoutScope
    # A grant that has run out makes room for another.
    user.grants.filter(role=role, ended_at=None, until__lte=Now()).update(ended_at=F("until"))
    _, is_new = Grant.objects.get_or_create(
        user=user,
        role=role,
        level=level,
        **scope,
        ended_at=None,
        defaults={
            "granted_by": granted_by,
            "starts_at": starts_at or timezone.now(),
            "until": until,
            "reason": reason,
        },
    )
    if is_new:
        times = {"starts_at": starts_at, "until": until}
        detail: dict[str, Any] = {"role": role, "level": level, **limited}
        detail |= {name: at.isoformat() for name, at in times.items() if at is not None}
        record(Kind.ROLE_GRANTED, by=by, target=Target.of(user), detail=detail, note=reason)
    return is_new


@transaction.atomic
def revoke_role(*, user: User, role: str, by: Actor, ended_by: User | None = None, reason: str = "") -> bool:
    """End a person's role with their next request. Return False when it had ended. Raises LastAdministrator."""
    if role == ADMINISTRATOR:
        _check_another_administrator(user)
    ended = Grant.objects.filter(user=user, role=role, ended_at=None).update(
        ended_at=timezone.now(), ended_by=ended_by, end_reason=reason
    )
    if ended:
        record(Kind.ROLE_REVOKED, by=by, target=Target.of(user), detail={"role": role}, note=reason)
    return bool(ended)


@transaction.atomic
def change_person(*, user: User, full_name: str, email: str, by: Actor) -> bool:
    """Change a person's name and mail address. Return False when nothing differs."""
    changed = [
        name for name, value in (("full_name", full_name), ("email", email)) if getattr(user, name) != value
    ]
    if changed:
        # The event names the fields; their values are personal and stay out of it.
        record(Kind.PERSON_CHANGED, by=by, target=Target.of(user), detail={"fields": changed})
        user.full_name, user.email = full_name, email
        user.save(update_fields=changed)
    return bool(changed)


@transaction.atomic
def deactivate(*, user: User, by: Actor, reason: str) -> None:
    """Close a person's account: sessions and viewings end, roles stay as they are.

    Raises LastAdministrator, or AlreadyDone when the account is inactive.
    """
    _check_another_administrator(user)
    # The epoch ends every session for good: none comes back when the account is reactivated.
    changed = User.objects.filter(pk=user.pk, is_active=True).update(
        is_active=False, session_epoch=F("session_epoch") + 1
    )
    if not changed:
        raise AlreadyDone
    end_viewings_of_person(viewer=user, by=by)
    record(Kind.PERSON_DEACTIVATED, by=by, target=Target.of(user), note=reason)


@transaction.atomic
def reactivate(*, user: User, by: Actor, reason: str) -> None:
    """Open a person's account again, with the roles they still have. Raises AlreadyDone when it is active."""
    if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        raise AlreadyDone
    record(Kind.PERSON_REACTIVATED, by=by, target=Target.of(user), note=reason)


def _check_another_administrator(user: User) -> None:
    """Raise LastAdministrator when nobody else is an active administrator for good.

    The grants of all administrators stay locked until the transaction ends: of two administrators who remove each
    other at once, one is refused.
    """
    grants = Grant.objects.filter(role=ADMINISTRATOR, ended_at=None)
    list(grants.select_for_update().order_by("pk"))
    # A statement of its own: it sees what the one that was waited for has committed.
    active = grants.current().filter(user__is_active=True)
    # A grant with an end is no replacement: it would leave nobody when it runs out.
    if active.filter(user=user).exists() and not active.filter(until=None).exclude(user=user).exists():
        raise LastAdministrator
