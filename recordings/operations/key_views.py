"""Add and retire CommBox's API keys. Both ask the person for a confirmation."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from recordings.api_keys import keys
from recordings.api_keys.forms import KeyForm
from recordings.audit import Actor
from recordings.http import Request
from recordings.operations.views import operations_page
from recordings.permissions import Permission
from recordings.policies import permission_required
from recordings.stepup import ConfirmedForm
from recordings.wording import stored


@require_POST
@permission_required(Permission.VIEW_OPERATIONS)
def add_key(request: Request) -> HttpResponse:
    """Add a new API key, once CommBox has accepted it."""
    form, by = KeyForm(request.POST, request=request), Actor.from_request(request)
    if form.is_valid() and keys.is_in_use(form.cleaned_data["key"]):
        form.add_error("key", gettext("This key is already in use."))
    elif form.is_valid() and (refusal := keys.refusal_of(form.cleaned_data["key"])):
        keys.record_refusal(reason=refusal, by=by)
        form.add_error("key", stored(refusal))
    if not form.is_valid():
        return operations_page(request, key_form=form)
    row = keys.add_key(key=form.cleaned_data["key"], added_by=request.user, by=by)
    messages.success(
        request, gettext("The key ending in %(ending)s is now the primary key.") % {"ending": row.last_four}
    )
    return redirect("operations:operations")


@require_http_methods(["GET", "POST"])
@permission_required(Permission.VIEW_OPERATIONS)
def retire_key(request: Request, key_id: int) -> HttpResponse:
    """Retire a key. GET shows the page that asks for a confirmation; POST retires it."""
    line = keys.line_of(key_id)
    if line is None:
        raise Http404
    form = ConfirmedForm(request.POST if request.method == "POST" else None, request=request)
    if not form.is_valid():
        context = {"key": line, "form": form, "others": len(keys.key_lines()) - 1}
        return render(request, "operations/retire_key.html", context, status=422 if form.errors else 200)
    if not keys.retire_key(key_id=key_id, by=Actor.from_request(request)):
        raise Http404
    messages.success(
        request, gettext("The key ending in %(ending)s was retired.") % {"ending": line.last_four}
    )
    return redirect("operations:operations")
