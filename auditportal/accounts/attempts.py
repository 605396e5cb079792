"""Limit sign-in attempts, so that nobody can guess passwords, nor lock another person out by guessing.

- Five failed attempts in five minutes stop an account for one address only.
- After ten failed attempts at an account in an hour, from any address, the next one waits 1, 2, 4 … 60 seconds.
- A browser in which the person has signed in before is counted separately: attempts elsewhere do not delay it.
- Ten attempts a minute from one address, for all names together, except from those browsers.

An attempt counts before the password is checked, so that many at once do not get around the limit. A successful attempt
is uncounted, and so is one that is refused because of a delay.
"""

import secrets
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac

from auditportal.accounts.models import User
from recordings.audit import client_address
from recordings.counter import count_down, count_up, seconds_left

PAIR_TRIES, PAIR_SECONDS = 5, 300
FREE_TRIES, ACCOUNT_SECONDS, LONGEST_DELAY = 10, 3600, 60
ADDRESS_TRIES, ADDRESS_SECONDS = 10, 60
PASSKEY_TRIES = 30
DEVICE_SECONDS = 180 * 24 * 3600
_SALT = "auditportal.accounts.attempts"


class TooManyAttempts(Exception):
    """The next attempt is possible in `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds


@dataclass
class Attempt:
    """A counted attempt to sign in. `locks`: seconds until the next attempt, if this one fails."""

    locks: int = 0
    _counted: list[str] = field(default_factory=list)

    def succeeded(self) -> None:
        """Uncount the attempt."""
        for name in self._counted:
            count_down(name)


def begin(request: HttpRequest, username: str) -> Attempt:
    """Count an attempt. Raises TooManyAttempts, or CannotCount when Redis is unavailable."""
    user = _user(username)
    account, address = _account(user, username), _network(client_address(request))
    device = _device(request, user)
    attempt = Attempt()

    def count(name: str, most: int, seconds: int) -> int:
        number = count_up(name, seconds)
        if number > most:
            raise TooManyAttempts(seconds_left(name))
        attempt._counted.append(name)
        return number

    # 1. From one address, unless it is a known browser: colleagues may have used up the address.
    if not device:
        count(f"{_SALT}:address:{address}", ADDRESS_TRIES, ADDRESS_SECONDS)
    # 2. At this account, from this browser or address.
    pair = f"{account}:from:{device or address}"
    number = count(pair, PAIR_TRIES, PAIR_SECONDS)
    attempt.locks = PAIR_SECONDS if number == PAIR_TRIES else 0
    if device:
        return attempt
    # 3. At this account, from everywhere. An attempt that is refused here does not count.
    failures = int(cache.get(f"{account}:all", 0))
    if failures >= FREE_TRIES:
        delay = min(2 ** (failures - FREE_TRIES), LONGEST_DELAY)
        if not cache.add(f"{account}:next", 1, delay):
            count_down(pair)
            raise TooManyAttempts(seconds_left(f"{account}:next"))
    failures = count_up(f"{account}:all", ACCOUNT_SECONDS)
    attempt._counted.append(f"{account}:all")
    if failures == FREE_TRIES:
        attempt.locks = attempt.locks or 1
    return attempt


def begin_with_passkey(request: HttpRequest) -> None:
    """Count a sign-in with a passkey. There is nothing to guess, so only an address is limited.

    Raises TooManyAttempts, or CannotCount when Redis is unavailable.
    """
    name = f"{_SALT}:passkey:{_network(client_address(request))}"
    if count_up(name, ADDRESS_SECONDS) > PASSKEY_TRIES:
        raise TooManyAttempts(seconds_left(name))


def unlock(user: User) -> None:
    """Reset all counters of an account by moving to the next generation of their keys."""
    name = _generation(user.username)
    cache.add(name, 0, None)
    cache.incr(name)


def remember_device(response: HttpResponseBase, user: User) -> None:
    """Mark the browser as one in which this person has signed in."""
    response.set_signed_cookie(
        _cookie(user.pk),
        secrets.token_hex(8),
        salt=_SALT,
        max_age=DEVICE_SECONDS,
        secure=settings.SECURE,
        httponly=True,
        samesite="Lax",
    )


def _user(username: str) -> User | None:
    """Return the person whose password would be checked. The database decides which spellings are the same name."""
    return User.objects.filter(username__iexact=username).only("username").first()


def _device(request: HttpRequest, user: User | None) -> str:
    """Return the mark of a browser in which this person has signed in, else an empty string."""
    if user is None:
        return ""
    mark = request.get_signed_cookie(_cookie(user.pk), default="", salt=_SALT, max_age=DEVICE_SECONDS)
    return f"device:{mark}" if mark else ""


def _cookie(pk: int) -> str:
    return f"__Host-device-{pk}" if settings.SECURE else f"device-{pk}"


def _generation(name: str) -> str:
    # The typed name may be a password, so only its HMAC is stored.
    return f"{_SALT}:{salted_hmac(_SALT, name.casefold(), algorithm='sha256').hexdigest()}"


def _account(user: User | None, typed: str) -> str:
    name = _generation(user.username if user else typed)
    return f"{name}:{cache.get(name, 0)}"


def _network(address: str) -> str:
    """Return the address, or its /64 network for IPv6: a client has all addresses of it."""
    if address and isinstance(ip_address(address), IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return address
