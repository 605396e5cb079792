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
    """Whether this is a delivery of the account's: every factor that is set must hold."""
    return _token_holds(token) and _address_holds(request) and _header_holds(request)


def _token_holds(token: str) -> bool:
    """One of two tokens, so that a rotation needs no gap (S58). Hashes are compared: the time it takes tells neither
    length nor beginning of a right one, and the settings may hold nothing but the hash."""
    given = hashlib.sha256(token.encode()).digest()
    right = [hmac.compare_digest(given, digest) for digest in map(_digest, _tokens())]
    return any(right)


def _tokens() -> list[str]:
    return [text.strip() for text in settings.COMMBOX_WEBHOOK_TOKEN.split(",") if text.strip()]


def _digest(text: str) -> bytes:
    if text.startswith(_HASHED):
        return bytes.fromhex(text.removeprefix(_HASHED))
    return hashlib.sha256(text.encode()).digest()


def _address_holds(request: HttpRequest) -> bool:
    allowed = settings.COMMBOX_WEBHOOK_ALLOW_FROM
    if not allowed:
        return True
    try:
        address = ip_address(client_address(request))
    except ValueError:
        return False
    return any(address in ip_network(network) for network in allowed)


def _header_holds(request: HttpRequest) -> bool:
    name, _, value = settings.COMMBOX_WEBHOOK_HEADER.partition(":")
    if not name:
        return True
    given = request.headers.get(name.strip(), "")
    return hmac.compare_digest(given.encode(), value.strip().encode())
