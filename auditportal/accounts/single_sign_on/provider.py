"""The configured OpenID Connect provider, for allauth, which does state, PKCE and the exchange of the code."""

import secrets
from typing import Any

from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.crypto import salted_hmac

from auditportal.accounts.models import User
from auditportal.accounts.single_sign_on import discovery
from auditportal.accounts.single_sign_on.id_token import checked_claims
from auditportal.accounts.single_sign_on.models import Identity
from auditportal.accounts.single_sign_on.refusals import Reason, Refused

PROVIDER_ID = "sso"


class IdentityLogin(SocialLogin):  # type: ignore[misc]  # allauth is not typed
    """A sign-in whose person is found by issuer and subject alone."""

    def __init__(self, claims: dict[str, Any], provider: Any) -> None:
        account = SocialAccount(provider=PROVIDER_ID, uid=claims["sub"])
        super().__init__(user=User(), account=account, provider=provider)
        self.claims = claims
        self.person: User | None = None  # whose identity it is

    def lookup(self) -> None:
        """Find the person of this identity. allauth's own tables are not used, nor is a mail address."""
        self._did_authenticate_by_email = None
        found = Identity.objects.filter(issuer=self.claims["iss"], subject=self.claims["sub"])
        if identity := found.select_related("user").first():
            self.user = self.person = identity.user


class PortalOAuth2Adapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # allauth is not typed
    """Exchange the code with the configured issuer, and check its ID token. Userinfo is not asked for."""

    @property
    def openid_config(self) -> dict[str, Any]:
        return discovery.configuration()

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        path = reverse("single_sign_on:callback")
        return (
            settings.PUBLIC_URL.rstrip("/") + path
            if settings.PUBLIC_URL
            else request.build_absolute_uri(path)
        )

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: Any, **kwargs: Any
    ) -> IdentityLogin:
        """Return the sign-in of the answered ID token. Raises Refused."""
        answered_issuer = request.GET.get("iss")
        names_issuer = self.openid_config.get("authorization_response_iss_parameter_supported") is True
        if (names_issuer or answered_issuer is not None) and answered_issuer != settings.OIDC_ISSUER:
            raise Refused(Reason.ISSUER)  # RFC 9207
        id_token = kwargs["response"].get("id_token")
        claims = checked_claims(str(id_token or ""), nonce=_nonce_of(request.GET.get("state", "")))
        return IdentityLogin(claims, self.get_provider())


class PortalProvider(OpenIDConnectProvider):  # type: ignore[misc]  # allauth is not typed
    """allauth's provider with our exchange, and with nothing that a browser could add to the request."""

    oauth2_adapter_class = PortalOAuth2Adapter


def provider(request: HttpRequest) -> PortalProvider:
    """Return the provider of the settings."""
    app = SocialApp(
        provider=PortalProvider.id,
        provider_id=PROVIDER_ID,
        name=settings.OIDC_NAME,
        client_id=settings.OIDC_CLIENT_ID,
        secret=settings.OIDC_CLIENT_SECRET,
        settings={"server_url": settings.OIDC_ISSUER, "oauth_pkce_enabled": True},
    )
    return PortalProvider(request, app=app)


def begin(request: HttpRequest, *, next_url: str, invitation: str = "") -> HttpResponseBase:
    """Send the browser to the identity provider. `invitation`: the token of an opened link. Raises Refused."""
    # The session keeps the state; the nonce follows from it, so that an answer fits one sign-in of one browser only.
    state = secrets.token_urlsafe(32)
    response: HttpResponseBase = provider(request).redirect(
        request,
        process=AuthProcess.LOGIN,
        next_url=next_url,
        data={"invitation": invitation},
        state_id=state,
        scope=list(settings.OIDC_SCOPES),
        auth_params={"nonce": _nonce_of(state)},
    )
    return response


def _nonce_of(state: str) -> str:
    return salted_hmac("auditportal.accounts.single_sign_on.nonce", state, algorithm="sha256").hexdigest()
