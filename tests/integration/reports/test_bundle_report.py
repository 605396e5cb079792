"""Evidence bundles as reports: asked for with one scope, waited for, built, shown, fetched; and by an operator."""

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.http import QueryDict, StreamingHttpResponse
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from auditportal.accounts.models import Grant, User
from auditportal.embedded import Services
from recordings.audit import Kind, Outcome, Target, record
from recordings.models import AuditEvent, Report, ReportState
from recordings.proof.evidence.bundle import final_checkpoint
from recordings.proof.evidence.bundle.readme import statement_in
from recordings.proof.evidence.check.verify_audit import verify
from recordings.proof.evidence.errors import NotOneScope
from recordings.reach import EVERYTHING
from recordings.reports import bundles, files, leases
from recordings.reports.actions import request_report
from recordings.reports.building import NO_RIGHT
from recordings.reports.forms import NO_RECORDING, ReportForm
from recordings.reports.tasks import build_report, sweep_reports
from recordings.trail.filters import TrailFilters
from tests import factories
from tests.factories import PASSWORD, person
from tests.integration.proof.evidence.bundles import NOA, Log, discovered, make_log, opened
from tests.sealing import open_log_long_ago

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def log(services: Services, settings: Any, tmp_path: Path) -> Log:
    settings.REPORTS_DIR = tmp_path / "reports"
    return make_log(services, settings, tmp_path)


@pytest.fixture
def noa(committed_db: None) -> User:
    return person("compliance_officer", "noa.levi")


def asked(noa: User, **filters: Any) -> Report:
    return request_report(filters=TrailFilters(**filters), format="bundle", requested_by=noa, by=NOA)


def known() -> str:
    """The reference of a recording that the portal knows, with an event on it."""
    recording = factories.recording()
    opened(str(recording.pk))
    return f"recording:{recording.pk}"


def built(report: Report) -> Report:
    build_report(str(report.pk))
    report.refresh_from_db()
    return report


def bundle_file(report: Report, name: str) -> bytes:
    with zipfile.ZipFile(files.file_of(report)) as bundle:
        return bundle.read(name)


def signed_in(user: User) -> Client:
    client = Client()
    assert client.post("/accounts/login/", {"login": user.username, "password": PASSWORD}).status_code == 302
    return client


def detail_of(kind: str) -> dict[str, Any]:
    event = AuditEvent.objects.filter(kind=kind).latest("id")
    return json.loads(bytes(event.body))["action_detail"]


# --- asking


def form(**given: str | list[str]) -> ReportForm:
    query = QueryDict(mutable=True)
    for name, value in {"format": "bundle", **given}.items():
        query.setlist(name, value if isinstance(value, list) else [value])
    return ReportForm(query, reach=EVERYTHING)


