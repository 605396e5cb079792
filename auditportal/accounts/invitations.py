"""Invite people: a link that works once, with which a person chooses their password."""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from auditportal.accounts.models import Invitation, User
from recordings.audit import Actor, Kind, Outcome, Target, record, record_once

LIFE = timedelta(hours=72)


@transaction.atomic
def invite(*, user: User, by: Actor, created_by: User | None) -> str:
    """Make a link's token for a person, and replace earlier ones. The token is returned once and never stored."""
    token = secrets.token_urlsafe(32)
    user.invitations.filter(used_at=None, replaced_at=None).update(replaced_at=timezone.now())
    Invitation.objects.create(
        user=user, token_sha256=_hash(token), created_by=created_by, expires_at=timezone.now() + LIFE
    )
    record(Kind.PERSON_INVITED, by=by, target=Target.of(user))
    return token


def invitation_of(token: str) -> Invitation | None:
    """Return the invitation of a token that can still be used, by the database's clock."""
    return (
        Invitation.objects.filter(
            token_sha256=_hash(token),
            used_at=None,
            replaced_at=None,
            expires_at__gt=Now(),
            user__is_active=True,
        )
        .select_related("user")
        .first()
    )


@transaction.atomic
def use_invitation(*, token: str, password: str, by: Actor) -> User | None:
    """Set the person's password and use up the link. Return None when it cannot be used any more.

    Sessions that stand under the earlier password end: Django's session hash covers it.
    """
    invitation = invitation_of(token)
    if invitation is None:
        return None
    # Of two requests with one link, one finds it used.
    if not Invitation.objects.filter(pk=invitation.pk, used_at=None).update(used_at=timezone.now()):
        return None
    user = invitation.user
    user.set_password(password)
    user.save(update_fields=["password"])
    record(Kind.INVITATION_USED, by=by, target=Target.of(user), outcome=Outcome.GRANTED)
    return user


def record_useless(token: str, by: Actor) -> None:
    """Record, once a minute for each link, that somebody opened one that is used, expired, replaced or made up."""
    known = Invitation.objects.filter(token_sha256=_hash(token)).select_related("user").first()
    target = Target.of(known.user) if known else Target("page", "/accounts/invitation/")
    record_once(
        Kind.INVITATION_REFUSED,
        by=by,
        act={"link": _hash(token)[:16]},
        target=target,
        outcome=Outcome.DENIED,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
