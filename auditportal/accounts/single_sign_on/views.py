"""Sign in through the identity provider: the way there, and the way back."""

from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from auditportal.accounts.single_sign_on.adapter import refusal
from auditportal.accounts.single_sign_on.provider import PROVIDER_ID, PortalOAuth2Adapter, begin
from auditportal.accounts.single_sign_on.refusals import Reason, Refused
from recordings.audit import client_address
from recordings.counter import CannotCount, count_up
from recordings.policies import open_view

PER_ADDRESS, SECONDS = 30, 60


@require_safe
@open_view
def start(request: HttpRequest) -> HttpResponseBase:
    """Send the browser to the identity provider."""
    return _begin(request, next_url=get_next_redirect_url(request) or "/")


@require_safe
@open_view
def accept(request: HttpRequest, token: str) -> HttpResponseBase:
    """Send an invited person to the identity provider, to link their identity there with their account."""
    return _begin(request, next_url="/", invitation=token)


@require_safe
@open_view
def callback(request: HttpRequest) -> HttpResponseBase:
    """Receive the answer of the identity provider."""
    if not settings.OIDC_ISSUER:
        raise Http404
    try:
        response: HttpResponseBase = OAuth2CallbackView.adapter_view(
            PortalOAuth2Adapter(request, PROVIDER_ID)
        )(request)
    except Refused as refused:  # the issuer's configuration, which is read before allauth handles errors
        return refusal(request, refused.reason)
    return response


def _begin(request: HttpRequest, *, next_url: str, invitation: str = "") -> HttpResponseBase:
    if not settings.OIDC_ISSUER:
        raise Http404
    try:
        if count_up(f"single_sign_on:{client_address(request)}", SECONDS) > PER_ADDRESS:
            raise Refused(Reason.TOO_MANY)
        return begin(request, next_url=next_url, invitation=invitation)
    except CannotCount:
        return refusal(request, Reason.UNREACHABLE)
    except Refused as refused:
        return refusal(request, refused.reason)
