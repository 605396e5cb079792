"""API keys in CommBox's form: a JWT with client_id, client_secret and exp."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

SIGNING_KEY = b"the sandbox signs its keys with this; nobody else does"


@dataclass(frozen=True)
class ApiKey:
    """A key and its expiry; None never expires."""

    token: str = field(repr=False)
    expires_at: datetime | None = None


class Keys:
    """The keys the sandbox accepts; several at a time, as after a rotation."""

    def __init__(self, tokens: Iterable[str]) -> None:
        self._at_start = tuple(tokens)
        self.reset()

    def reset(self) -> None:
        """Accept only the initial keys again."""
        self._keys = {token: ApiKey(token, read_expiry(token)) for token in self._at_start}

    def add(self, token: str) -> None:
        """Accept one more key until it expires."""
        self._keys = {**self._keys, token: ApiKey(token, read_expiry(token))}

    def revoke(self, token: str) -> None:
        """Stop accepting a key."""
        self._keys = {text: key for text, key in self._keys.items() if text != token}

    def accepts(self, authorization: str, now: datetime) -> bool:
        """Return whether an Authorization header contains a known key that has not expired."""
        key = self._keys.get(authorization.removeprefix("Bearer "))
        known = key is not None and authorization.startswith("Bearer ")
        return known and key is not None and (key.expires_at is None or now < key.expires_at)


def make_key(client_id: str, expires_at: datetime) -> str:
    """Return a signed key for `client_id`, the same for the same arguments."""
    secret = hashlib.sha256(f"client secret of {client_id}".encode()).hexdigest()[:32]
    payload = {"client_id": client_id, "client_secret": secret, "exp": int(expires_at.timestamp())}
    text = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(payload)}"
    return f"{text}.{encode(hmac.digest(SIGNING_KEY, text.encode(), 'sha256'))}"


def read_expiry(token: str) -> datetime | None:
    """Return the expiry in a key's payload; None without one, or when it is not a JWT."""
    try:
        body = token.split(".")[1]
        payload = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return datetime.fromtimestamp(payload["exp"], UTC)
    except (IndexError, KeyError, TypeError, ValueError):
        return None


def part(value: dict[str, Any]) -> str:
    """Return one part of a JWT."""
    return encode(json.dumps(value, separators=(",", ":")).encode())


def encode(data: bytes) -> str:
    """Encode as base64url without padding (RFC 7515)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