def test_a_right_that_is_withdrawn_while_a_bundle_is_built_leaves_no_file(
    log: Log, noa: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = asked(noa, target=known())
    log.seal(manifest=True)
    build = bundles.build_bundle

    def meanwhile(*args: Any) -> Any:
        Grant.objects.update(ended_at=timezone.now())
        return build(*args)

    monkeypatch.setattr(bundles, "build_bundle", meanwhile)
    built(report)
    assert (report.state, report.error, report.file_name) == (ReportState.FAILED, NO_RIGHT, "")
    assert AuditEvent.objects.get(kind=Kind.REPORT_FAILED).outcome == Outcome.DENIED
    assert not AuditEvent.objects.filter(kind=Kind.REPORT_BUILT).exists()
    assert list(files.folder().iterdir()) == []


def test_one_scope_is_taken_from_the_filters(committed_db: None) -> None:
    tom = person(username="tom.brandt")
    known = factories.recording()
    number = known.object_id
    scopes = {
        (): {},
        (("q", str(number)),): {"target": f"object:{number}"},
        (("q", f"object:0{number}"),): {"target": f"object:{number}"},
        (("q", str(known.pk)),): {"target": f"recording:{known.pk}"},
        (("q", f"recording:{str(known.pk).upper()}"),): {"target": f"recording:{known.pk}"},
        (("q", "Tom Brandt"),): {"actor": f"user:{tom.pk}"},
        (("person", f"user:{tom.pk}"), ("since", "2026-11-01")): {
            "actor": f"user:{tom.pk}",
            "since": date(2026, 11, 1),
        },
    }
    for given, expected in scopes.items():
        asking = form(**dict(given))
        assert asking.is_valid(), asking.errors
        assert asking.filters() == TrailFilters(**expected)


def test_anything_but_one_scope_is_refused_with_a_sentence(committed_db: None) -> None:
    tom = person(username="tom.brandt")
    given: list[dict[str, Any]] = [
        {"group": ["viewing"]},
        {"outcome": "denied"},
        {"purpose": "quality"},
        {"kind": ["object.opened"]},
        {"q": "nobody of this name"},
        {"q": str(factories.recording().object_id), "person": f"user:{tom.pk}"},
    ]
    for filters in given:
        asking = form(**filters)
        assert not asking.is_valid()
        assert asking.non_field_errors() == [NotOneScope.sentence]
    assert form(format="csv", outcome="denied").is_valid()


def test_an_id_of_no_recording_is_not_guessed_at(committed_db: None) -> None:
    assert form(q=str(uuid4())).non_field_errors() == [NO_RECORDING]


UNKNOWN = {
    "object:999999999999": "There is no object 999999999999.",
    "user:99999": "There is no person with the number 99999.",
    f"recording:{UUID(int=7)}": f"There is no recording {UUID(int=7)}.",
    f"statement:{UUID(int=7)}": f"There is no monthly statement {UUID(int=7)}.",
    f"report:{UUID(int=7)}": f"There is no report {UUID(int=7)}.",
    "system:nobody": "The trail contains no system:nobody.",
    "recording:17": "17 is not an id of this kind. The id is a UUID: 32 hexadecimal digits.",
}


@pytest.mark.parametrize("ref", UNKNOWN)
def test_a_reference_to_what_does_not_exist_is_refused_with_a_sentence(committed_db: None, ref: str) -> None:
    (sentence,) = form(q=ref).non_field_errors()
    assert sentence.startswith(UNKNOWN[ref])


def test_somebody_who_left_is_still_a_subject(committed_db: None) -> None:
    gone = person(username="gone.girl", is_active=False)
    asking = form(q=f"user:00{gone.pk}")
    assert asking.is_valid(), asking.errors
    assert asking.filters() == TrailFilters(actor=f"user:{gone.pk}")


def test_a_period_that_has_not_passed_is_refused_with_a_sentence(committed_db: None) -> None:
    today = timezone.now().date()
    assert form(until=str(today)).non_field_errors()[0].startswith("The period ends in the future")
    assert form(since=str(today + timedelta(days=2))).non_field_errors()[0].startswith("The period begins")
    assert form(since=str(today), until=str(today), format="csv").is_valid()
    assert form(until=str(today - timedelta(days=1))).is_valid()


# --- building


def test_a_bundle_is_asked_for_built_shown_and_fetched(log: Log, noa: User) -> None:
    about = factories.recording()
    opened(str(about.pk))
    client = signed_in(noa)
    answer = client.post("/reports/request/", {"format": "bundle", "q": f"recording:{about.pk}"})
    report = Report.objects.get()
    assert answer.headers["Location"] == f"/reports/{report.pk}/"
    log.seal()
    report = built(report)
    assert (report.state, report.error, report.rows_done) == (ReportState.READY, "", 1)
    page = client.get(f"/reports/{report.pk}/").content.decode()
    assert "Self-signed only" in page
    for name, text in statement_in(bundle_file(report, "README.txt").decode()):
        assert f"<dt>{name}</dt>" in page
        assert f"<bdi>{escape(text)}</bdi>" in page
    assert f"all events about recording:{about.pk}" in page
    assert f"python3 verify_audit.py {report.file_name} --policy your-policy.txt" in page
    answer = client.get(f"/reports/{report.pk}/file")
    assert answer.headers["Content-Type"] == "application/zip"
    assert isinstance(answer, StreamingHttpResponse)
    result = verify(io.BytesIO(answer.getvalue()), policy=log.signer.policy_text)
    assert result.verdict == "CONSISTENT (self-signed only)"
    assert report.file_name.endswith(".zip")


def test_what_was_built_is_in_the_trail(log: Log, noa: User) -> None:
    about = factories.recording()
    opened(str(about.pk))
    report = asked(noa, target=f"recording:{about.pk}")
    size = log.seal()
    report = built(report)
    detail = detail_of("export.built")
    claims_ = json.loads(bundle_file(report, "bundle.json"))
    assert detail["checkpoint_size"] == size == claims_["size"]
    assert (detail["sha256"], detail["size_bytes"]) == (report.sha256, report.size_bytes)
    assert (detail["rows"], detail["leaves"], detail["witnesses"]) == (1, 4, [])
    assert detail["csv_sha256"] == claims_["files"]["report.csv"]
    assert claims_["report"] == str(report.pk)
    assert detail_of("export.requested")["scope"] == claims_["scope"]
    assert "Marlowe" not in json.dumps(detail)  # the sentences name people: they stand in the file alone


def test_nobody_was_given_it_is_a_certificate(services: Services, log: Log, noa: User) -> None:
    open_log_long_ago(services, log.signer)
    never = factories.recording()
    discovered(str(never.pk))
    client = signed_in(noa)
    client.post("/reports/request/", {"format": "bundle", "q": str(never.pk)})
    log.seal()
    report = built(Report.objects.get())
    assert verify(files.file_of(report)).verdict == "CONSISTENT (self-signed only)"
    page = client.get(f"/reports/{report.pk}/").content.decode()
    assert "none: no video URL was issued from " in page


def test_a_bundle_of_the_format_before_is_marked_and_stays_in_the_list(log: Log, noa: User) -> None:
    about = factories.recording()
    report = asked(noa, target=f"recording:{about.pk}")
    log.seal()
    built(report)
    old = Report.objects.create(
        requested_by=noa,
        format="bundle",
        filters={},
        last_event_id=1,
        state="ready",
        file_name="old.zip",
        size_bytes=3,
    )
    files.file_of(old).write_bytes(b"old")
    detail = {"format": "bundle", "filters": {}, "last_event": 1}
    target = Target("report", f"report:{old.pk}")
    record(Kind.REPORT_REQUESTED, by=NOA, target=target, outcome=Outcome.GRANTED, detail=detail)
    client = signed_in(noa)
    listed = client.get("/reports/").content.decode()
    assert listed.count("Old format") == 1
    page = client.get(f"/reports/{old.pk}/").content.decode()
    assert "Old format" in page
    assert f"/reports/{old.pk}/again/" in page
    assert "No current verifier can check it." in page
    assert "Old format" not in client.get(f"/reports/{report.pk}/").content.decode()


def test_a_bundle_asked_for_before_the_format_changed_says_so(log: Log, noa: User) -> None:
    old = Report.objects.create(requested_by=noa, format="bundle", filters={}, last_event_id=1)
    detail = {"format": "bundle", "filters": {}, "last_event": 1}
    target = Target("report", f"report:{old.pk}")
    record(Kind.REPORT_REQUESTED, by=NOA, target=target, outcome=Outcome.GRANTED, detail=detail)
    assert built(old).error == bundles.ASKED_BEFORE


def test_without_a_sealed_log_it_fails_with_a_sentence(log: Log, noa: User) -> None:
    report = built(asked(noa, target=known()))
    assert (report.state, report.error) == (ReportState.FAILED, final_checkpoint.NOT_OPENED)
    assert detail_of("export.failed") == {"reason": final_checkpoint.NOT_OPENED}
    assert list(files.folder().iterdir()) == []


def test_while_it_waits_the_lease_is_kept(log: Log, noa: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(final_checkpoint, "WAIT_SECONDS", 2.0)
    monkeypatch.setattr("recordings.reports.bundles.RENEW_SECONDS", 0.0)
    log.seal()
    report = asked(noa, target=known())
    with sealing_soon(log):
        report = built(report)
    assert report.state == ReportState.READY


def test_a_killed_builders_bundle_is_built_by_the_next(log: Log, noa: User) -> None:
    report = asked(noa, target=known())
    log.seal()
    leases.claim(report.pk)
    (files.folder() / f"{report.pk}.1.partial").write_text("half a bun")
    Report.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    opened("1")
    log.seal(manifest=True)
    assert sweep_reports() == 1
    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.READY, 2)
    assert [path.name for path in files.folder().iterdir()] == [f"{report.pk}.2.bundle"]
    assert verify(files.file_of(report)).verdict == "CONSISTENT (self-signed only)"


def test_a_builder_that_lost_its_lease_stops(log: Log, noa: User, monkeypatch: pytest.MonkeyPatch) -> None:
    report = asked(noa, target=known())
    log.seal()
    monkeypatch.setattr("recordings.reports.bundles.RENEW_SECONDS", 0.0)
    renew = leases.renew

    def taken_over(report: Report, **figures: Any) -> None:
        Report.objects.update(attempts=2, leased_until=timezone.now() + leases.LEASE)
        renew(report, **figures)

    monkeypatch.setattr(leases, "renew", taken_over)
    report = built(report)
    assert (report.state, report.attempts, report.sha256) == (ReportState.BUILDING, 2, "")
    assert list(files.folder().iterdir()) == []


def test_no_room_for_a_bundle_fails_with_a_sentence(
    log: Log, noa: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "room_for", lambda size_bytes: False)
    report = asked(noa, target=known())
    log.seal()
    assert built(report).error.startswith("There is no space left")


def test_a_right_that_was_withdrawn_builds_no_bundle(log: Log, noa: User) -> None:
    report = asked(noa, target=known())
    log.seal()
    Grant.objects.update(ended_at=timezone.now())
    assert built(report).state == ReportState.FAILED


# --- the command


@contextmanager
def sealing_soon(log: Log) -> Iterator[None]:
    """A sealer at work beside the test."""
    done = threading.Event()

    def work() -> None:
        while not done.wait(0.1):
            log.seal()
        connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_an_operator_exports_a_bundle(log: Log, tmp_path: Path) -> None:
    opened("1")
    log.seal()
    recording = factories.recording().pk
    opened(str(recording))
    out, said = tmp_path / "evidence.zip", io.StringIO()
    with sealing_soon(log):
        call_command("export_report", recording=recording, out=out, stdout=said)
    result = verify(out, policy=log.signer.policy_text)
    assert result.verdict == "CONSISTENT (self-signed only)"
    assert "1 events, 4 leaves. Self-signed only" in said.getvalue()
    assert f"About: all events about recording:{recording} (“Dana Marlowe”)\n" in said.getvalue()
    assert out.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.glob("*evidence*")) == ["evidence.zip"]
    event = AuditEvent.objects.get(kind="export.requested")
    assert event.actor_ref == "system:export_report"
    assert detail_of("export.requested")["scope"] == {"kind": "target", "ref": f"recording:{recording}"}
    assert detail_of("export.built")["file_name"] == "evidence.zip"


