"""The second step of sign-in, and sign-in with a passkey alone."""

from typing import Any

from allauth.account.stages import LoginStageController
from allauth.account.utils import get_next_redirect_url, perform_login
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext, gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from auditportal.accounts import attempts
from auditportal.accounts.factors import actions, passkeys
from auditportal.accounts.factors.forms import AnswerForm, CodeForm
from auditportal.accounts.factors.gate import PASSWORD, SINGLE_SIGN_ON
from auditportal.accounts.factors.passkeys import PASSKEY, NotProven
from auditportal.accounts.models import User
from auditportal.accounts.zones import ZONE, zone_named
from auditportal.errors import answer
from recordings.audit import Actor
from recordings.counter import CannotCount
from recordings.http import page
from recordings.policies import open_view

NOT_PROVEN = gettext_lazy("This passkey was not accepted. Try again, or use another way to sign in.")
WRONG_CODE = gettext_lazy("This code is wrong, or it has been used.")
TOO_MANY_CODES = gettext_lazy("Too many wrong codes. Wait five minutes, then try again.")
UNCOUNTED = gettext_lazy(
    "Sign-in is unavailable right now because failed attempts cannot be counted. Try again in a minute."
)


@require_http_methods(["GET", "HEAD", "POST"])
@open_view
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask for a passkey or a code after the password; then sign the person in."""
    stage = _stage(request)
    if stage is None:
        return redirect("account_login")
    if "restart" in request.POST:
        given_up: HttpResponse = stage.abort()
        return given_up
    user: User = stage.login.user
    code_form = CodeForm(request.POST if "code" in request.POST else None)
    refusal: Any = ""
    if request.method == "POST":
        factor, refusal = _proof(request, user, code_form)
        if factor:
            request.session.cycle_key()
            first = SINGLE_SIGN_ON if "sociallogin" in (stage.login.signal_kwargs or {}) else PASSWORD
            request.proven_by = f"{first}+{factor}"  # type: ignore[attr-defined]
            response: HttpResponse = stage.exit()
            return response
    kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    context = {"form": code_form, "refusal": refusal, "has_passkey": PASSKEY in kinds, "kinds": kinds}
    return page(request, "account/factors/second_step.html", context, status=422 if refusal else 200)


def _proof(request: HttpRequest, user: User, code_form: CodeForm) -> tuple[str, Any]:
    """Return the kind of the factor that the person proved, or why none was."""
    by = Actor.from_request(request)
    try:
        if code_form.is_bound:
            if not code_form.is_valid():
                return "", WRONG_CODE
            row = actions.try_code(user=user, code=code_form.cleaned_data["code"], by=by)
            return (row.type, "") if row else ("", WRONG_CODE)
        attempts.begin_with_passkey(request)
        form = AnswerForm(request.POST)
        if not form.is_valid():
            return "", NOT_PROVEN
        return passkeys.proven(request, form.cleaned_data["credential"], user).type, ""
    except NotProven as why:
        actions.refused(user=user, factor="passkey", by=by, reason=str(why)[:200])
        return "", NOT_PROVEN
    except actions.TooManyCodes:
        return "", TOO_MANY_CODES
    except attempts.TooManyAttempts as refused:
        return "", _wait(refused)
    except CannotCount:
        return "", UNCOUNTED


@require_POST
@open_view
def second_step_options(request: HttpRequest) -> HttpResponse:
    """Return what the browser needs to ask for a passkey of the person whose password was right."""
    stage = _stage(request)
    if stage is None:
        return answer(request, 403, gettext("Your session has ended. Sign in again."))
    return JsonResponse(passkeys.request_options(request, stage.login.user))


@require_POST
@open_view
def passkey_options(request: HttpRequest) -> HttpResponse:
    """Return what the browser needs to ask for a passkey of anybody."""
    try:
        attempts.begin_with_passkey(request)
    except attempts.TooManyAttempts as refused:
        return answer(request, 429, _wait(refused))
    except CannotCount:
        return answer(request, 503, UNCOUNTED)
    return JsonResponse(passkeys.request_options(request))


@require_POST
@open_view
def sign_in_with_passkey(request: HttpRequest) -> HttpResponse:
    """Sign in the person whose passkey the browser has used. A passkey is both steps."""
    if request.user.is_authenticated:
        return redirect("/")
    form = AnswerForm(request.POST)
    try:
        attempts.begin_with_passkey(request)
        if not form.is_valid():
            raise NotProven("the answer cannot be read")
        user: User = passkeys.proven(request, form.cleaned_data["credential"]).user
        if not user.is_active:
            raise NotProven("the account is inactive")
    except NotProven as why:
        actions.refused(user=None, factor="passkey", by=Actor.from_request(request), reason=str(why)[:200])
        return _back(request, NOT_PROVEN)
    except attempts.TooManyAttempts as refused:
        return _back(request, _wait(refused))
    except CannotCount:
        return _back(request, UNCOUNTED)
    if zone_named(zone := request.POST.get("time_zone", "")):
        request.session[ZONE] = zone
    request.proven_by = PASSKEY  # type: ignore[attr-defined]
    response: HttpResponse = perform_login(request, user, redirect_url=get_next_redirect_url(request))
    return response


def _stage(request: HttpRequest) -> Any:
    """Return the pending second step of an active person whose password was right; None without one."""
    stage = (
        None if request.user.is_authenticated else LoginStageController.enter(request, AuthenticateStage.key)
    )
    return stage if stage and stage.login.user and stage.login.user.is_active else None


def _wait(refused: attempts.TooManyAttempts) -> str:
    return ngettext(
        "Too many failed attempts. Wait %(seconds)d second, then try again.",
        "Too many failed attempts. Wait %(seconds)d seconds, then try again.",
        refused.seconds,
    ) % {"seconds": refused.seconds}


def _back(request: HttpRequest, sentence: Any) -> HttpResponse:
    messages.error(request, str(sentence))
    return redirect("account_login")
