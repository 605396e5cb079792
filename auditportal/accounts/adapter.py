"""Configure allauth: no sign-up, limits that fail closed, every attempt in the audit trail."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy, ngettext_lazy

from auditportal.accounts import attempts
from auditportal.accounts.factors import gate
from auditportal.accounts.factors.passkeys import PASSKEY
from auditportal.accounts.models import User
from recordings import stepup
from recordings.audit import (
    Actor,
    Kind,
    Outcome,
    Target,
    client_address,
    record_committed,
    record_once,
)
from recordings.counter import CannotCount


class PortalAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is not typed
    """Override what differs from allauth's defaults."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": gettext_lazy("The user name or the password is wrong."),
        "limits_unavailable": gettext_lazy(
            "Sign-in is unavailable right now because failed attempts cannot be counted. Try again in a minute."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: administrators create accounts."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that the trail records: behind a fixed number of trusted proxies."""
        return client_address(request) or "unknown"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt. Raises ValidationError over a limit, or when attempts cannot be counted."""
        try:
            self._attempt = attempts.begin(request, str(credentials.get("username", "")))
        except CannotCount:
            raise self.validation_error("limits_unavailable") from None
        except attempts.TooManyAttempts as refused:
            self._record_waiting(request, credentials)
            raise ValidationError(
                ngettext_lazy(
                    "Too many failed attempts. Wait %(seconds)d second, then try again.",
                    "Too many failed attempts. Wait %(seconds)d seconds, then try again.",
                    "seconds",
                ),
                code="too_many_login_attempts",
                params={"seconds": refused.seconds},
            ) from None

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Answer an inactive account like a wrong password, so that nobody learns that it exists (ASVS 6.3.8)."""
        user = super().authenticate(request, **credentials)
        if user is not None and not user.is_active:
            self.authentication_failed(request, **credentials)
            return None
        if user is not None:
            self._attempt.succeeded()
        return user

    def get_login_stages(self) -> list[str]:
        """Leave the second step out where the password is enough, and where it is done: with a passkey or elsewhere."""
        stages: list[str] = super().get_login_stages()
        done = (PASSKEY, f"{gate.SINGLE_SIGN_ON}+{gate.PROVIDER}")
        if gate.is_easy(context.request) or getattr(context.request, "proven_by", "") in done:
            stages.remove("allauth.mfa.stages.AuthenticateStage")
        return stages

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        """Change the session's id before the second step too: nobody else knows it (ASVS 7.2.4)."""
        request.session.cycle_key()
        return super().pre_login(request, user, **kwargs)

    def login(self, request: HttpRequest, user: Any) -> None:
        """Sign the person in. For five minutes that is a confirmation too."""
        super().login(request, user)
        stepup.confirm(request)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponseBase:
        """Remember the browser, which failed attempts elsewhere do not delay."""
        response: HttpResponseBase = super().post_login(request, user, **kwargs)
        attempts.remember_device(response, user)
        return response

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record the failed attempt, and a delay of the next one."""
        super().authentication_failed(request, **credentials)
        by, target = Actor.from_request(request), _typed(credentials)
        record_committed(Kind.SIGN_IN_FAILED, by=by, target=target, outcome=Outcome.DENIED)
        if seconds := self._attempt.locks:
            user = User.objects.filter(username__iexact=credentials.get("username", "")).first()
            record_committed(
                Kind.ACCOUNT_LOCKED,
                by=by,
                target=Target.of(user) if user else target,
                outcome=Outcome.DENIED,
                detail={"seconds": seconds},
            )

    def _record_waiting(self, request: HttpRequest, credentials: dict[str, Any]) -> None:
        """Record attempts during a delay as one event a minute."""
        by, target = Actor.from_request(request), _typed(credentials)
        record_once(
            Kind.SIGN_IN_FAILED,
            by=by,
            act={"typed": target.label, "address": by.address},
            target=target,
            outcome=Outcome.DENIED,
            detail={"reason": "too many failed attempts before"},
        )


def _typed(credentials: dict[str, Any]) -> Target:
    """Return the typed name as a personal value: it may be a password."""
    return Target("account", "account", str(credentials.get("username", ""))[:150], subject="anonymous")
