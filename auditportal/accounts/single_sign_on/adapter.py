"""Decide who is signed in: allauth's flow, our rules. Every refusal is a sentence and an event."""

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from requests import RequestException, Session

from auditportal.accounts.factors import gate
from auditportal.accounts.single_sign_on import people
from auditportal.accounts.single_sign_on.provider import IdentityLogin, PortalProvider
from auditportal.accounts.single_sign_on.provider import provider as _provider
from auditportal.accounts.single_sign_on.refusals import Reason, Refused
from recordings.audit import Actor, Kind, Outcome, Target, record_committed
from recordings.http import page


class PortalSocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth is not typed
    """Override what differs from allauth's defaults: one provider, no sign-up, nothing by mail address."""

    def get_provider(
        self, request: HttpRequest, provider: str, client_id: str | None = None
    ) -> PortalProvider:
        """Return the provider of the settings; there is no other."""
        return _provider(request)

    def get_requests_session(self) -> Session:
        """Return a session that follows no redirect: the code and the client's secret go to the issuer only."""
        session: Session = super().get_requests_session()
        session.max_redirects = 0
        return session

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        return False

    def pre_social_login(self, request: Any, sociallogin: IdentityLogin) -> None:
        """Find or link the person, and read their groups again. Raises ImmediateHttpResponse with a refusal."""
        by, claims = Actor.from_request(request), sociallogin.claims
        invitation = str((sociallogin.state.get("data") or {}).get("invitation", ""))
        try:
            with transaction.atomic():
                user = sociallogin.person or people.person_of(claims, invitation=invitation, by=by)
                if sociallogin.person and invitation:
                    raise Refused(Reason.LINKED)
                if not user.is_active:
                    raise Refused(Reason.INACTIVE)
                people.follow_sign_in(user, claims)
        except Refused as refused:
            subject = Target("account", "account", claims["sub"], subject="anonymous")
            raise ImmediateHttpResponse(refusal(request, refused.reason, subject)) from None
        sociallogin.user = user
        factor = f"+{gate.PROVIDER}" if people.has_second_factor(claims) else ""
        request.proven_by = gate.SINGLE_SIGN_ON + factor

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Answer a sign-in that failed before a person was known. Raises ImmediateHttpResponse."""
        if isinstance(exception, Refused):
            reason = exception.reason
        elif isinstance(exception, RequestException):
            reason = Reason.UNREACHABLE
        elif exception is None and "state_id" in (extra_context or {}):
            reason = Reason.STATE
        else:
            reason = Reason.ANSWER
        raise ImmediateHttpResponse(refusal(request, reason))


def refusal(request: HttpRequest, reason: Reason, target: Target | None = None) -> HttpResponse:
    """Record a refused sign-in, and answer with its sentence."""
    record_committed(
        Kind.SIGN_IN_FAILED,
        by=Actor.from_request(request),
        target=target,
        outcome=Outcome.DENIED,
        detail={"reason": reason.value},
    )
    context = {"sentence": reason.sentence}
    return page(request, "account/single_sign_on_refused.html", context, status=403)
