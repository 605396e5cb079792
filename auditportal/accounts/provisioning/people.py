"""Create, change and remove people for an identity provider. Each change and its event are one transaction."""

import re

from django.db import transaction
from django.utils import timezone
from scim2_models import InvalidValueException, UniquenessException

from auditportal.accounts import actions
from auditportal.accounts.models import User
from auditportal.accounts.provisioning import resources
from auditportal.accounts.provisioning.groups import leave_all_groups
from auditportal.accounts.provisioning.models import Person
from recordings.audit import Actor, Kind, Target, record

REASON = "Changed by the identity provider"
_USER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,79}\Z")
_LONGEST_NAME, _LONGEST_MAIL, _LONGEST_ID = 160, 254, 255


@transaction.atomic
def create_person(*, given: resources.User, by: Actor) -> User:
    """Create a person without a password; a person who was removed before comes back with their old account.

    Raises InvalidValueException, UniquenessException and MailTaken.
    """
    username, full_name, email = given.user_name or "", given.display_name or "", _mail(given)
    if not _USER_NAME.match(username):
        raise InvalidValueException(
            detail="A userName has 1 to 80 letters, digits, dots, hyphens, underscores, plus signs and @."
        )
    user = User.objects.select_for_update(no_key=True).filter(username__iexact=username).first()
    if user is None:
        _check_lengths(given)
        if given.active:
            actions.check_mail_is_free(email)
        user = User.objects.create_user(
            username, full_name=full_name, email=email, is_active=bool(given.active)
        )
        record(Kind.PERSON_CREATED, by=by, target=Target.of(user))
        _know(user, given.external_id or "")
        return user
    if not Person.objects.filter(user=user).exclude(removed_at=None).exists():
        raise UniquenessException(detail="Somebody has this userName.")
    _know(user, given.external_id or "")
    update_person(user=user, given=given, by=by)
    return user


@transaction.atomic
def update_person(*, user: User, given: resources.User, by: Actor) -> None:
    """Make a person what the identity provider says: name, mail address, own id, active or not.

    Raises LastAdministrator, InvalidValueException, UniquenessException and MailTaken.
    """
    _check_lengths(given)
    actions.change_person(user=user, full_name=given.display_name or "", email=_mail(given), by=by)
    known = Person.objects.filter(user=user).first()
    if (known.external_id if known else "") != (given.external_id or ""):
        _know(user, given.external_id or "")
        record(Kind.PERSON_CHANGED, by=by, target=Target.of(user), detail={"fields": ["external_id"]})
    if user.is_active and not given.active:
        actions.deactivate(user=user, by=by, reason=REASON)
    elif given.active and not user.is_active:
        actions.reactivate(user=user, by=by, reason=REASON)


@transaction.atomic
def remove_person(*, user: User, by: Actor) -> None:
    """Close a person's account and end their groups; SCIM no longer shows them. The portal keeps the row.

    Raises LastAdministrator.
    """
    leave_all_groups(user=user, by=by)
    if user.is_active:
        actions.deactivate(user=user, by=by, reason=REASON)
    Person.objects.update_or_create(user=user, defaults={"removed_at": timezone.now()})
    record(Kind.PERSON_REMOVED, by=by, target=Target.of(user))


def _know(user: User, external_id: str) -> None:
    """Store the provider's own id of a person. Raises UniquenessException when somebody else has it."""
    others = Person.objects.filter(external_id=external_id, removed_at=None).exclude(user=user)
    if external_id and others.exists():
        raise UniquenessException(detail="Somebody has this externalId.")
    Person.objects.update_or_create(user=user, defaults={"external_id": external_id, "removed_at": None})


def _mail(given: resources.User) -> str:
    return str(given.emails[0].value or "") if given.emails else ""


def _check_lengths(given: resources.User) -> None:
    for name, value, longest in (
        ("displayName", given.display_name, _LONGEST_NAME),
        ("emails.value", _mail(given), _LONGEST_MAIL),
        ("externalId", given.external_id, _LONGEST_ID),
    ):
        if len(value or "") > longest or "\0" in (value or ""):
            raise InvalidValueException(detail=f"{name} has at most {longest} characters.")
