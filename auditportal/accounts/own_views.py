"""People change their own password and end their own sessions."""

from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from auditportal.accounts import person_sessions
from auditportal.accounts.people_forms import ChangePasswordForm
from auditportal.accounts.sessions import key_hash
from recordings.audit import Actor, Kind, Target, record
from recordings.http import Request, page
from recordings.policies import any_person


@require_http_methods(["GET", "HEAD", "POST"])
@any_person
def change_password(request: Request) -> HttpResponse:
    """Change the person's own password. Their other sessions end."""
    user = request.user
    form = ChangePasswordForm(request.POST if request.method == "POST" else None, request=request, user=user)
    if request.method != "POST" or not form.is_valid():
        status = 422 if form.errors else 200
        return page(request, "account/factors/change_password.html", {"form": form}, status=status)
    user.set_password(form.cleaned_data["new_password"])
    by = Actor.from_request(request)
    with transaction.atomic():
        user.save(update_fields=["password"])
        record(Kind.PASSWORD_CHANGED, by=by, target=Target.of(user))
        person_sessions.end(_others(request), user=user, by=by, ended_by=user)
        # Django ends every session that stands under the earlier password; this one goes on.
        request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        person_sessions.change_id(request)
    messages.success(request, gettext("Your password was changed. Your other sessions ended."))
    return redirect("security")


@require_POST
@any_person
def end_session(request: Request, pk: int) -> HttpResponse:
    """End one of the person's other sessions."""
    return _end(request, _others(request).filter(pk=pk))


@require_POST
@any_person
def end_other_sessions(request: Request) -> HttpResponse:
    """End all other sessions of the person."""
    return _end(request, _others(request))


def _end(request: Request, rows: person_sessions.Rows) -> HttpResponse:
    by = Actor.from_request(request)
    if person_sessions.end(rows, user=request.user, by=by, ended_by=request.user):
        messages.success(request, gettext("Ended. Whoever uses it is signed out with the next click."))
    return redirect("security")


def _others(request: Request) -> person_sessions.Rows:
    return person_sessions.all_of(request.user).exclude(key_hash=key_hash(request.session.session_key))
