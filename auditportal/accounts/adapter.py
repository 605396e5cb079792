"""Sign-in by allauth, the house's way: no sign-up, limits that fail closed, every attempt in the trail."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.core.cache import cache
from django.http import HttpRequest

from recordings.audit import Actor, Kind, Outcome, Target, client_address, record_committed


class PortalAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is not typed
    """What differs from allauth's defaults."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "User name and password do not fit together.",
        "too_many_login_attempts": "Too many failed attempts. Wait five minutes and try again.",
        "limits_unavailable": "Sign-in is closed for a moment: failed attempts cannot be counted right now. "
        "Try again in a minute.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made by administrators."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The same address the trail has: from a fixed number of trusted hops."""
        return client_address(request) or "unknown"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse, rather than not count, when the counters' store is away."""
        if not cache.reachable():  # type: ignore[attr-defined]
            raise self.validation_error("limits_unavailable")
        super().pre_authenticate(request, **credentials)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """A closed account is answered like a wrong password: nobody learns that it exists (ASVS 6.3.8)."""
        user = super().authenticate(request, **credentials)
        if user is None or user.is_active:
            return user
        self.authentication_failed(request, **credentials)
        return None

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """A failed attempt is an event; the name that was typed is a personal value (it may be a password)."""
        super().authentication_failed(request, **credentials)
        record_committed(
            Kind.SIGN_IN_FAILED,
            by=Actor.from_request(request),
            target=Target(
                "account", "account", str(credentials.get("username", ""))[:150], subject="anonymous"
            ),
            outcome=Outcome.DENIED,
        )
