"""Bearer tokens of identity providers: made by an administrator, shown once, stored as a hash."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from auditportal.accounts.models import User
from auditportal.accounts.provisioning.models import Token
from recordings.audit import Actor, Kind, Target, client_address, record

LONGEST_LIFE = timedelta(days=366)
_PREFIX = "scim_"
# The time of last use is written at most this often.
_USE_GRAIN = timedelta(minutes=1)


@transaction.atomic
def make_token(*, name: str, scope: str, expires_at: datetime, by: Actor, created_by: User) -> str:
    """Make a token, and return it: the only time that it can be read."""
    token = _PREFIX + secrets.token_urlsafe(32)
    row = Token.objects.create(
        name=name, scope=scope, token_sha256=_hash(token), expires_at=expires_at, created_by=created_by
    )
    detail = {"scope": scope, "expires_at": expires_at.isoformat()}
    record(Kind.PROVISIONING_ALLOWED, by=by, target=target_of(row), detail=detail)
    return token


@transaction.atomic
def revoke_token(*, row: Token, by: Actor, revoked_by: User, reason: str) -> bool:
    """Make a token useless with the next request. Return False when it was revoked before."""
    revoked = Token.objects.filter(pk=row.pk, revoked_at=None).update(
        revoked_at=timezone.now(), revoked_by=revoked_by
    )
    if revoked:
        record(Kind.PROVISIONING_REVOKED, by=by, target=target_of(row), note=reason)
    return bool(revoked)


def token_of(request: HttpRequest) -> Token | None:
    """Return the usable token that a request bears, None without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.startswith(_PREFIX):
        return None
    return Token.objects.usable().filter(token_sha256=_hash(token.strip())).first()


def note_use(row: Token) -> None:
    """Write when a token was last used, at most once a minute."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - _USE_GRAIN)
    Token.objects.filter(stale, pk=row.pk).update(last_used_at=now)


def actor_of(row: Token, request: HttpRequest) -> Actor:
    """Return the actor of what a token's holder does."""
    return Actor(
        ref=f"token:{row.pk}",
        kind="token",
        name=row.name,
        authn="bearer token",
        address=client_address(request),
        user_agent=request.headers.get("User-Agent", "")[:300],
    )


def target_of(row: Token) -> Target:
    """Return the token as the target of an event."""
    return Target("token", f"token:{row.pk}", row.name)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
