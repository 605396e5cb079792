"""The list of people as a file, and people from a file."""

from typing import Any
from urllib.parse import quote

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from auditportal.accounts import invitations, mail, people_csv
from auditportal.accounts.import_forms import ConfirmImportForm, ImportForm
from auditportal.accounts.people_csv import Line
from auditportal.accounts.people_list import PeopleForm, rows_of
from recordings.audit import Actor, Kind, record_committed
from recordings.http import Request, attachment, page
from recordings.permissions import Permission
from recordings.policies import permission_required
from recordings.sheets.cells import csv_cell


@require_POST
@permission_required(Permission.MANAGE_PEOPLE)
def export(request: Request) -> HttpResponse:
    """Send the people whom the list's filters find as CSV. The export is an event, committed before."""
    form = PeopleForm(request.GET)
    rows = rows_of(form.people()) if form.is_valid() else []
    chosen = {name: value for name, value in form.cleaned_data.items() if value}
    words = {"q": chosen.pop("q")} if "q" in chosen else {}
    record_committed(
        Kind.PEOPLE_EXPORTED,
        by=Actor.from_request(request),
        detail={"people": len(rows), **chosen},
        private=words,
    )
    response = HttpResponse(people_csv.export(rows), content_type="text/csv; charset=utf-8")
    return attachment(response, f"people-{timezone.now():%Y-%m-%d}.csv")


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def import_people(request: Request) -> HttpResponse:
    """Take a file or lines, and show what would be created, and why some lines would not. Nothing is changed."""
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "most": people_csv.MOST_LINES}
        return page(request, "account/import.html", context, status=422 if form.errors else 200)
    lines, text = form.cleaned_data["lines"], form.cleaned_data["text"]
    confirm = ConfirmImportForm(request=request, initial={"text": text, "good": _good(lines)})
    return _preview(request, lines, confirm)


@require_POST
@permission_required(Permission.MANAGE_PEOPLE)
def create_imported(request: Request) -> HttpResponse:
    """Create the accounts of the good lines, all or none. Mail their links; show once those that were not mailed."""
    form = ConfirmImportForm(request.POST, request=request)
    if not form.is_valid():
        return _preview(request, form.lines, form)
    by = Actor.from_request(request)
    people = [line.person for line in form.lines if line.person]
    made = invitations.invite_people(people, by=by, invited_by=request.user)
    outcomes = invitations.mail_links(made, by=by) if mail.is_set_up() else {}
    left = [
        {
            "user": user,
            "url": request.build_absolute_uri(reverse("invitation", args=[token])),
            "problem": outcomes.get(user.pk),
        }
        for user, token in made
        if user.pk not in outcomes or outcomes[user.pk]
    ]
    context = {"made": len(made), "mailed": len(made) - len(left), "left": left, "file": _links_file(left)}
    return page(request, "account/imported.html", context)


def _preview(request: Request, lines: list[Line], form: ConfirmImportForm) -> HttpResponse:
    context = {
        "lines": lines,
        "good": _good(lines),
        "form": form,
        "can_mail": mail.is_set_up(),
    }
    return page(request, "account/import_preview.html", context, status=422 if form.errors else 200)


def _good(lines: list[Line]) -> int:
    return sum(line.person is not None for line in lines)


def _links_file(left: list[dict[str, Any]]) -> str:
    """Return the links as CSV in a data: address. They are stored nowhere, so no request could fetch them later."""
    rows = [
        ("Name", "User name", "Link"),
        *((row["user"].full_name, row["user"].username, row["url"]) for row in left),
    ]
    text = "\ufeff" + "".join(",".join(map(csv_cell, row)) + "\r\n" for row in rows)
    return f"data:text/csv;charset=utf-8,{quote(text)}"
