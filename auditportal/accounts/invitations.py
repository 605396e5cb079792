"""Invite people: a link that works once, with which a person chooses their password."""

import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from auditportal.accounts import mail, scopes
from auditportal.accounts.actions import UserNameTaken, check_mail_is_free, check_role, grant_detail
from auditportal.accounts.factors.enrolment import open_for
from auditportal.accounts.models import Grant, Invitation, User
from recordings.audit import (
    Actor,
    Entry,
    Kind,
    Outcome,
    Target,
    record,
    record_all,
    record_committed,
    record_once,
)
from recordings.exceptions import PortalError
from recordings.reach import Level
from recordings.worded import Worded

LIFE = timedelta(hours=72)
# As long as an administrator waits for the mails of an import. Links that are not mailed by then are shown.
MAIL_SECONDS = 20.0


@dataclass(frozen=True)
class NewPerson:
    """Who is invited, with their first role."""

    full_name: str
    username: str
    email: str
    language: str
    role: str
    starts_at: datetime | None
    until: datetime | None
    reason: str
    level: Level = Level.MANAGE
    # Dimensions of the scope with their ids; those without ids are not limited.
    limits: scopes.Limits = field(default_factory=dict)


class Over(Worded):
    """Why a link cannot be used."""

    heading: str | Promise
    sentence: str | Promise

    USED = (
        "used",
        _("This link has been used"),
        _("A password was chosen with it. It works once. If that was not you, tell an administrator now."),
    )
    EXPIRED = "expired", _("This link has expired"), _("A link works for 72 hours.")
    REPLACED = "replaced", _("This link was replaced"), _("An administrator made a newer one. Use that.")
    INACTIVE = "inactive", _("This account is inactive"), _("An administrator deactivated it.")
    UNKNOWN = "unknown_link", _("There is no such link"), _("It may be incomplete: copy the whole line.")
    OTHER_PERSON = (
        "other_person",
        _("This link is for another person"),
        _(
            "You are signed in with another account. If the link is for you, sign out and open it again. "
            "Otherwise delete it."
        ),
    )


class LinkOver(Exception):
    """A link cannot be used."""

    def __init__(self, why: Over) -> None:
        super().__init__(why.value)
        self.why = why


@transaction.atomic
def invite_people(people: Sequence[NewPerson], *, by: Actor, invited_by: User) -> list[tuple[User, str]]:
    """Create accounts, each with its first role, and return them with the tokens of their links. All or none.

    Raises UserNameTaken, MailTaken, UnknownRole, RoleNeedsEnd or RoleWithoutScope.
    """
    for person in people:
        check_role(person.role, person.until, person.level, person.limits)
    check_mail_is_free(*(person.email for person in people))
    now = timezone.now()
    try:
        with transaction.atomic():
            users = User.objects.bulk_create(_account(person) for person in people)
    except IntegrityError:
        raise UserNameTaken from None
    grants = [
        Grant(
            user=user,
            role=person.role,
            granted_by=invited_by,
            starts_at=person.starts_at or now,
            until=person.until,
            reason=person.reason,
            level=person.level,
            **{dimension: sorted(set(ids)) for dimension, ids in person.limits.items()},
        )
        for user, person in zip(users, people, strict=True)
    ]
    Grant.objects.bulk_create(grants)
    made = [(user, secrets.token_urlsafe(32)) for user in users]
    Invitation.objects.bulk_create(_link(user, token, invited_by) for user, token in made)
    names = scopes.Names(scopes.limits_of(grant) for grant in grants)
    entries = []
    for grant, person in zip(grants, people, strict=True):
        target, detail = Target.of(grant.user), grant_detail(grant, person.starts_at)
        entries += [
            Entry(Kind.PERSON_INVITED, target),
            Entry(
                Kind.ROLE_GRANTED,
                target,
                detail,
                note=person.reason,
                private=scopes.names_by_dimension(scopes.limits_of(grant), names),
            ),
        ]
    record_all(entries, by=by)
    return made


class SignsInElsewhere(PortalError):
    """A person who signs in through the identity provider has no password here."""

    status = 409
    sentence = _("This person signs in through single sign-on and has no password here. Nothing was changed.")


@transaction.atomic
def invite(*, user: User, by: Actor, created_by: User | None, reason: str = "") -> str:
    """Make a link's token for a person, and replace earlier ones. The token is returned once and never stored.

    Raises SignsInElsewhere.
    """
    if getattr(user, "identity", None) and user.identity.subject:
        raise SignsInElsewhere
    token = secrets.token_urlsafe(32)
    user.invitations.filter(used_at=None, replaced_at=None).update(replaced_at=timezone.now())
    _link(user, token, created_by).save()
    record(Kind.PERSON_INVITED, by=by, target=Target.of(user), note=reason)
    return token


