"""False claims without any attacker: what the portal's own bundles said and must not say (T1–T4, T7).

| Row | What was claimed | Test |
|---|---|---|
| T1 | an object's bundle said that nobody watched, while its recording had been played sixty times | test_T1_… |
| T2 | the same of references that do not exist, or are spelled in another way | test_T2_… |
| T3 | the same of a period in the future | test_T3_… |
| T4 | a bundle relabelled to a longer period, or with another one's PDF, stayed as good | test_T4_… |
| T7 | the certificate named neither the log's beginning nor the call nor what it does not cover | test_T7_… |
| T1 | an object's report held none of its recordings' events, in every format | test_T1_an_object_s_report_… |
"""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.http import QueryDict
from django.utils import timezone

from auditportal.accounts.models import User
from auditportal.embedded import Services
from recordings.audit import Actor, Kind, Outcome, Purpose, Target, record
from recordings.models import Recording, Report, ReportState
from recordings.proof.evidence.bundle import final_checkpoint
from recordings.proof.evidence.bundle.scope import Scope
from recordings.proof.evidence.canonical_json import canonical
from recordings.proof.evidence.check.verify_audit import verify
from recordings.reach import EVERYTHING
from recordings.reports import files
from recordings.reports.actions import request_report
from recordings.reports.forms import ReportForm
from recordings.reports.tasks import build_report
from recordings.trail.filters import TrailFilters
from tests import factories
from tests.integration.attacks.scene import Scene
from tests.integration.proof.evidence.bundles import NOA, TOM, checked, make_log
from tests.sealing import open_log_long_ago


