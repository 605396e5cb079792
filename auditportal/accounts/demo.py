"""The people of the demo: user name, full name, role; and the secrets of their authenticator apps."""

import hashlib
import hmac

PEOPLE = (
    ("noa.levi", "Noa Levi", "compliance_officer"),
    ("tom.brandt", "Tom Brandt", "qa_manager"),
    ("eva.lang", "Eva Lang", "external_auditor"),
    ("sam.ortiz", "Sam Ortiz", "administrator"),
)


def app_secret(key: str, username: str) -> bytes:
    """Return the secret of a person's authenticator app: 160 bits, made from the demo's key."""
    return hmac.new(key.encode(), username.encode(), hashlib.sha256).digest()[:20]
