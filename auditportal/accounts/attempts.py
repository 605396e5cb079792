"""Limits of sign-in: nobody guesses many passwords, and nobody keeps another person out by guessing.

- Five failed attempts in five minutes stop an account for one address only.
- An account that failed ten times in an hour, from wherever, takes the next attempt after 1, 2, 4 … 60 seconds.
- A device on which the person has signed in before is counted by itself: what others do does not delay it.
- Ten attempts a minute from one address, whatever the names, but for those devices.

An attempt counts before the password is looked at, so that many at once are no way around; one that succeeds is taken
back, and so is one that a delay refuses.
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
DEVICE_SECONDS = 180 * 24 * 3600
_SALT = "auditportal.accounts.attempts"


class TooManyAttempts(Exception):
    """The next attempt is taken after `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds


@dataclass
class Attempt:
    """One attempt to sign in, counted. `locks`: if it fails, what was typed waits for so many seconds."""

    locks: int = 0
    _counted: list[str] = field(default_factory=list)

    def succeeded(self) -> None:
        """Take it back, so that signing in every day is no failure."""
        for name in self._counted:
            count_down(name)


def begin(request: HttpRequest, username: str) -> Attempt:
    """Count an attempt. Raises TooManyAttempts, or CannotCount when the counters' store is away."""
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

    # 1. From one address, but for a device of this person: colleagues may have used the address up.
    if not device:
        count(f"{_SALT}:address:{address}", ADDRESS_TRIES, ADDRESS_SECONDS)
    # 2. At this account, from this device or address.
    pair = f"{account}:from:{device or address}"
    number = count(pair, PAIR_TRIES, PAIR_SECONDS)
    attempt.locks = PAIR_SECONDS if number == PAIR_TRIES else 0
    if device:
        return attempt
    # 3. At this account, from everywhere. A password that is not looked at is no try.
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


def unlock(user: User) -> None:
    """Forget every count of an account: they are kept under a number that is in force no more."""
    name = _generation(user.username)
    cache.add(name, 0, None)
    cache.incr(name)


def remember_device(response: HttpResponseBase, user: User) -> None:
    """Mark the browser as one on which this person has signed in."""
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
    """The person whose password would be looked at: the database decides which spellings mean one name."""
    return User.objects.filter(username__iexact=username).only("username").first()


def _device(request: HttpRequest, user: User | None) -> str:
    """The mark of a browser on which this person has signed in; empty for any other."""
    if user is None:
        return ""
    mark = request.get_signed_cookie(_cookie(user.pk), default="", salt=_SALT, max_age=DEVICE_SECONDS)
    return f"device:{mark}" if mark else ""


def _cookie(pk: int) -> str:
    return f"__Host-device-{pk}" if settings.SECURE else f"device-{pk}"


def _generation(name: str) -> str:
    # What was typed may be a password: it stands nowhere.
    return f"{_SALT}:{salted_hmac(_SALT, name.casefold(), algorithm='sha256').hexdigest()}"


def _account(user: User | None, typed: str) -> str:
    name = _generation(user.username if user else typed)
    return f"{name}:{cache.get(name, 0)}"


def _network(address: str) -> str:
    """An IPv6 caller has a whole /64 of addresses."""
    if address and isinstance(ip_address(address), IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return address
