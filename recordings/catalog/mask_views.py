"""A masked value of an object's customer is shown to people who may, with a reason. Each is an event."""

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from recordings.audit import Actor, Target
from recordings.catalog.masks import UnmaskForm, record_value_shown
from recordings.catalog.views import object_context, object_or_404
from recordings.http import Request, page
from recordings.permissions import Permission
from recordings.policies import can_use, permission_required, refuse


@require_POST
@permission_required(Permission.UNMASK_PERSONAL_DATA)
def unmask(request: Request, object_id: str) -> HttpResponse:
    """Show one masked value on the object's page. The event is committed first."""
    opened = object_or_404(request, object_id)
    if not can_use(request.user, Permission.UNMASK_PERSONAL_DATA, opened.thing):
        refuse(request, Permission.UNMASK_PERSONAL_DATA, target=Target.of(opened.thing))
    form, unmasked = UnmaskForm(request.POST), ""
    if form.is_valid():
        unmasked = form.cleaned_data["field"]
        record_value_shown(
            by=Actor.from_request(request),
            thing=opened.thing,
            field=unmasked,
            reason=form.cleaned_data["reason"],
        )
    context = {**object_context(request, opened), "unmask_form": form, "unmasked": unmasked}
    return page(request, "catalog/object.html", context, status=422 if form.errors else 200)
