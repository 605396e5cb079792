"""Recovery codes: shown once, stored as Argon2id hashes, each works once (ASVS 6.5.1, 6.5.2)."""

import re
import secrets

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from auditportal.accounts.models import User

CODES = Authenticator.Type.RECOVERY_CODES
# The first two letters only say which hash is meant, so that one is computed; the other ten are 50 bits.
NUMBER, LENGTH, INDEX = 10, 12, 2
# Without letters that are read as digits (Crockford's base32).
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


def new() -> tuple[dict[str, str], list[str]]:
    """Make codes: their hashes to be stored, and the codes to be shown once.

    Not in a transaction: hashing takes longer than the database waits for its next statement.
    """
    codes: dict[str, str] = {}
    while len(codes) < NUMBER:
        code = "".join(secrets.choice(_LETTERS) for _ in range(LENGTH))
        codes[code[:INDEX]] = code
    hashes = {index: make_password(code) for index, code in codes.items()}
    return hashes, ["-".join(re.findall("....", code)) for code in codes.values()]


@transaction.atomic
def replace(user: User, hashes: dict[str, str]) -> None:
    """Store new codes in place of the earlier ones."""
    User.objects.select_for_update().get(pk=user.pk)  # one set at a time
    Authenticator.objects.filter(user=user, type=CODES).delete()
    Authenticator.objects.create(user=user, type=CODES, data={"hashes": hashes})


def looks_like_one(text: str) -> bool:
    """Whether this can be a recovery code."""
    return len(_plain(text)) == LENGTH


def use(row: Authenticator, text: str) -> bool:
    """Whether this is an unused recovery code of these; it does not work again."""
    code = _plain(text)
    index = code[:INDEX]
    hashed = row.data["hashes"].get(index, "")
    if not hashed or not check_password(code, hashed):
        return False
    with transaction.atomic():
        # Of two requests with one code, one finds it used.
        row = Authenticator.objects.select_for_update().get(pk=row.pk)
        if row.data["hashes"].pop(index, "") != hashed:
            return False
        row.save(update_fields=["data"])
        row.record_usage()
    return True


def _plain(text: str) -> str:
    return re.sub(r"[\s-]", "", text).lower()
