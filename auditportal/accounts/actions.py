"""Changes to people and their roles; each is an event in the same transaction."""

from django.db import transaction
from django.utils import timezone

from auditportal.accounts.models import Grant, User
from auditportal.accounts.roles import ROLES
from recordings.audit import Actor, Kind, Target, record


class UnknownRole(ValueError):
    """The role is not one of the house's."""

    def __init__(self, code: str) -> None:
        super().__init__(f"There is no role {code!r}; there are {', '.join(ROLES)}.")


@transaction.atomic
def grant_role(*, user: User, role: str, by: Actor, granted_by: User | None = None) -> bool:
    """Give a person a role; True when it was not held already. Raises UnknownRole."""
    if role not in ROLES:
        raise UnknownRole(role)
    _, created = Grant.objects.get_or_create(
        user=user, role=role, ended_at=None, defaults={"granted_by": granted_by}
    )
    if created:
        record(Kind.ROLE_GRANTED, by=by, target=Target.of(user), detail={"role": role})
    return created


@transaction.atomic
def revoke_role(*, user: User, role: str, by: Actor, ended_by: User | None = None) -> bool:
    """End a person's role; True when it was held. It takes effect with their next request."""
    ended = Grant.objects.filter(user=user, role=role, ended_at=None).update(
        ended_at=timezone.now(), ended_by=ended_by
    )
    if ended:
        record(Kind.ROLE_REVOKED, by=by, target=Target.of(user), detail={"role": role})
    return bool(ended)
