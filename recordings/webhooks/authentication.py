"""Authenticate deliveries by a token in the path, and optionally by address and header. All others get a 404.

CommBox documents neither a signature nor a secret nor an address list. To require a client certificate, let the proxy
verify it and add the header that is checked here.
"""

import hashlib
import hmac
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

from recordings.audit import client_address

_HASHED = "sha256:"


def may_deliver(request: HttpRequest, token: str) -> bool:
    """Return whether the request is authentic: every configured factor must match."""
    return token_matches(token) and _address_matches(request) and _header_matches(request)


def token_matches(token: str) -> bool:
    """Return whether this is a token from the settings. There may be two, so that a rotation has no gap.

    Every hash is compared, in constant time, so the duration reveals neither length nor prefix of a valid token. The
    settings may contain only the hash of a token.
    """
    given = hashlib.sha256(token.encode()).digest()
    matches = []
    for text in settings.COMMBOX_WEBHOOK_TOKEN.split(","):
        if known := text.strip():
            is_hash = known.startswith(_HASHED)
            digest = (
                bytes.fromhex(known.removeprefix(_HASHED))
                if is_hash
                else hashlib.sha256(known.encode()).digest()
            )
            matches.append(hmac.compare_digest(given, digest))
    return any(matches)


def _address_matches(request: HttpRequest) -> bool:
    allowed = settings.COMMBOX_WEBHOOK_ALLOW_FROM
    if not allowed:
        return True
    try:
        address = ip_address(client_address(request))
    except ValueError:
        return False
    return any(address in ip_network(network) for network in allowed)


def _header_matches(request: HttpRequest) -> bool:
    name, _, value = settings.COMMBOX_WEBHOOK_HEADER.partition(":")
    if not name:
        return True
    given = request.headers.get(name.strip(), "")
    return hmac.compare_digest(given.encode(), value.strip().encode())
