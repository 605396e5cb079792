"""Verify a bundle, and download the verifiers."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from recordings.audit import Actor, Kind, Outcome, record_committed
from recordings.http import Request, attachment, page
from recordings.permissions import Permission
from recordings.policies import open_view, permission_required
from recordings.proof.evidence.check.admission import Admission, NotAdmitted
from recordings.proof.evidence.check.forms import BundleForm
from recordings.proof.evidence.check.inspection import VERIFIER, Inspection, inspect
from recordings.proof.evidence.check.single_file import SCRIPTS, TEMPLATE, single_file
from recordings.proof.evidence.check.uploads import LARGEST
from recordings.proof.evidence.trust import log_keys
from recordings.wording import filled

_admission = Admission()
_LONGEST_VERDICT = 1000
_TOO_LARGE = filled(
    _("The file is larger than %(megabytes)s MB. Verify it with verify_audit.py on your own computer."),
    megabytes=LARGEST // 1024**2,
)


@dataclass(frozen=True)
class CheckedFile:
    """A verified file. `by_policy`: whether the portal's own policy was used."""

    name: str
    size: int
    sha256: str
    by_policy: bool
    inspection: Inspection


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.READ_TRAIL)
def verify_page(request: Request) -> HttpResponse:
    """Show the form, and verify a bundle with the program that an outsider runs."""
    context: dict[str, Any] = {"hashes": _hashes(), "keys": log_keys(), "form": BundleForm()}
    if request.method != "POST":
        return page(request, "evidence/verify.html", context)
    context["form"] = form = BundleForm(request.POST, request.FILES)
    status = 400
    if getattr(request, "upload_too_large", False):
        context |= {"form": BundleForm(), "refused": _TOO_LARGE}
    elif form.is_valid():
        try:
            context["checked"], status = _check(request, form.cleaned_data["bundle"]), 200
        except NotAdmitted as error:
            context["refused"], status = error.sentence, error.status
    return page(request, "evidence/verify.html", context, status=status)


def _check(request: Request, upload: Any) -> CheckedFile:
    """Verify the file within the request, and record the result before it is shown. Raises NotAdmitted."""
    with _admission.turn(request.user.pk):
        digest = hashlib.file_digest(upload, "sha256").hexdigest()
        policy: Path | None = settings.AUDIT_POLICY_FILE
        inspection = inspect(Path(upload.temporary_file_path()), policy, settings.AUDIT_TSA_CERTIFICATES)
    record_committed(
        Kind.BUNDLE_CHECKED,
        by=Actor.from_request(request),
        outcome=Outcome.ERROR if inspection.exit_code == 1 else Outcome.COMPLETED,
        detail={
            "sha256": digest,
            "size_bytes": upload.size,
            "verdict": inspection.verdict[:_LONGEST_VERDICT],
            "failed": inspection.failed,
        },
    )
    return CheckedFile(upload.name, upload.size, digest, policy is not None, inspection)


@require_safe
@permission_required(Permission.READ_TRAIL)
def verifier(request: Request) -> HttpResponse:
    """Download verify_audit.py, the same bytes as in every bundle."""
    response = HttpResponse(VERIFIER.read_bytes(), content_type="text/x-python; charset=utf-8")
    return attachment(response, "verify_audit.py")


@require_safe
@open_view
def in_browser(request: Request) -> HttpResponse:
    """Show the browser's verifier in the reader's language. It verifies files without the portal's help."""
    return page(request, TEMPLATE, {"scripts": SCRIPTS})


@require_safe
@permission_required(Permission.READ_TRAIL)
def browser_verifier(request: Request) -> HttpResponse:
    """Download the browser's verifier as a single file, the same bytes as in every bundle."""
    return attachment(HttpResponse(single_file(), content_type="text/html; charset=utf-8"), "verify.html")


@cache
def _hashes() -> dict[str, str]:
    """Return the SHA-256 of each verifier, by file name."""
    files = {"verify_audit.py": VERIFIER.read_bytes(), "verify.html": single_file()}
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
