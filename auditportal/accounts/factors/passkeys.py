"""Passkeys (WebAuthn): their registration, and the proof that somebody holds one.

A passkey is discoverable and verifies its user (PIN, finger, face), so that it works as the only step too. The origin
is compared exactly: a page of another name or port gets nothing (ASVS 6.3.3).
"""

import contextlib
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from auditportal.accounts.models import User

PASSKEY = Authenticator.Type.WEBAUTHN
LONGEST_NAME = 60
CHALLENGE_SECONDS = 300
_CHALLENGE = "passkey_challenge"


class NotProven(Exception):
    """The browser's answer does not prove that this person holds this passkey."""


def registration_options(request: HttpRequest, user: User) -> dict[str, Any]:
    """Return what `navigator.credentials.create()` takes. The session keeps the challenge."""
    entity = PublicKeyCredentialUserEntity(
        id=str(user.pk).encode(), name=user.username, display_name=user.display_name
    )
    options, state = _server(request).register_begin(
        entity,
        _credentials(user),
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return _kept(request, options, state)


def register(request: HttpRequest, user: User, name: str, answer: Any) -> Authenticator:
    """Store the passkey that the browser made, and return it. Raises NotProven."""
    state = _taken(request)
    try:
        RegistrationResponse.from_dict(answer)
        data = _server(request).register_complete(state, answer)
    except _MALFORMED as error:
        raise NotProven(str(error)) from error
    held = {"name": name[:LONGEST_NAME], "credential": answer, "sign_count": data.counter}
    return Authenticator.objects.create(user=user, type=PASSKEY, data=held)


def request_options(request: HttpRequest, user: User | None = None) -> dict[str, Any]:
    """Return what `navigator.credentials.get()` takes: for a person's passkeys, or for any of this portal."""
    options, state = _server(request).authenticate_begin(
        _credentials(user) if user else None, user_verification=UserVerificationRequirement.REQUIRED
    )
    return _kept(request, options, state)


def proven(request: HttpRequest, answer: Any, user: User | None = None) -> Authenticator:
    """Return the passkey that the answer proves, of this person or of the one that it names. Raises NotProven."""
    state = _taken(request)
    try:
        given = AuthenticationResponse.from_dict(answer)
        handle = int(given.response.user_handle or b"0")
        owner = user or User.objects.filter(pk=handle).first()
        if owner is None or handle not in (0, owner.pk):
            raise NotProven("the passkey is somebody else's")
        held = _server(request).authenticate_complete(state, _credentials(owner), answer)
    except _MALFORMED as error:
        raise NotProven(str(error)) from error
    return _used(owner, held.credential_id, given.response.authenticator_data.counter)


# What parsing a text of the browser's may raise.
_MALFORMED = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError)


@transaction.atomic
def _used(owner: User, credential_id: bytes, counter: int) -> Authenticator:
    for row in Authenticator.objects.select_for_update().filter(user=owner, type=PASSKEY).order_by("pk"):
        if _credential(row).credential_id != credential_id:
            continue
        # A counter that does not grow is a copy of the key. Passkeys that are shared between devices have none.
        known = row.data.get("sign_count", 0)
        if known and counter <= known:
            raise NotProven("the passkey's counter did not grow")
        row.data["sign_count"] = counter
        row.save(update_fields=["data"])
        row.record_usage()
        return row
    raise NotProven("the passkey was removed")


def origin(request: HttpRequest) -> str:
    """Return the only origin from which passkeys are accepted: that of PUBLIC_URL, else the request's own."""
    given = urlsplit(settings.PUBLIC_URL or request.build_absolute_uri("/"))
    return f"{given.scheme}://{given.netloc}"


def _server(request: HttpRequest) -> Fido2Server:
    ours = origin(request)
    entity = PublicKeyCredentialRpEntity(id=urlsplit(ours).hostname or "", name="AuditPortal")
    return Fido2Server(entity, verify_origin=lambda theirs: theirs == ours)


def _credentials(user: User) -> list[AttestedCredentialData]:
    return [_credential(row) for row in Authenticator.objects.filter(user=user, type=PASSKEY)]


def _credential(row: Authenticator) -> AttestedCredentialData:
    credential = RegistrationResponse.from_dict(row.data["credential"])
    data: AttestedCredentialData | None = credential.response.attestation_object.auth_data.credential_data
    assert data is not None  # noqa: S101  (a registration without one was refused)
    return data


def _kept(request: Any, options: Any, state: Any) -> dict[str, Any]:
    request.session[_CHALLENGE] = {
        "challenge": state["challenge"],
        "user_verification": str(UserVerificationRequirement.REQUIRED.value),
        "at": request.session.now(),
    }
    return dict(options)


def _taken(request: Any) -> Any:
    """Take the challenge out of the session: it is answered once, within five minutes. Raises NotProven."""
    with contextlib.suppress(KeyError, TypeError):
        state = request.session.pop(_CHALLENGE)
        if request.session.now() - state["at"] <= CHALLENGE_SECONDS:
            return state
    raise NotProven("there is no challenge to answer")