def test_a_command_that_cannot_prove_says_why_and_leaves_nothing(log: Log, tmp_path: Path) -> None:
    out = tmp_path / "evidence.zip"
    with pytest.raises(CommandError, match="has not been opened yet"):
        call_command("export_report", out=out)
    assert not out.exists()
    assert detail_of("export.failed") == {"reason": final_checkpoint.NOT_OPENED}


def test_a_command_replaces_no_file(log: Log, tmp_path: Path) -> None:
    out = tmp_path / "evidence.zip"
    out.write_text("somebody's")
    with pytest.raises(CommandError, match="could not be written: File exists"):
        call_command("export_report", out=out)
    assert out.read_text() == "somebody's"
    assert not AuditEvent.objects.filter(kind="export.requested").exists()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"object": 999999999999}, "There is no object 999999999999"),
        ({"recording": UUID(int=7)}, "There is no recording"),
        ({"person": 99999}, "There is no person"),
        ({"to": date(2999, 1, 1)}, "The period ends in the future"),
        ({"from": date(2999, 1, 1)}, "The period begins in the future"),
    ],
)
def test_a_command_about_nothing_is_refused_before_anything_is_written(
    log: Log, tmp_path: Path, given: dict[str, Any], sentence: str
) -> None:
    out = tmp_path / "evidence.zip"
    with pytest.raises(CommandError, match=sentence):
        call_command("export_report", out=out, **given)
    assert not out.exists()
    assert not AuditEvent.objects.filter(kind="export.requested").exists()
