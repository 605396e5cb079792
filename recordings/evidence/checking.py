"""The doors for whoever doubts us: hold a checkpoint against the log, check a bundle, take the verifier home."""

import hashlib
import threading
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from recordings.audit import Actor, Kind, Outcome, record_durably
from recordings.evidence import verify_audit
from recordings.evidence.compare import Compared, NotACheckpoint, checkpoint_in, compare
from recordings.evidence.forms import BundleForm, CompareForm
from recordings.evidence.uploads import LARGEST
from recordings.exceptions import PortalError
from recordings.http import Request, page
from recordings.permissions import Permission
from recordings.policies import permission_required
from recordings.tlog.texts import encode64

VERIFIER = Path(verify_audit.__file__)
UNPACKED = 1024 * 1024 * 1024
MEMBERS = 120_000
_KEPT_NOTE = 16_000
_PROOF, _LONGEST_PROOF = b"c2sp.org/tlog-proof@", 1024 * 1024
_NO_BUNDLE = "This is neither a bundle nor a proof. Choose the zip file as it was exported, or a .tlog-proof."
_TOO_MUCH = "Unpacked, this file is larger than any bundle of ours. Check it with verify_audit.py on your own machine."
_one_at_a_time = threading.Lock()


class BundleRefused(PortalError):
    """A bundle that is not checked here; the sentence says why and what to do instead."""

    status = 400


@dataclass(frozen=True)
class Checked:
    """A bundle that was checked here."""

    name: str
    size: int
    sha256: str
    result: Any

    @property
    def tone(self) -> str:
        word = str(self.result.verdict)
        return "bad" if word.startswith("INVALID") else "info" if word.startswith("CONSISTENT") else "ok"


# --- compare


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


# --- bundles


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.READ_TRAIL)
def verify_page(request: Request) -> HttpResponse:
    """Check a bundle with the very file that a stranger would run."""
    context: dict[str, Any] = {"verifier_sha256": _sha256_of_verifier(), "form": BundleForm()}
    if request.method != "POST":
        return page(request, "evidence/verify.html", context)
    context["form"] = form = BundleForm(request.POST, request.FILES)
    if getattr(request, "upload_too_large", False):
        form = context["form"] = BundleForm()
        context["refused"] = _too_large()
    elif form.is_valid():
        try:
            context["checked"] = _check(request, form.cleaned_data["bundle"])
        except BundleRefused as error:
            context["refused"] = error.sentence
    return page(request, "evidence/verify.html", context, status=200 if "checked" in context else 400)


def _check(request: Request, upload: Any) -> Checked:
    """In the request: ten thousand events take seconds, and whoever asked is waiting. One at a time per process."""
    digest = hashlib.file_digest(upload, "sha256").hexdigest()
    upload.seek(0)
    _refuse_bombs(upload)
    if not _one_at_a_time.acquire(timeout=10):
        raise BundleRefused("Another bundle is being checked right now. Try again in a minute.")
    try:
        result = verify_audit.verify(upload, _policy_text(), _certificates())
    finally:
        _one_at_a_time.release()
    checked = Checked(upload.name, upload.size, digest, result)
    _record_check(request, checked)
    return checked


def _record_check(request: Request, checked: Checked) -> None:
    failed = [check.name for check in checked.result.checks if not check.ok]
    record_durably(
        Kind.BUNDLE_CHECKED,
        by=Actor.from_request(request),
        outcome=Outcome.ERROR if checked.tone == "bad" else Outcome.COMPLETED,
        detail={
            "sha256": checked.sha256,
            "size_bytes": checked.size,
            "verdict": str(checked.result.verdict),
            "failed": failed,
        },
    )


def _refuse_bombs(upload: Any) -> None:
    """What a zip announces is what can be read out of it; more than that nobody will get. A proof is short."""
    head = upload.read(len(_PROOF))
    upload.seek(0)
    if head == _PROOF and upload.size < _LONGEST_PROOF:
        return
    try:
        with zipfile.ZipFile(upload) as bundle:
            members = bundle.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise BundleRefused(_NO_BUNDLE) from None
    finally:
        upload.seek(0)
    if len(members) > MEMBERS or sum(member.file_size for member in members) > UNPACKED:
        raise BundleRefused(_TOO_MUCH)


def _too_large() -> str:
    return (
        f"The file is larger than {LARGEST // 1024**2} MB. Check it with verify_audit.py on your own machine: "
        "it takes larger ones, and is the better proof anyway."
    )


def _policy_text() -> str | None:
    path: Path | None = settings.AUDIT_POLICY_FILE
    return path.read_text() if path else None


def _certificates() -> bytes | None:
    path: Path | None = settings.AUDIT_TSA_CERTIFICATES
    return path.read_bytes() if path else None


# --- the verifier


@require_safe
@permission_required(Permission.READ_TRAIL)
def verifier(request: Request) -> HttpResponse:
    """The verifier on its own, byte for byte as every bundle carries it."""
    response = HttpResponse(VERIFIER.read_bytes(), content_type="text/x-python; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="verify_audit.py"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@cache
def _sha256_of_verifier() -> str:
    return hashlib.sha256(VERIFIER.read_bytes()).hexdigest()