def _account(person: NewPerson) -> User:
    user = User(
        username=User.normalize_username(person.username),
        full_name=person.full_name,
        email=person.email,
        language=person.language,
    )
    user.set_unusable_password()
    return user


def _link(user: User, token: str, created_by: User | None) -> Invitation:
    """Make a row that is not saved yet. It expires by the database's clock, which checks it."""
    return Invitation(user=user, token_sha256=_hash(token), created_by=created_by, expires_at=Now() + LIFE)


def mail_links(
    made: Sequence[tuple[User, str]], *, by: Actor, seconds: float = MAIL_SECONDS
) -> dict[int, mail.Problem | None]:
    """Mail links to many people through one connection, as long as there is time and the server takes them.

    Return the outcome for each person who was tried; None for a mail that was sent.
    """
    outcomes: dict[int, mail.Problem | None] = {}
    end = time.monotonic() + seconds
    with mail.connection() as server:
        for user, token in made:
            if not user.email:
                continue
            outcomes[user.pk] = mail_link(user=user, token=token, by=by, through=server)
            # What the server says of one recipient says nothing of the others.
            if outcomes[user.pk] not in (None, mail.Problem.RECIPIENT) or time.monotonic() > end:
                break
    return outcomes


def mail_link(
    *, user: User, token: str, by: Actor, through: BaseEmailBackend | None = None
) -> mail.Problem | None:
    """Mail a link to its person in their language, and record the outcome. Return why it could not be sent."""
    url = settings.PUBLIC_URL.rstrip("/") + reverse("invitation", args=[token])
    problem = None
    try:
        is_new = not user.has_usable_password()
        context = {"person": user, "url": url, "is_new": is_new}
        mail.send("invitation", to=user.email, language=user.language, through=through, **context)
    except mail.NotSent as error:
        problem = error.problem
    record_committed(
        Kind.INVITATION_MAILED,
        by=by,
        target=Target.of(user),
        outcome=Outcome.ERROR if problem else Outcome.COMPLETED,
        detail={"reason": problem.value} if problem else {},
    )
    return problem


def usable(token: str, opened_by: User | None = None) -> Invitation:
    """Return the invitation of a token, by the database's clock. Raises LinkOver.

    `opened_by`: the person who is signed in where the link was opened.
    """
    found = (
        Invitation.objects.filter(token_sha256=_hash(token))
        .annotate(has_expired=Q(expires_at__lte=Now()))
        .select_related("user")
        .first()
    )
    if found is None:
        raise LinkOver(Over.UNKNOWN)
    if found.used_at:
        raise LinkOver(Over.USED)
    if found.replaced_at:
        raise LinkOver(Over.REPLACED)
    if not found.user.is_active:
        raise LinkOver(Over.INACTIVE)
    if found.has_expired:
        raise LinkOver(Over.EXPIRED)
    if opened_by is not None and opened_by.pk != found.user.pk:
        raise LinkOver(Over.OTHER_PERSON)
    return found


@transaction.atomic
def use_for_single_sign_on(*, token: str) -> User:
    """Use up the link of a person who signs in through single sign-on, and return them. Raises LinkOver."""
    invitation = usable(token)
    if not hasattr(invitation.user, "identity"):
        raise LinkOver(Over.UNKNOWN)
    if not Invitation.objects.filter(pk=invitation.pk, used_at=None).update(used_at=timezone.now()):
        raise LinkOver(Over.USED)
    return invitation.user


@transaction.atomic
def use_invitation(*, token: str, password: str, by: Actor) -> User:
    """Set the person's password and use up the link. Raises LinkOver and SignsInElsewhere.

    Sessions that stand under the earlier password end: Django's session hash covers it.
    """
    invitation = usable(token)
    if hasattr(invitation.user, "identity"):
        raise SignsInElsewhere
    # Of two requests with one link, one finds it used.
    if not Invitation.objects.filter(pk=invitation.pk, used_at=None).update(used_at=timezone.now()):
        raise LinkOver(Over.USED)
    user = invitation.user
    user.set_password(password)
    user.save(update_fields=["password"])
    open_for(user)
    record(Kind.INVITATION_USED, by=by, target=Target.of(user), outcome=Outcome.GRANTED)
    return user


def record_useless(token: str, why: Over, by: Actor) -> None:
    """Record, once a minute for each link, that somebody opened one that cannot be used."""
    known = Invitation.objects.filter(token_sha256=_hash(token)).select_related("user").first()
    target = Target.of(known.user) if known else Target("page", "/accounts/invitation/")
    record_once(
        Kind.INVITATION_REFUSED,
        by=by,
        act={"link": _hash(token)[:16], "reason": why.value},
        target=target,
        outcome=Outcome.DENIED,
        detail={"reason": why.value},
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
