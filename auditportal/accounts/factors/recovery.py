"""Recovery codes: shown once, stored as Argon2id hashes, each works once (ASVS 6.5.1, 6.5.2)."""

import re
import secrets

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from auditportal.accounts.models import User

CODES = Authenticator.Type.RECOVERY_CODES
NUMBER, LENGTH = 10, 10
# Without letters that are read as digits (Crockford's base32); 50 bits.
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


@transaction.atomic
def make(user: User) -> list[str]:
    """Make new codes in place of the earlier ones, and return them. Nobody can show them again."""
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(LENGTH)) for _ in range(NUMBER)]
    User.objects.select_for_update().get(pk=user.pk)  # one set at a time
    Authenticator.objects.filter(user=user, type=CODES).delete()
    Authenticator.objects.create(
        user=user, type=CODES, data={"hashes": [make_password(code) for code in codes]}
    )
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def looks_like_one(text: str) -> bool:
    """Whether this can be a recovery code: checking one takes as long as ten passwords."""
    return len(_plain(text)) == LENGTH


@transaction.atomic
def use(row: Authenticator, text: str) -> bool:
    """Whether this is an unused recovery code of these; it does not work again."""
    row = Authenticator.objects.select_for_update().get(pk=row.pk)
    code = _plain(text)
    for hashed in row.data["hashes"]:
        if check_password(code, hashed):
            row.data["hashes"] = [other for other in row.data["hashes"] if other != hashed]
            row.save(update_fields=["data"])
            row.record_usage()
            return True
    return False


def _plain(text: str) -> str:
    return re.sub(r"[\s-]", "", text).lower()