@pytest.fixture
def scene(
    committed_db: None, services: Services, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Scene:
    """A witnessed log that was opened long ago: it vouches for the time of these tests."""
    monkeypatch.setattr(final_checkpoint, "WAIT_SECONDS", 0.2)
    log = make_log(services, settings, tmp_path, witnesses=["internal-audit"])
    open_log_long_ago(services, log.signer)
    return Scene(log, tmp_path)


@pytest.fixture
def noa(scene: Scene, settings: Any, tmp_path: Path) -> User:
    settings.REPORTS_DIR = tmp_path / "reports"
    return factories.person("compliance_officer", "noa.levi")


@pytest.fixture
def call(noa: User) -> Recording:
    """A recording that the portal found at CommBox, as its refresh says so."""
    talk = factories.conversation(customer_name="Dana Marlowe", stream=factories.stream("Premium video"))
    made = factories.recording(
        talk,
        actor_name="Avery Cole",
        recorded_at=datetime(2026, 11, 20, 9, 14, 22, tzinfo=UTC),
        duration_seconds=542,
    )
    happened(Kind.RECORDING_DISCOVERED, made, Actor.system("refresh"))
    return made


def happened(kind: Kind, recording: Recording, by: Actor = TOM, times: int = 1) -> None:
    for _ in range(times):
        record(
            kind,
            by=by,
            target=Target.of(recording),
            outcome=Outcome.GRANTED,
            purpose=Purpose.QUALITY,
            detail={"viewing": "0198f3a2-7c11-7000-8000-000000000001"},
        )


def asked(noa: User, format: str = "bundle", **filters: Any) -> Report:
    return request_report(filters=TrailFilters(**filters), format=format, requested_by=noa, by=NOA)


def exported(scene: Scene, report: Report) -> Path:
    """The file of a report, built as the worker builds it."""
    scene.log.seal()
    build_report(str(report.pk))
    report.refresh_from_db()
    assert (report.state, report.error) == (ReportState.READY, "")
    return files.file_of(report)


def said(path: Path, scene: Scene) -> dict[str, str]:
    """What the auditor's verifier says of a bundle."""
    return dict(verify(path, policy=scene.signer.policy_text).statement)


def bundle_form(**given: str) -> ReportForm:
    query = QueryDict(mutable=True)
    query.update({"format": "bundle", **given})
    return ReportForm(query, reach=EVERYTHING)


# --- T1: an object is its recordings, too


def test_T1_an_object_s_bundle_tells_of_the_sixty_times_its_recording_was_played(
    scene: Scene, noa: User, call: Recording
) -> None:
    """The views name the recording and have the object as their parent only. They belong to it all the same."""
    happened(Kind.URL_ISSUED, call, times=60)
    path = exported(scene, asked(noa, target=f"object:{call.object_id}"))
    told = said(path, scene)
    assert told["About"].startswith(f"all events about object:{call.object_id} and its recordings")
    assert told["Viewings"] == "60 video URLs were issued"
    assert told["Events"] == "61 events"


def test_T1_nobody_is_said_only_where_a_viewing_could_stand(scene: Scene, noa: User, call: Recording) -> None:
    happened(Kind.URL_ISSUED, call, times=3)
    for filters, viewings in {
        ("target", f"user:{noa.pk}"): "not stated: this scope cannot contain viewings",
        ("target", f"recording:{call.pk}"): "3 video URLs were issued",
        (
            "target",
            f"recording:{factories.recording().pk}",
        ): "not stated: this recording was never registered in the log",
    }.items():
        path = exported(scene, asked(noa, **dict([filters])))
        assert said(path, scene)["Viewings"] == viewings


@pytest.mark.parametrize("format", ["csv", "jsonl", "bundle"])
def test_T1_an_object_s_report_holds_its_recordings_events_in_every_format(
    scene: Scene, noa: User, call: Recording, format: str
) -> None:
    happened(Kind.URL_ISSUED, call, times=20)
    happened(Kind.URL_ISSUED, factories.recording())
    path = exported(scene, asked(noa, format, target=f"object:{call.object_id}"))
    data = path.read_bytes()
    if format == "bundle":
        with zipfile.ZipFile(path) as bundle:
            data = bundle.read("report.csv")
    lines = data.decode("utf-8-sig").splitlines(keepends=True)
    if format == "jsonl":
        targets = [json.loads(json.loads(line)["body"])["object"]["ref"] for line in lines]
    else:
        targets = [row["target"] for row in csv.DictReader(io.StringIO("".join(lines), newline=""))]
    assert targets == [f"recording:{call.pk}"] * 21


# --- T2: references that exist, in their one spelling


def test_T2_what_does_not_exist_is_no_subject_of_a_bundle(noa: User, call: Recording) -> None:
    for words in ("object:999999999999", "user:99999", "recording:00000000-0000-0000-0000-000000000007"):
        assert not bundle_form(q=words).is_valid(), words


def test_T2_another_spelling_is_the_same_subject(scene: Scene, noa: User, call: Recording) -> None:
    happened(Kind.URL_ISSUED, call)
    for words in (f"recording:{str(call.pk).upper()}", f"  recording:{call.pk} ", f"recording:{call.pk.hex}"):
        form = bundle_form(q=words)
        assert form.is_valid(), (words, form.errors)
        path = exported(scene, asked(noa, **_only(form.filters())))
        assert said(path, scene)["Viewings"] == "1 video URL was issued"
    form = bundle_form(q=f"object:000{call.object_id}")
    assert form.is_valid()
    assert form.filters().target == f"object:{call.object_id}"


def _only(filters: TrailFilters) -> dict[str, Any]:
    assert filters == TrailFilters(target=filters.target)
    return {"target": filters.target}


# --- T3: at a stated moment


def test_T3_a_period_in_the_future_is_refused(noa: User, call: Recording) -> None:
    ahead = timezone.now().date() + timedelta(days=24)
    form = bundle_form(q=f"recording:{call.pk}", since=str(ahead), until=str(ahead + timedelta(days=7)))
    assert not form.is_valid()
    assert form.non_field_errors()[0].startswith("The period ends in the future")


def test_T3_a_bundle_without_an_end_names_the_moment_up_to_which_it_is_complete(
    scene: Scene, noa: User, call: Recording
) -> None:
    path = exported(scene, asked(noa, target=f"recording:{call.pk}"))
    complete = said(path, scene)["Complete"]
    until = datetime.strptime(complete.split(" until ")[1][:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    assert complete.endswith(" UTC (the report has no end; later events are not covered)")
    assert until <= timezone.now() - timedelta(seconds=59)
    assert said(path, scene)["Viewings"].endswith(complete.split(" until ")[1][:23])


# --- T4: what is claimed is what was asked for


def test_T4_a_bundle_relabelled_to_another_period_is_invalid(
    scene: Scene, noa: User, call: Recording
) -> None:
    """Everything that has a hash is made to fit; the request in the log says another scope."""
    scope = Scope("target", f"recording:{call.pk}", until=datetime(2026, 11, 29, tzinfo=UTC))
    bundle = scene.bundle(scope)
    assert checked(bundle, scene.log)
    claim = bundle.claims
    claim["scope"]["to"] = "2026-12-31T00:00:00.000000Z"
    result = verify(bundle.changed({"bundle.json": canonical(claim)}), policy=scene.signer.policy_text)
    assert result.verdict == "INVALID"
    assert "request" in [check.name for check in result.checks if check.state == "fail"]


def test_T4_the_pdf_of_another_bundle_does_not_fit(scene: Scene, noa: User, call: Recording) -> None:
    happened(Kind.URL_ISSUED, call)
    about_it = scene.bundle(Scope("target", f"recording:{call.pk}"))
    other = scene.bundle(Scope("target", f"recording:{factories.recording().pk}"))
    swapped = about_it.changed({"report.pdf": other.read("report.pdf")})
    result = verify(swapped, policy=scene.signer.policy_text)
    assert result.verdict == "INVALID"
    assert [check.name for check in result.checks if check.state == "fail"] == ["files"]
    claim = about_it.claims
    claim["files"]["report.pdf"] = other.claims["files"]["report.pdf"]
    both = about_it.changed({"report.pdf": other.read("report.pdf"), "bundle.json": canonical(claim)})
    told = dict(verify(both, policy=scene.signer.policy_text).statement)
    # Whoever makes every hash anew gets no contradiction, and no word that the PDF was checked.
    assert told["About"].startswith(f"all events about recording:{call.pk}")
    assert told["Not checked"].startswith(
        "report.xlsx, report.pdf and README.txt are copies made by the portal"
    )


# --- T7: the certificate


def test_T7_the_certificate_says_since_when_which_call_and_what_it_does_not_cover(
    scene: Scene, noa: User, call: Recording, first_page: Callable[[bytes], str]
) -> None:
    bundle = scene.bundle(Scope("target", f"recording:{call.pk}"))
    page = first_page(bundle.read("report.pdf"))
    for words in (
        "Dana Marlowe",
        "agent Avery Cole",
        "channel Premium video",
        "call at 2026-11-20 09:14:22 UTC",
        "In the portal's data",
        "opened at 20",
        "viewings inside CommBox, and anything that the portal did not record",
        "none: no video URL was issued from ",
    ):
        assert words.replace(" ", "") in page, words
