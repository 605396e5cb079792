"""Who may deliver: a path token always, and the factors an installation has set besides. Anybody else meets a 404.

CommBox documents neither signature nor secret nor address list (api-facts 7), so each factor is ours to choose. A
client certificate is checked by the proxy, which then adds the header that is asked for here.
"""

import hashlib
import hmac
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

from recordings.audit import client_address

_HASHED = "sha256:"


def may_deliver(request: HttpRequest, token: str) -> bool:
    """Whether this is a delivery of the account's: every factor that is set must match."""
    return token_matches(token) and _address_matches(request) and _header_matches(request)


def token_matches(token: str) -> bool:
    """Whether it is one of the tokens of the settings: two, so that a rotation needs no gap (S58).

    Hashes are compared, each in constant time and every one of them: the time it takes tells neither length nor
    beginning of a right token, and the settings may hold nothing but the hash.
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
