"""Who acts, and on what: the two nouns of every event."""

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


def session_ref(session_key: str | None) -> str:
    """Name a session so that the name cannot be turned back into its cookie."""
    if not session_key:
        return ""
    return hmac.new(settings.SECRET_KEY.encode(), session_key.encode(), hashlib.sha256).hexdigest()[:32]


def client_address(request: HttpRequest) -> str:
    """The caller's address without a port, taken from a fixed number of trusted hops; empty when there is none.

    A longer forged list changes nothing, and what is no address counts as none was sent.
    """
    hops = settings.TRUSTED_PROXY_HOPS
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    given = forwarded[-hops] if hops and len(forwarded) >= hops else ""
    return _address(given) or _address(str(request.META.get("REMOTE_ADDR", "")))


def _address(text: str) -> str:
    """The address in `203.0.113.9`, `203.0.113.9:5555`, `2001:db8::1` or `[2001:db8::1]:5555`; else empty."""
    match = _HOST_AND_PORT.fullmatch(text)
    try:
        address = ip_address((match[1] or match[2]) if match else text)
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


def request_id() -> str:
    """The id of the request or task that is running, as the log lines have it."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


@dataclass(frozen=True)
class Actor:
    """A person at their browser, or a named part of the system. Nobody acts anonymously."""

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
        """The signed-in person of a request; for an anonymous one, the visitor `anonymous`."""
        user: Any = request.user
        origin: dict[str, str] = {
            "address": client_address(request),
            "user_agent": request.headers.get("User-Agent", "")[:300],
            "session": session_ref(request.session.session_key),
        }
        if not user.is_authenticated:
            return cls(ref="anonymous", kind="anonymous", **origin)
        return cls(
            ref=f"user:{user.pk}",
            kind="person",
            name=user.display_name,
            role=user.role_codes,
            authn="password",
            **origin,
        )

    @classmethod
    def system(cls, name: str) -> Self:
        """A named job of the portal itself, such as `refresh`."""
        return cls(ref=f"system:{name}", kind="system")


@dataclass(frozen=True)
class Target:
    """What was acted on. The label is as seen then; later renames do not rewrite the past."""

    kind: str
    ref: str
    label: str = ""
    parent: str = ""
    subject: str = ""

    @classmethod
    def of(cls, thing: Any) -> Self:
        """The target that stands for an object, a recording, a viewing (its recording) or a person."""
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
