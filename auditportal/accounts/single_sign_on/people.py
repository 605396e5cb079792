"""Whose account an identity opens: linked by a link, by the provider's own id in SCIM, or made by a group."""

import hashlib
import re
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy

from auditportal.accounts import actions, invitations
from auditportal.accounts.models import User
from auditportal.accounts.provisioning.group_roles import has_roles
from auditportal.accounts.provisioning.groups import set_groups_of_sign_in
from auditportal.accounts.provisioning.models import Person
from auditportal.accounts.single_sign_on.models import Identity
from auditportal.accounts.single_sign_on.refusals import Reason, Refused
from recordings.audit import Actor, Kind, Outcome, Target, record
from recordings.exceptions import PortalError

PORTAL = Actor.system("single_sign_on")
_NOT_IN_A_USER_NAME = re.compile(r"[^a-z0-9._@+-]+")


class NotSetUp(PortalError):
    """No identity provider is configured: nobody could sign in through it."""

    status = 409
    sentence = gettext_lazy("Single sign-on is not set up: OIDC_ISSUER is needed. Nothing was changed.")


class ForEmergencies(PortalError):
    """A break-glass account works without the identity provider."""

    status = 409
    sentence = gettext_lazy("This account is for emergencies and keeps its password. Nothing was changed.")


@transaction.atomic
def use_single_sign_on(*, user: User, by: Actor, created_by: User, reason: str) -> str:
    """Have a person sign in through the identity provider from now on, and return the token of their link.

    Their password is removed, an earlier identity unlinked, and their sessions end. Raises NotSetUp and
    ForEmergencies.
    """
    if not settings.OIDC_ISSUER:
        raise NotSetUp
    if user.is_break_glass:
        raise ForEmergencies
    _set_identity(user, issuer="", subject="", linked_at=None, created_by=created_by)
    _remove_password(user)
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    record(Kind.SINGLE_SIGN_ON_REQUIRED, by=by, target=Target.of(user), note=reason)
    return invitations.invite(user=user, by=by, created_by=created_by, reason=reason)


@transaction.atomic
def person_of(claims: dict[str, Any], *, invitation: str, by: Actor) -> User:
    """Return the person of an identity that is not linked yet, and link it.

    A mail address links nobody. Raises Refused.
    """
    if invitation:
        return _by_invitation(claims, invitation, by)
    return _by_external_id(claims, by) or _by_group(claims, by)


def follow_sign_in(user: User, claims: dict[str, Any]) -> None:
    """Make the person's groups those that the provider names now; only groups that have a role are kept.

    When that would leave nobody to administer the portal, the groups stay as they are, and the trail says so.
    """
    # Microsoft Entra ID leaves the groups of a person with very many out, and says where to ask for them.
    if not settings.OIDC_GROUPS_CLAIM or "_claim_names" in claims:
        return
    try:
        set_groups_of_sign_in(user=user, names=_groups(claims), by=PORTAL)
    except actions.LastAdministrator as error:
        record(
            Kind.PROVISIONING_REFUSED,
            by=PORTAL,
            target=Target.of(user),
            outcome=Outcome.DENIED,
            detail={"reason": str(error)},
        )


def has_second_factor(claims: dict[str, Any]) -> bool:
    """Return whether the token says that a second factor was used, in a way that the settings trust."""
    methods = claims.get("amr")
    said = [claims.get("acr"), *(methods if isinstance(methods, list) else [])]
    return any(each in settings.OIDC_SECOND_FACTOR for each in said)


def _by_invitation(claims: dict[str, Any], token: str, by: Actor) -> User:
    try:
        user = invitations.use_for_single_sign_on(token=token)
    except invitations.LinkOver:
        raise Refused(Reason.LINK) from None
    if not Identity.objects.filter(user=user, subject="").exists():
        raise Refused(Reason.LINK)
    _link(user, claims, by)
    return user


def _by_external_id(claims: dict[str, Any], by: Actor) -> User | None:
    """Return the person whom SCIM made with this id. A person with a password is nobody's by an id."""
    external_id = claims.get(settings.OIDC_PERSON_CLAIM)
    if not isinstance(external_id, str) or not external_id:
        return None
    known = Person.objects.filter(external_id=external_id, removed_at=None).select_related("user").first()
    if (
        known is None
        or known.user.has_usable_password()
        or Identity.objects.filter(user=known.user).exclude(subject="").exists()
    ):
        return None
    _link(known.user, claims, by)
    return known.user


def _by_group(claims: dict[str, Any], by: Actor) -> User:
    """Create an account for a member of a group that has a role. Raises Refused."""
    if not settings.OIDC_GROUPS_CLAIM or not any(map(has_roles, _groups(claims))):
        raise Refused(Reason.UNKNOWN_PERSON)
    username = _free_user_name(claims)
    email = str(claims.get("email", "")) if claims.get("email_verified") is True else ""
    if len(email) > 254 or actions.is_mail_taken(email):
        email = ""
    name = claims.get("name")
    user = User.objects.create_user(
        username, full_name=name[:160] if isinstance(name, str) else "", email=email
    )
    record(Kind.PERSON_CREATED, by=PORTAL, target=Target.of(user))
    _link(user, claims, by)
    return user


def _link(user: User, claims: dict[str, Any], by: Actor) -> None:
    _set_identity(user, issuer=claims["iss"], subject=claims["sub"], linked_at=timezone.now())
    _remove_password(user)
    record(Kind.IDENTITY_LINKED, by=by, target=Target.of(user), private={"subject": claims["sub"]})


def _set_identity(user: User, **values: Any) -> None:
    if not Identity.objects.filter(user=user).update(**values):
        Identity.objects.create(user=user, **values)


def _remove_password(user: User) -> None:
    user.set_unusable_password()
    user.save(update_fields=["password"])


def _groups(claims: dict[str, Any]) -> set[str]:
    found = claims.get(settings.OIDC_GROUPS_CLAIM)
    return {each for each in found if isinstance(each, str)} if isinstance(found, list) else set()


def _free_user_name(claims: dict[str, Any]) -> str:
    """Return the name that the provider suggests, unless somebody has it: then one made of the subject."""
    suggested = claims.get("preferred_username")
    name = _NOT_IN_A_USER_NAME.sub("-", str(suggested or "").lower()).strip("-._@+")[:80]
    if name and not User.objects.filter(username__iexact=name).exists():
        return name
    return f"sso-{hashlib.sha256(claims['sub'].encode()).hexdigest()[:16]}"
