"""The actor and the target of an event."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Self

import structlog
from django.conf import settings
from django.http import HttpRequest

from recordings.models import CommBoxObject, Recording, Viewing

_HOST_AND_PORT = re.compile(r"\[([^\]]*)\](?::[0-9]+)?|([^:]*):[0-9]+")


# Keys in a session: its reference from before its id was changed, and how its person proved who they are.
REFERENCE, AUTHN = "reference", "authn"


def session_ref(session_key: str | None) -> str:
    """Return a reference of a session from which its cookie cannot be computed."""
    if not session_key:
        return ""
    return hmac.new(settings.SECRET_KEY.encode(), session_key.encode(), hashlib.sha256).hexdigest()[:32]


def reference_of(session: Any) -> str:
    """Return a session's reference, which stays the same when the session's id changes."""
    return session.get(REFERENCE, "") or session_ref(session.session_key)


def client_address(request: HttpRequest) -> str:
    """Return the client's IP address without a port, read after a fixed number of trusted proxies; empty without one.

    A longer, forged list changes nothing. Text that is not an address counts as missing.
    """
    hops = settings.TRUSTED_PROXY_HOPS
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    given = forwarded[-hops] if hops and len(forwarded) >= hops else ""
    return _address(given) or _address(str(request.META.get("REMOTE_ADDR", "")))


def _address(text: str) -> str:
    """Return the address in `203.0.113.9`, `203.0.113.9:5555`, `2001:db8::1` or `[2001:db8::1]:5555`; else empty."""
    match = _HOST_AND_PORT.fullmatch(text)
    try:
        address = ip_address((match[1] or match[2]) if match else text)
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


def request_id() -> str:
    """Return the id of the running request or task, the same as in log lines."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


@dataclass(frozen=True)
class Actor:
    """Who acts: a person at a browser, a named part of the portal, or somebody not signed in."""

    ref: str
    kind: str
    name: str = ""
    role: str = ""
    authn: str = ""
    address: str = ""
    user_agent: str = ""
    session: str = ""

    @classmethod
    def from_request(cls, request: HttpRequest) -> Self:
        """Return the signed-in person of a request, else the actor `anonymous`."""
        user: Any = request.user
        origin: dict[str, str] = {
            "address": client_address(request),
            "user_agent": request.headers.get("User-Agent", "")[:300],
            "session": reference_of(request.session),
        }
        if not user.is_authenticated:
            return cls(ref="anonymous", kind="anonymous", **origin)
        return cls(
            ref=f"user:{user.pk}",
            kind="person",
            name=user.display_name,
            role=user.role_codes,
            authn=request.session.get(AUTHN, "password"),
            **origin,
        )

    @classmethod
    def system(cls, name: str) -> Self:
        """Return a named part of the portal, such as `refresh`."""
        return cls(ref=f"system:{name}", kind="system")


@dataclass(frozen=True)
class Target:
    """What was acted on. The label is the name at that time; later renames do not change it."""

    kind: str
    ref: str
    label: str = ""
    parent: str = ""
    subject: str = ""

    @classmethod
    def of(cls, thing: Any) -> Self:
        """Return the target for an object, a recording, a viewing (its recording) or a person."""
        if isinstance(thing, CommBoxObject):
            return cls("object", f"object:{thing.pk}", thing.customer_name, subject=thing.subject)
        if isinstance(thing, Viewing):
            return cls.of(thing.recording)
        if isinstance(thing, Recording):
            owner = thing.object
            return cls(
                "recording", f"recording:{thing.pk}", owner.customer_name, f"object:{owner.pk}", owner.subject
            )
        return cls("person", f"user:{thing.pk}", thing.display_name, subject=f"user:{thing.pk}")
