"""Change people and their roles. Each change and its event are one transaction."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy

from auditportal.accounts import scopes
from auditportal.accounts.models import AccountClosure, Grant, User
from auditportal.accounts.roles import ROLES
from recordings.audit import Actor, Kind, Target, record
from recordings.audit.event import Detail
from recordings.exceptions import PortalError
from recordings.playback.watching import end_viewings_of_person
from recordings.reach import Level

ADMINISTRATOR = "administrator"
# A unique constraint would refuse the upgrade of an installation where two people share an address.
_MAIL_LOCK = "SELECT pg_advisory_xact_lock(hashtext('auditportal.accounts.mail'))"


class UnknownRole(ValueError):
    """The portal has no such role."""

    def __init__(self, code: str) -> None:
        super().__init__(f"There is no role {code!r}; there are {', '.join(ROLES)}.")


class RoleWithoutScope(PortalError):
    """A limit was asked for a role that manages the portal."""

    status = 422
    sentence = gettext_lazy("The role of an administrator cannot be limited. Nothing was changed.")


class RoleNeedsEnd(PortalError):
    """A role that is granted for a period only would be granted for good."""

    status = 422
    sentence = gettext_lazy("This role is granted until a day. Nothing was changed.")


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


class UserNameTaken(PortalError):
    """Two people cannot have the same user name."""

    status = 409
    sentence = gettext_lazy("Somebody has this user name. Nothing was changed.")


class MailTaken(PortalError):
    """Two active people cannot have the same mail address."""

    status = 409
    sentence = gettext_lazy("Another active person has this mail address. Nothing was changed.")


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
) -> Grant | None:
    """Give a person a role, at once or from `starts_at` on, for good or `until` a moment.

    Without ids of channels, teams, agents or classes, the role reaches all of them. Return the grant, None when the
    person has the same one already. Raises UnknownRole, RoleNeedsEnd, or RoleWithoutScope for a role that is about
    no recording.
    """
    given: dict[str, Collection[Any]] = {
        "channels": channels,
        "teams": teams,
        "agents": agents,
        "classes": classes,
    }
    scope = {dimension: sorted(set(ids)) for dimension, ids in given.items()}
    check_role(role, until, level, scope)
    # A grant that has run out makes room for another.
    user.grants.filter(role=role, ended_at=None, until__lte=Now()).update(ended_at=F("until"))
    grant, is_new = Grant.objects.get_or_create(
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
        record(
            Kind.ROLE_GRANTED,
            by=by,
            target=Target.of(user),
            detail=grant_detail(grant, starts_at),
            private=scopes.names_by_dimension(scopes.limits_of(grant)),
            note=reason,
        )
    return grant if is_new else None


def check_role(role: str, until: datetime | None, level: Level, limits: scopes.Limits) -> None:
    """Raise UnknownRole, RoleNeedsEnd for a role that is granted until a day only, or RoleWithoutScope."""
    if role not in ROLES:
        raise UnknownRole(role)
    if ROLES[role].needs_end and until is None:
        raise RoleNeedsEnd
    if role == ADMINISTRATOR and (any(limits.values()) or level != Level.MANAGE):
        raise RoleWithoutScope


def grant_detail(grant: Grant, starts_at: datetime | None) -> Detail:
    """Return what the event of a grant says: role, level, scope, and its first and last moment if chosen."""
    times = {"starts_at": starts_at, "until": grant.until}
    chosen = {name: at.isoformat() for name, at in times.items() if at is not None}
    return {"grant": grant.pk, "role": grant.role, "level": grant.level, **scopes.limits_of(grant), **chosen}


@transaction.atomic
def end_grant(*, grant: Grant, by: Actor, ended_by: User | None = None, reason: str = "") -> None:
    """End a grant with its holder's next request. Raises LastAdministrator, or AlreadyDone when it has ended."""
    if grant.role == ADMINISTRATOR:
        _check_another_administrator(grant.user)
    ended = Grant.objects.filter(pk=grant.pk, ended_at=None).update(
        ended_at=timezone.now(), ended_by=ended_by, end_reason=reason
    )
    if not ended:
        raise AlreadyDone
    limits = scopes.limits_of(grant)
    record(
        Kind.ROLE_REVOKED,
        by=by,
        target=Target.of(grant.user),
        detail={"grant": grant.pk, "role": grant.role, "level": grant.level, **limits},
        private=scopes.names_by_dimension(limits),
        note=reason,
    )


@transaction.atomic
def change_person(*, user: User, full_name: str, email: str, by: Actor) -> bool:
    """Change a person's name and mail address from those that `user` has. Return False when nothing differs.

    Raises MailTaken, or AlreadyDone when somebody else has changed them meanwhile.
    """
    new = {"full_name": full_name, "email": email}
    old = {name: getattr(user, name) for name in new}
    changed = [name for name in new if new[name] != old[name]]
    if not changed:
        return False
    if "email" in changed and user.is_active:
        check_mail_is_free(email, besides=user)
    if not User.objects.filter(pk=user.pk, **old).update(**new):
        raise AlreadyDone
    about = {f"old_{name}": old[name] for name in changed} | {f"new_{name}": new[name] for name in changed}
    record(Kind.PERSON_CHANGED, by=by, target=Target.of(user), detail={"fields": changed}, about=about)
    return True


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
    AccountClosure.objects.create(user=user)
    end_viewings_of_person(viewer=user, by=by)
    record(Kind.PERSON_DEACTIVATED, by=by, target=Target.of(user), note=reason)


@transaction.atomic
def reactivate(*, user: User, by: Actor, reason: str) -> None:
    """Open a person's account again, with the roles they still have.

    Raises MailTaken, or AlreadyDone when the account is active.
    """
    check_mail_is_free(user.email, besides=user)
    if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        raise AlreadyDone
    user.closures.filter(reopened_at=None).update(reopened_at=timezone.now())
    record(Kind.PERSON_REACTIVATED, by=by, target=Target.of(user), note=reason)


def is_mail_taken(*emails: str, besides: User | None = None) -> bool:
    """Whether another active person has one of these mail addresses, in whatever case."""
    lower = [email.lower() for email in emails if email]
    if not lower:
        return False
    others = User.objects.alias(lower=Lower("email")).filter(is_active=True, lower__in=lower)
    return (others.exclude(pk=besides.pk) if besides else others).exists()


def check_mail_is_free(*emails: str, besides: User | None = None) -> None:
    """Raise MailTaken when another active person has one of these; nobody takes them until the transaction ends."""
    if not any(emails):
        return
    with connection.cursor() as cursor:
        cursor.execute(_MAIL_LOCK)
    if is_mail_taken(*emails, besides=besides):
        raise MailTaken


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
