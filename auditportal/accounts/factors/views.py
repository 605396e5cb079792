"""People manage their own second factors, and confirm a sensitive act with a passkey."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from auditportal.accounts import person_sessions
from auditportal.accounts.factors import actions, gate, passkeys, recovery, totp
from auditportal.accounts.factors.forms import AnswerForm, AppForm, PasskeyForm
from auditportal.accounts.factors.gate import Stage
from auditportal.accounts.factors.passkeys import PASSKEY, NotProven
from auditportal.accounts.sessions import key_hash
from auditportal.errors import answer
from recordings import stepup
from recordings.audit import Actor, Kind, Outcome, Target, record_committed
from recordings.exceptions import NotPermitted
from recordings.http import Request, page
from recordings.policies import any_person, before_second_factor
from recordings.stepup import ConfirmedForm

_SECRET = "authenticator_app"  # noqa: S105  (key in the session: the secret that is being set up, encrypted)
NEXT = "after_second_factor"  # key in the session: the page that was asked for


@require_safe
@any_person
@before_second_factor
def second_factor(request: Request) -> HttpResponse:
    """Say what this session lacks, and lead to it: the page that people get in place of every other."""
    if gate.is_open(request):
        return redirect(request.session.pop(NEXT, "/"))
    wanted = request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        request.session[NEXT] = wanted
    kinds = {row.type for row in _own(request)}
    context = {
        "stage": gate.stage_of(request).name,
        "needs_passkey": gate.needs_passkey(request.user),
        "has_passkey": PASSKEY in kinds,
    }
    return page(request, "account/factors/second_factor.html", context)


@require_safe
@any_person
def security(request: Request) -> HttpResponse:
    """List the person's own second factors and sessions."""
    rows = _own(request)
    codes = next((row for row in rows if row.type == recovery.CODES), None)
    context = {
        "factors": [row for row in rows if row.type in actions.MAIN],
        "has_app": any(row.type == totp.APP for row in rows),
        "codes_left": len(codes.data["hashes"]) if codes else 0,
        "codes": codes,
        "sessions": person_sessions.listed(request.user),
        "this_session": key_hash(request.session.session_key),
        "has_password": request.user.has_usable_password(),
    }
    return page(request, "account/factors/security.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@any_person
@before_second_factor
def add_passkey(request: Request) -> HttpResponse:
    """Add a passkey. A script asks the browser to make it."""
    _check_may_add(request)
    if question := _question(request):
        return question
    form = PasskeyForm(request.POST or None, initial={"name": _device(request)})
    if request.method == "POST" and form.is_valid():
        try:
            actions.add_passkey(
                request=request,
                user=request.user,
                name=form.cleaned_data["name"],
                answer=form.cleaned_data["credential"],
                by=Actor.from_request(request),
            )
        except NotProven:
            form.add_error(None, gettext("The browser did not make a passkey that can be used. Try again."))
        else:
            messages.success(request, gettext("The passkey was added."))
            return _added(request, PASSKEY)
    status = 422 if form.errors else 200
    return page(request, "account/factors/add_passkey.html", {"form": form}, status=status)


@require_POST
@any_person
@before_second_factor
def passkey_registration(request: Request) -> HttpResponse:
    """Return what the browser needs to make a passkey."""
    _check_may_add(request)
    if not stepup.is_fresh(request):
        raise NotPermitted
    return JsonResponse(passkeys.registration_options(request, request.user))


@require_http_methods(["GET", "HEAD", "POST"])
@any_person
@before_second_factor
def add_app(request: Request) -> HttpResponse:
    """Set up an authenticator app: show its secret, and store it once the app has shown a right code."""
    _check_may_add(request)
    if question := _question(request):
        return question
    user = request.user
    secret = totp.unseal(user.pk, request.session.get(_SECRET, {}))
    if secret is None or request.method != "POST":
        secret = totp.new_secret()
        request.session[_SECRET] = totp.seal(user.pk, secret)
    form = AppForm(request.POST or None, secret=secret)
    if request.method == "POST" and form.is_valid():
        del request.session[_SECRET]
        step, by = form.cleaned_data["code"], Actor.from_request(request)
        actions.add_app(user=user, secret=secret, step=step, by=by)
        messages.success(request, gettext("The authenticator app was set up."))
        return _added(request, totp.APP)
    context = {
        "form": form,
        "secret": totp.as_text(secret),
        "qr": mark_safe(  # noqa: S308  (see below)
            totp.qr_svg(totp.address(user, secret))  # markup: drawn by the library, its paths are numbers
        ),
    }
    return page(request, "account/factors/add_app.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@any_person
@before_second_factor
def recovery_codes(request: Request) -> HttpResponse:
    """Make new recovery codes and show them: in this response, and never again."""
    if gate.stage_of(request) is not Stage.PROVEN:
        raise NotPermitted
    form = ConfirmedForm(request.POST if request.method == "POST" else None, request=request)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        by = Actor.from_request(request)
        context["codes"] = actions.make_recovery_codes(user=request.user, by=by)
    return page(request, "account/factors/recovery_codes.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@any_person
def remove_factor(request: Request, pk: int) -> HttpResponse:
    """Remove one of the person's own factors; never the last."""
    row = next((row for row in _own(request) if row.pk == pk and row.type in actions.MAIN), None)
    if row is None:
        raise Http404
    form = ConfirmedForm(request.POST if request.method == "POST" else None, request=request)
    if request.method == "POST" and form.is_valid():
        actions.remove(row=row, by=Actor.from_request(request))
        messages.success(request, gettext("It was removed. It can no longer be used to sign in."))
        return redirect("security")
    context = {"form": form, "factor": row}
    return page(request, "account/factors/remove.html", context, status=422 if form.errors else 200)


@require_POST
@any_person
@before_second_factor
def confirm_options(request: Request) -> HttpResponse:
    """Return what the browser needs to ask for a passkey of the signed-in person."""
    if not any(row.type == PASSKEY for row in _own(request)):
        return answer(request, 409, gettext("You have no passkey. Enter your password or a code."))
    return JsonResponse(passkeys.request_options(request, request.user))


@require_POST
@any_person
@before_second_factor
def confirm_passkey(request: Request) -> HttpResponse:
    """Confirm the person by their passkey: for a sensitive act, or for an administrator's session."""
    form = AnswerForm(request.POST)
    try:
        if not form.is_valid():
            raise NotProven("the answer cannot be read")
        passkeys.proven(request, form.cleaned_data["credential"], request.user)
    except NotProven as why:
        record_committed(
            Kind.CONFIRMATION_FAILED,
            by=Actor.from_request(request),
            target=Target.of(request.user),
            outcome=Outcome.DENIED,
            detail={"reason": str(why)[:200]},
        )
        return answer(request, 422, gettext("This passkey was not accepted. Try again."))
    stepup.confirm(request)
    if gate.stage_of(request) is Stage.PROVEN:
        gate.used(request, PASSKEY)
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"confirmed": True})
    return redirect("second_factor")


def _question(request: Request) -> HttpResponse | None:
    """Return the page that asks for a confirmation, or leads back from it; None when there is a fresh one."""
    if "confirming" not in request.POST and stepup.is_fresh(request):
        return None
    form = ConfirmedForm(request.POST if "confirming" in request.POST else None, request=request)
    if form.is_bound and form.is_valid():
        return redirect(request.path)
    return page(request, "account/factors/confirm.html", {"form": form}, status=422 if form.errors else 200)


def _check_may_add(request: Request) -> None:
    """Raise NotPermitted unless this session may add a factor to its account."""
    if gate.stage_of(request) not in (Stage.PROVEN, Stage.ENROLS):
        raise NotPermitted


def _added(request: Request, factor: str) -> HttpResponse:
    """Go on after a factor was added: to the recovery codes if there are none yet."""
    person_sessions.change_id(request)
    gate.used(request, factor)
    stepup.confirm(request)
    if not any(row.type == recovery.CODES for row in _own(request)):
        return redirect("recovery_codes")
    return redirect("second_factor" if NEXT in request.session else "security")


def _own(request: Request) -> list[Authenticator]:
    return list(Authenticator.objects.filter(user=request.user).order_by("created_at", "pk"))


def _device(request: Request) -> str:
    """Return a name for a new passkey: the system that the browser names."""
    agent = request.headers.get("User-Agent", "")
    systems = ("iPhone", "iPad", "Android", "Windows", "Macintosh", "Linux")
    return next((name.replace("Macintosh", "Mac") for name in systems if name in agent), gettext("Passkey"))
