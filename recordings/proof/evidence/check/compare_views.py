"""Hold a checkpoint that somebody brings against the log; two histories are an incident."""

from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from recordings.audit import Actor, Kind, Outcome, record_durably
from recordings.http import Request, page
from recordings.permissions import Permission
from recordings.policies import permission_required
from recordings.proof.evidence.check.compare import Compared, NotACheckpoint, checkpoint_in, compare
from recordings.proof.evidence.check.forms import CompareForm
from recordings.tlog.texts import encode64

_KEPT_NOTE = 16_000


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.READ_TRAIL)
def compare_page(request: Request) -> HttpResponse:
    """A box for a checkpoint that somebody brings, and what the log says to it."""
    if request.method != "POST":
        return page(request, "evidence/compare.html", {"form": CompareForm()})
    form = CompareForm(request.POST, request.FILES)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        try:
            context["compared"] = _compare(request, form.cleaned_data)
        except NotACheckpoint as error:
            form.add_error(None, error.sentence)
    return page(request, "evidence/compare.html", context, status=200 if "compared" in context else 400)


def _compare(request: Request, given: dict[str, Any]) -> Compared:
    compared = compare(checkpoint_in(given["file"]) if given["file"] else given["note"])
    _note_contradiction(compared)
    record_durably(
        Kind.CHECKPOINT_COMPARED,
        by=Actor.from_request(request),
        outcome=Outcome.ERROR if compared.answer.alarms else Outcome.COMPLETED,
        detail={
            "verdict": compared.answer.value,
            "origin": compared.given.origin[:500],
            "size": compared.given.size,
            "root": encode64(compared.given.root),
            "note": compared.note.encode()[:_KEPT_NOTE].decode(errors="ignore"),
        },
    )
    return compared


def _note_contradiction(compared: Compared) -> None:
    """Two histories under one signature are an incident, whoever brings the proof of it. Noted once."""
    if not compared.answer.alarms:
        return
    detail = (
        f"A checkpoint of size {compared.given.size} was brought that this log signed and that is "
        f"{compared.answer.value.replace('_', ' ')}: root {encode64(compared.given.root)}."
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit.note_contradiction(%s)", [detail])
