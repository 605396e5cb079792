"""Codes of an authenticator app (TOTP, RFC 6238). Secrets rest encrypted; a code works once."""

import base64
import hmac
import os
from io import BytesIO

import qrcode
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import transaction
from qrcode.image.svg import SvgPathFillImage

from auditportal.accounts.models import User
from auditportal.accounts.sessions import database_time
from recordings.api_keys.encryption import CannotDecrypt, current_id, decrypt, encrypt

APP = Authenticator.Type.TOTP
ISSUER = "AuditPortal"
STEP_SECONDS, DIGITS = 30, 6
# A clock that is one step away is accepted.
_AROUND = 1


def new_secret() -> bytes:
    """Return 160 bits, as RFC 4226 recommends."""
    return os.urandom(20)


def as_text(secret: bytes) -> str:
    """Return the secret as people type it into an app: base32."""
    return base64.b32encode(secret).decode()


def address(user: User, secret: bytes) -> str:
    """Return the address that an app reads from the QR code."""
    return _totp(secret).get_provisioning_uri(user.username, ISSUER)


def qr_svg(text: str) -> str:
    """Return a QR code as an SVG element, black on white."""
    drawn = BytesIO()
    qrcode.make(text, image_factory=SvgPathFillImage, border=2).save(drawn)
    return drawn.getvalue().decode().partition("?>")[2].strip()


def step_of(secret: bytes, code: str) -> int | None:
    """Return the time step whose code this is, by the database's clock; None when it is none of the last minute's."""
    now = int(database_time() // STEP_SECONDS)
    for step in range(now - _AROUND, now + _AROUND + 1):
        if hmac.compare_digest(_totp(secret).generate(step * STEP_SECONDS), code.encode()):
            return step
    return None


def add(user: User, secret: bytes, step: int) -> Authenticator:
    """Store the secret, encrypted for this person. `step`: the one whose code proved it, which works no more."""
    return Authenticator.objects.create(
        user=user, type=APP, data={**seal(user.pk, secret), "last_step": step}
    )


@transaction.atomic
def use(row: Authenticator, code: str) -> bool:
    """Whether this is a code of the app that has not been used. A code, and those before it, work once."""
    row = Authenticator.objects.select_for_update().get(pk=row.pk)
    secret = unseal(row.user_id, row.data)
    step = step_of(secret, code) if secret else None
    if secret is None or step is None or step <= row.data.get("last_step", -1):
        return False
    if row.data["key_id"] != current_id(_purpose(row.user_id)):
        row.data |= seal(row.user_id, secret)
    row.data["last_step"] = step
    row.save(update_fields=["data"])
    row.record_usage()
    return True


def reencrypt() -> tuple[int, int]:
    """Encrypt every secret under the first key. Return how many were, and how many could not be decrypted."""
    done = lost = 0
    with transaction.atomic():
        for row in Authenticator.objects.select_for_update().filter(type=APP).order_by("pk"):
            if row.data["key_id"] == current_id(_purpose(row.user_id)):
                continue
            if (secret := unseal(row.user_id, row.data)) is None:
                lost += 1
                continue
            row.data |= seal(row.user_id, secret)
            row.save(update_fields=["data"])
            done += 1
    return done, lost


def seal(user_id: int, secret: bytes) -> dict[str, str]:
    """Return the encrypted secret and the id of its key, as a row or a session keeps them."""
    sealed, key_id = encrypt(as_text(secret), _purpose(user_id))
    return {"sealed": base64.b64encode(sealed).decode(), "key_id": key_id}


def unseal(user_id: int, held: dict[str, str]) -> bytes | None:
    """Return the secret; None when it was encrypted for somebody else, or under a key that is gone."""
    try:
        text = decrypt(base64.b64decode(held["sealed"]), held["key_id"], _purpose(user_id))
    except (CannotDecrypt, KeyError, ValueError):
        return None
    return base64.b32decode(text)


def _purpose(user_id: int) -> str:
    return f"totp-secret:{user_id}"


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303  (what every authenticator app supports, RFC 6238)
