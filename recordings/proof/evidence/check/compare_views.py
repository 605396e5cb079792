"""Compare a checkpoint that a person brings with the log. Two histories of the log are an incident."""

from typing import Any

from django.db import connection
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from recordings.audit import Actor, Kind, Outcome, record_committed
from recordings.http import Request, page
from recordings.permissions import Permission
from recordings.policies import permission_required
from recordings.proof.evidence.check.compare import Comparison, NotACheckpoint, checkpoint_in, compare
from recordings.proof.evidence.check.forms import CompareForm
from recordings.tlog.texts import encode64

_KEPT_NOTE = 16_000


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.READ_TRAIL)
def compare_page(request: Request) -> HttpResponse:
    """Show the form, and the result of a comparison."""
    if request.method != "POST":
        return page(request, "evidence/compare.html", {"form": CompareForm()})
    form = CompareForm(request.POST, request.FILES)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        try:
            context["comparison"] = _compare(request, form.cleaned_data)
        except NotACheckpoint as error:
            form.add_error(None, str(error.sentence))
    return page(request, "evidence/compare.html", context, status=200 if "comparison" in context else 400)


def _compare(request: Request, given: dict[str, Any]) -> Comparison:
    """Compare, and record the comparison before its result is shown."""
    comparison = compare(checkpoint_in(given["file"]) if given["file"] else given["note"])
    verdict, checkpoint = comparison.verdict, comparison.given
    root = encode64(checkpoint.root)
    # Two signed histories are an incident, no matter who brings the evidence. The database records it once.
    if verdict.alarms:
        with connection.cursor() as cursor:
            sentence = (
                f"This log signed a checkpoint of size {checkpoint.size} that contradicts it "
                f"({verdict.value}): root {root}."
            )
            cursor.execute("SELECT audit.note_contradiction(%s)", [sentence])
    record_committed(
        Kind.CHECKPOINT_COMPARED,
        by=Actor.from_request(request),
        outcome=Outcome.ERROR if verdict.alarms else Outcome.COMPLETED,
        detail={
            "verdict": verdict.value,
            "origin": checkpoint.origin[:500],
            "size": checkpoint.size,
            "root": root,
            "note": comparison.note.encode()[:_KEPT_NOTE].decode(errors="ignore"),
        },
    )
    return comparison
