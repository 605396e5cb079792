"""Check an ID token (OpenID Connect Core 3.1.3.7, RFC 8725). allauth leaves signature and nonce out."""

import hmac
import time
from typing import Any

import jwt
from django.conf import settings

from auditportal.accounts.single_sign_on import discovery
from auditportal.accounts.single_sign_on.refusals import Reason, Refused

ALGORITHMS = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}
LEEWAY_SECONDS, OLDEST_SECONDS = 60, 600
# A token that brings a key along, or says where one is, must not choose its key. Unknown extensions must be refused.
_FORBIDDEN = frozenset({"jku", "jwk", "x5u", "x5c", "crit"})
_REQUIRED = ["iss", "sub", "aud", "exp", "iat", "nonce"]


def checked_claims(token: str, *, nonce: str) -> dict[str, Any]:
    """Return the claims of an ID token that the configured issuer signed for this sign-in. Raises Refused."""
    # 1. The header names an algorithm of ours, and no key of its own.
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise Refused(Reason.MALFORMED) from None
    algorithm = header.get("alg", "")
    if algorithm not in ALGORITHMS:
        raise Refused(Reason.ALGORITHM)
    if _FORBIDDEN & header.keys():
        raise Refused(Reason.HEADER)
    # 2. The key is one of the issuer's, made for signing with this algorithm.
    jwk = discovery.key(str(header.get("kid", "")))
    if (
        jwk.get("kty") != ALGORITHMS[algorithm]
        or jwk.get("use", "sig") != "sig"
        or jwk.get("alg", algorithm) != algorithm
    ):
        raise Refused(Reason.KEY)
    # 3. Signature, issuer, audience and times.
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            jwt.PyJWK(jwk, algorithm),
            algorithms=[algorithm],
            issuer=settings.OIDC_ISSUER,
            audience=settings.OIDC_CLIENT_ID,
            leeway=LEEWAY_SECONDS,
            options={"require": _REQUIRED},
        )
    except jwt.PyJWTError as error:
        raise Refused(_reason_of(error)) from None
    if claims["iat"] < time.time() - OLDEST_SECONDS:
        raise Refused(Reason.EXPIRED)
    # 4. With several audiences the token says for whom it was issued, and that is us.
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else settings.OIDC_CLIENT_ID) != settings.OIDC_CLIENT_ID:
        raise Refused(Reason.AUDIENCE)
    # 5. It answers this sign-in, and no other.
    if not isinstance(claims["nonce"], str) or not hmac.compare_digest(
        claims["nonce"].encode(), nonce.encode()
    ):
        raise Refused(Reason.NONCE)
    if not 0 < len(claims["sub"]) <= 255:
        raise Refused(Reason.MALFORMED)
    return claims


def _reason_of(error: jwt.PyJWTError) -> Reason:
    match error:
        case jwt.MissingRequiredClaimError(claim="nonce"):
            return Reason.NONCE
        case jwt.ExpiredSignatureError():
            return Reason.EXPIRED
        case jwt.ImmatureSignatureError():
            return Reason.FUTURE
        case jwt.InvalidIssuerError():
            return Reason.ISSUER
        case jwt.InvalidAudienceError():
            return Reason.AUDIENCE
        case jwt.InvalidSignatureError():
            return Reason.SIGNATURE
        case jwt.InvalidKeyError() | jwt.PyJWKError():
            return Reason.KEY
        case _:
            return Reason.MALFORMED
