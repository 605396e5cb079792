"""The pages of the regular recertification of grants."""

import hashlib

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from auditportal.accounts import scopes
from auditportal.accounts.access import recertification
from auditportal.accounts.access.files import recertification_csv
from auditportal.accounts.access.forms import DecideForm, OpenForm
from auditportal.accounts.access_models import Decision, Recertification, RecertifiedGrant
from auditportal.accounts.actions import ADMINISTRATOR
from auditportal.accounts.roles import ROLES
from recordings.audit import Actor, Kind, Target, record_committed
from recordings.http import Request, attachment, page
from recordings.permissions import Permission
from recordings.policies import permission_required
from recordings.reach import Level
from recordings.stepup import ConfirmedForm


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def recertifications(request: Request) -> HttpResponse:
    """List the recertifications, and open one."""
    form = OpenForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        opened = recertification.open_recertification(
            opened_by=request.user, due_at=form.due_at(), by=Actor.from_request(request)
        )
        return redirect("access:recertification", opened.pk)
    undecided = Count("grants", Q(grants__decision=Decision.OPEN))
    rows = Recertification.objects.annotate(number=Count("grants"), undecided=undecided)
    context = {
        "rows": rows.select_related("opened_by", "closed_by").order_by("-pk"),
        "form": form,
        "is_open": rows.filter(closed_at=None).exists(),
        "now": timezone.now(),
    }
    return page(request, "access/recertifications.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def one(request: Request, pk: int) -> HttpResponse:
    """Show the grants of a recertification; POST keeps or removes the chosen ones."""
    opened = get_object_or_404(Recertification, pk=pk)
    rows = _rows(opened)
    mine_open = [
        row.pk for row in rows if row.decision == Decision.OPEN and row.grant.user_id != request.user.pk
    ]
    form = DecideForm(request.POST or None, request=request, row_ids=mine_open)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        number = recertification.decide(
            recertification=opened,
            row_ids=values["rows"],
            decision=Decision(values["decision"]),
            reason=values["reason"],
            decided_by=request.user,
            by=Actor.from_request(request),
        )
        done = ngettext("%(number)s grant was decided.", "%(number)s grants were decided.", number)
        messages.success(request, done % {"number": number})
        return redirect("access:recertification", pk)
    names = scopes.Names([scopes.limits_of(row.grant) for row in rows])
    unused_before = opened.opened_at - recertification.UNUSED_AFTER
    context = {
        "recertification": opened,
        "form": form,
        "chosen": {int(value) for value in request.POST.getlist("rows") if value.isdecimal()},
        "undecided": sum(row.decision == Decision.OPEN for row in rows),
        "rows": [
            {
                "row": row,
                "role": ROLES.get(row.grant.role),
                "level": Level(row.grant.level).label,
                "scope": names.phrases(scopes.limits_of(row.grant))
                if row.grant.role != ADMINISTRATOR
                else [],
                "may_decide": row.pk in mine_open,
                # Of somebody who has never signed in, the grant's age counts.
                "is_unused": (row.last_used_at or row.grant.starts_at) < unused_before,
            }
            for row in rows
        ],
    }
    return page(request, "access/recertification.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def close(request: Request, pk: int) -> HttpResponse:
    """Close a recertification. GET asks for the password."""
    opened = get_object_or_404(Recertification, pk=pk)
    form = ConfirmedForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        recertification.close(recertification=opened, closed_by=request.user, by=Actor.from_request(request))
        messages.success(request, gettext("The recertification is closed."))
        return redirect("access:recertification", pk)
    context = {"recertification": opened, "form": form}
    return page(request, "access/close.html", context, status=422 if form.errors else 200)


@require_POST
@permission_required(Permission.MANAGE_PEOPLE)
def save(request: Request, pk: int) -> HttpResponse:
    """Save a recertification as CSV. The event holds the file's hash, so that the audit trail proves what it said."""
    opened = get_object_or_404(Recertification, pk=pk)
    content = recertification_csv(list(_rows(opened)))
    record_committed(
        Kind.RECERTIFICATION_EXPORTED,
        by=Actor.from_request(request),
        target=Target("recertification", f"recertification:{opened.pk}"),
        detail={"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)},
    )
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    return attachment(response, f"recertification-{opened.pk}.csv")


def _rows(opened: Recertification) -> QuerySet[RecertifiedGrant]:
    rows = opened.grants.select_related("grant__user", "grant__granted_by", "decided_by")
    return rows.order_by("grant__user__full_name", "grant__pk")
