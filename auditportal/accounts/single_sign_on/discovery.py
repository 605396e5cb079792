"""What the configured issuer publishes: its endpoints and its keys (OpenID Connect Discovery 1.0, RFC 7517).

Nothing is fetched from an address that a token or a browser names. Both documents are kept in this process for some
minutes, and not in the cache, which others can write.
"""

from typing import Any
from urllib.parse import urlsplit

from allauth.socialaccount.adapter import get_adapter
from django.conf import settings
from requests import RequestException

from auditportal.accounts.single_sign_on.refusals import Reason, Refused
from auditportal.env.fields import is_loopback
from recordings.timed import TimedValue

_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_configuration = TimedValue[dict[str, Any]](600)
_keys = TimedValue[list[dict[str, Any]]](600)
# An unknown key may be a new one: the keys are fetched again, at most once in this time.
_fetched_again = TimedValue[bool](60)


def configuration() -> dict[str, Any]:
    """Return the issuer's configuration. Raises Refused."""
    if found := _configuration.get():
        return found
    found = _fetched(f"{settings.OIDC_ISSUER.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != settings.OIDC_ISSUER:
        raise Refused(Reason.ISSUER)
    if not all(_is_safe(found.get(name)) for name in _ENDPOINTS):
        raise Refused(Reason.UNREACHABLE)
    return _configuration.set(found)


def key(kid: str) -> dict[str, Any]:
    """Return the issuer's public key of this id, as JWK. Raises Refused."""
    for known in _keys.get() or _fetched_keys():
        if known.get("kid") == kid:
            return known
    if not _fetched_again.get():
        _fetched_again.set(True)
        for known in _fetched_keys():
            if known.get("kid") == kid:
                return known
    raise Refused(Reason.KEY)


def _fetched_keys() -> list[dict[str, Any]]:
    found = _fetched(configuration()["jwks_uri"]).get("keys")
    if not isinstance(found, list):
        raise Refused(Reason.UNREACHABLE)
    return _keys.set([each for each in found if isinstance(each, dict)])


def _fetched(url: str) -> dict[str, Any]:
    try:
        with get_adapter().get_requests_session() as session:
            answer = session.request("GET", url)
            answer.raise_for_status()
            found = answer.json()
    except (RequestException, ValueError):
        raise Refused(Reason.UNREACHABLE) from None
    if answer.status_code != 200 or not isinstance(found, dict):
        raise Refused(Reason.UNREACHABLE)
    return found


def _is_safe(url: Any) -> bool:
    parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
