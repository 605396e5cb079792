"""Sign in, sign out, accept an invitation, own settings."""

from typing import Any

from allauth.account.views import LoginView, LogoutView
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from auditportal.accounts import actions, invitations, session
from auditportal.accounts.models import User
from auditportal.accounts.people_forms import NewPasswordForm, PersonForm
from auditportal.accounts.settings_form import SettingsForm
from auditportal.accounts.zones import ZONE, zone_named
from recordings.audit import Actor
from recordings.http import Request, page
from recordings.policies import any_person, before_second_factor, open_view


class SignInView(LoginView):  # type: ignore[misc]  # allauth is not typed
    """Sign in with allauth. In the demo, the page lists the demo accounts."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["single_sign_on"] = settings.OIDC_NAME if settings.OIDC_ISSUER else ""
        context["session_ended"] = "ended" in self.request.GET
        context["nobody_yet"] = not User.objects.exists()
        if settings.DEMO:
            people = User.objects.filter(is_active=True).order_by("pk")[:8]
            context["demo_accounts"] = [
                {"username": user.username, "role_label": user.role_label} for user in people
            ]
        return context

    def form_invalid(self, form: Any) -> HttpResponse:
        """Show the form with its errors; with status 429 when the next attempt has to wait."""
        response: HttpResponse = super().form_invalid(form)
        for error in form.errors.as_data().get("__all__", ()):
            if error.code == "too_many_login_attempts":
                response.status_code = 429
                response.headers["Retry-After"] = str(error.params["seconds"])
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        """Keep the browser's time zone, and sign the person in or lead them to the second step."""
        if zone_named(zone := self.request.POST.get("time_zone", "")):
            self.request.session[ZONE] = zone
        response: HttpResponse = super().form_valid(form)
        return response


class SignOutView(LogoutView):  # type: ignore[misc]  # allauth is not typed
    """Sign out with allauth, and clear the browser's cache. Cookies stay: one marks the browser."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post(*args, **kwargs)
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


sign_in = open_view(SignInView.as_view())
sign_out = open_view(SignOutView.as_view())


@require_safe
@any_person
@before_second_factor
def session_state(request: Request) -> HttpResponse:
    """Say when this session ends, for the page that warns of it. As a poll it leaves the end where it is."""
    state = {
        "ends_in": session.seconds_left(request),
        "can_stay": session.can_be_prolonged(request),
        "person": request.user.pk,
        "token": get_token(request),
    }
    return JsonResponse(state)


@require_safe
@any_person
@before_second_factor
def signed_in(request: Request) -> HttpResponse:
    """Show that the sign-in from a hidden page succeeded, in a tab of its own."""
    return page(request, "account/signed_in.html", {})


@require_http_methods(["GET", "HEAD", "POST"])
@any_person
@before_second_factor
def my_settings(request: Request) -> HttpResponse:
    """Show and save the language and the time zone in which this person reads the portal."""
    form = SettingsForm(
        request.POST or None, instance=request.user, browser_zone=request.session.get(ZONE, "")
    )
    if request.method == "POST" and form.is_valid():
        # The application may update these columns, and not those that say who somebody is.
        form.save(commit=False).save(update_fields=form.Meta.fields)
        # The confirmation is the first sentence in the new language.
        with translation.override(request.user.language or translation.get_language_from_request(request)):
            messages.success(request, gettext("Your settings were saved."))
        return redirect("my_settings")
    return page(request, "account/settings.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@any_person
def own_name(request: Request) -> HttpResponse:
    """Let a person change their own name and mail address, with their password: the trail and watermarks name them."""
    form = PersonForm(
        request.POST if request.method == "POST" else None, request=request, person=request.user
    )
    if request.method != "POST" or not form.is_valid():
        return page(request, "account/own_name.html", {"form": form}, status=422 if form.errors else 200)
    if actions.change_person(user=request.user, by=Actor.from_request(request), **form.values):
        messages.success(request, gettext("The changes were saved."))
    return redirect("my_settings")


@require_http_methods(["GET", "HEAD", "POST"])
@open_view
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Let an invited person choose a password. The link works once, and not for somebody else who is signed in."""
    by, person = Actor.from_request(request), request.user if isinstance(request.user, User) else None
    try:
        found = invitations.usable(token, person)
        if hasattr(found.user, "identity"):
            context = {"invited": found.user, "name": settings.OIDC_NAME, "token": token}
            return page(request, "account/invitation_single_sign_on.html", context)
        form = NewPasswordForm(request.POST if request.method == "POST" else None, user=found.user)
        if request.method != "POST" or not form.is_valid():
            context = {"form": form, "invited": found.user}
            return page(request, "account/invitation.html", context, status=422 if form.errors else 200)
        invitations.use_invitation(token=token, password=form.cleaned_data["password"], by=by)
    except invitations.LinkOver as over:
        invitations.record_useless(token, over.why, by)
        return page(request, "account/invitation_over.html", {"why": over.why}, status=410)
    messages.success(request, gettext("Your password is set. Sign in with it."))
    return redirect("account_login")
