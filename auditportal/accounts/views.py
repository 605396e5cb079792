"""Sign-in, sign-out, and the people page of administrators."""

from typing import Any

from allauth.account.views import LoginView, LogoutView
from django.conf import settings
from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from auditportal.accounts import session
from auditportal.accounts.actions import grant_role, revoke_role
from auditportal.accounts.attempts import remember_device
from auditportal.accounts.models import Grant, User
from auditportal.accounts.roles import ROLES
from recordings.audit import Actor
from recordings.http import Request, page
from recordings.permissions import Permission
from recordings.policies import any_person, open_view, permission_required


class SignInView(LoginView):  # type: ignore[misc]  # allauth is not typed
    """allauth's sign-in; in the demo its card names the demo accounts."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["session_ended"] = "ended" in self.request.GET
        if settings.DEMO:
            people = User.objects.filter(is_active=True).order_by("pk")[:8]
            context["demo_accounts"] = [
                {"username": user.username, "role_label": user.role_label} for user in people
            ]
        return context

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form with its sentence; 429 where the next attempt has to wait."""
        response: HttpResponse = super().form_invalid(form)
        for error in form.errors.as_data().get("__all__", ()):
            if error.code == "too_many_login_attempts":
                response.status_code = 429
                response.headers["Retry-After"] = str(error.params["seconds"])
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        """Sign the person in, and remember the device: failed attempts elsewhere do not delay it."""
        response: HttpResponse = super().form_valid(form)
        if isinstance(self.request.user, User):
            remember_device(response, self.request.user)
        return response


class SignOutView(LogoutView):  # type: ignore[misc]  # allauth is not typed
    """allauth's sign-out; the browser forgets what it has kept of the pages. Cookies stay: one marks the device."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post(*args, **kwargs)
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


sign_in = open_view(SignInView.as_view())
sign_out = open_view(SignOutView.as_view())


@require_safe
@any_person
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
def signed_in(request: Request) -> HttpResponse:
    """Where the sign-in of a covered page leads, in a tab of its own."""
    return page(request, "account/signed_in.html", {})


@require_safe
@permission_required(Permission.MANAGE_PEOPLE)
def people(request: Request) -> HttpResponse:
    """Everybody with an account, their roles, and a way to change them."""
    standing = Prefetch("grants", Grant.objects.filter(ended_at=None), to_attr="standing")
    rows = [
        {"user": user, "held": [ROLES[g.role] for g in user.standing if g.role in ROLES]}
        for user in User.objects.order_by("full_name", "pk").prefetch_related(standing)
    ]
    return page(request, "account/people.html", {"rows": rows, "roles": ROLES.values()})


@require_POST
@permission_required(Permission.MANAGE_PEOPLE)
def change_role(request: Request, pk: int) -> HttpResponse:
    """Grant or end one role of one person; nobody changes their own."""
    user = get_object_or_404(User, pk=pk)
    role, ends = request.POST.get("role", ""), "end" in request.POST
    if user.pk == request.user.pk:
        messages.error(request, "Your own roles are changed by another administrator.")
    elif role not in ROLES:
        messages.error(request, "Choose one of the roles in the list.")
    else:
        actor = Actor.from_request(request)
        if ends:
            revoke_role(user=user, role=role, by=actor, ended_by=request.user)
        else:
            grant_role(user=user, role=role, by=actor, granted_by=request.user)
        done = "no longer has" if ends else "has"
        messages.success(request, f"{user.full_name} {done} the role {ROLES[role].label}.")
    return redirect("people:list")
