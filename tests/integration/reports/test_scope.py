"""A report covers what its requester may export when it is built, says so, and goes to nobody who may export less."""

import csv
import io
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
from django.test import Client
from django.utils import timezone

from auditportal.accounts.models import Grant, User
from recordings.audit import Actor, Kind, Outcome, Target, record
from recordings.models import AuditEvent, Recording, Report, ReportState
from recordings.proof.evidence.errors import CannotBeLimited, UnknownReference
from recordings.reach import Reach
from recordings.reports import building, files
from recordings.reports.actions import request_report
from recordings.reports.queries import visible_reports
from recordings.reports.tasks import build_report
from recordings.trail.filters import TrailFilters
from recordings.trail.queries import trail_of
from tests.factories import conversation, person, recording, stream, viewing
from tests.scoped import answer

pytestmark = pytest.mark.usefixtures("committed_db")
OURS, THEIRS = 7, 8


@pytest.fixture(autouse=True)
def reports_dir(settings: Any, tmp_path: Path) -> None:
    settings.REPORTS_DIR = tmp_path / "reports"


@pytest.fixture
def ours(committed_db: None) -> Recording:
    return on(OURS, "Dana Ours")


@pytest.fixture
def theirs(committed_db: None) -> Recording:
    return on(THEIRS, "Omer Theirs")


def on(channel: int, customer: str) -> Recording:
    """A recording that somebody watched."""
    made = recording(conversation(stream=stream(f"Channel {channel}", id=channel), customer_name=customer))
    watched = viewing(made)
    by = Actor(f"user:{watched.viewer_id}", "person", "Tom Brandt")
    facts = {"by": by, "target": Target.of(made), "outcome": Outcome.GRANTED}
    record(Kind.URL_ISSUED, detail={"viewing": str(watched.pk)}, **facts)
    record(Kind.WATCHED, detail={"viewing": str(watched.pk), "watched_ms": 60_000}, **facts)
    return made


def limited(*channels: int, role: str = "compliance_officer", **scope: Any) -> User:
    user = person()
    Grant.objects.create(user=user, role=role, channels=list(channels), **scope)
    return user


def asked(user: User, format: str = "csv", kind: str = "events", **filters: Any) -> Report:
    by = Actor(f"user:{user.pk}", "person", user.full_name)
    asked_by = User.objects.get(pk=user.pk)
    return request_report(
        filters=TrailFilters(**filters), format=format, requested_by=asked_by, by=by, kind=kind
    )


def built(report: Report) -> Report:
    build_report(str(report.pk))
    report.refresh_from_db()
    return report


def rows(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files.file_of(report).read_text(encoding="utf-8-sig"))))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def regrant(user: User, *channels: int) -> None:
    user.grants.update(ended_at=timezone.now())
    Grant.objects.create(user=user, role="compliance_officer", channels=list(channels))


# --- what a report covers


@pytest.mark.parametrize("format", ["csv", "jsonl", "xlsx", "pdf"])
def test_a_report_has_the_events_in_scope_and_no_other(
    ours: Recording, theirs: Recording, format: str
) -> None:
    report = built(asked(limited(OURS), format))
    assert (report.state, report.rows_done) == (ReportState.READY, 2)
    if format == "csv":
        assert {row["object"] for row in rows(report)} == {f"object:{ours.object_id}"}
    if format == "jsonl":
        assert str(theirs.pk) not in files.file_of(report).read_text()
    assert built(asked(person("compliance_officer"), format)).rows_done > 4


@pytest.mark.parametrize(("kind", "column"), [("viewings", "recording"), ("access", "viewings")])
def test_so_have_its_viewings_and_its_people(
    ours: Recording, theirs: Recording, kind: str, column: str
) -> None:
    assert len(rows(built(asked(limited(OURS), kind=kind)))) == 1
    assert len(rows(built(asked(person("compliance_officer"), kind=kind)))) >= 2


def test_a_report_says_which_scope_it_had(ours: Recording) -> None:
    report = built(asked(limited(OURS, classes=["standard"]), "xlsx"))
    cover = dict(openpyxl.load_workbook(files.file_of(report)).worksheets[0].iter_rows(values_only=True))
    said = "channels: Channel 7 · sensitivity: Standard; only events on recordings and conversations in it"
    assert cover["Scope"] == said
    assert "in-scope" in report.file_name
    (event,) = AuditEvent.objects.filter(kind=Kind.REPORT_BUILT)
    assert b'"limited":"yes"' in bytes(event.body)
    (row,) = trail_of(f"report:{report.pk}", 1)
    assert "limited to the scope of the person" in "".join(part.text for part in row.sentence)
    page = signed_in(person("compliance_officer")).get(f"/reports/{report.pk}/").content.decode()
    assert f"scope: <bdi>{said}</bdi>" in page
    whole = built(asked(person("compliance_officer"), "xlsx"))
    cover = dict(openpyxl.load_workbook(files.file_of(whole)).worksheets[0].iter_rows(values_only=True))
    assert cover["Scope"] == "No limit"
    assert "in-scope" not in whole.file_name


def test_the_scope_is_the_one_when_it_is_built(ours: Recording, theirs: Recording) -> None:
    user = person("compliance_officer")
    report = asked(user)
    regrant(user, THEIRS)
    assert {row["object"] for row in rows(built(report))} == {f"object:{theirs.object_id}"}
    assert report.reach == User.objects.get(pk=user.pk).reach("export_reports")


def test_a_scope_that_narrows_while_it_is_built_leaves_no_file(
    ours: Recording, theirs: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = limited(OURS, THEIRS)
    write = files.Draft.write

    def meanwhile(self: files.Draft, data: bytes) -> int:
        if user.grants.count() == 1:
            regrant(user, OURS)
        return write(self, data)

    monkeypatch.setattr(files.Draft, "write", meanwhile)
    report = built(asked(user))
    assert (report.state, report.error) == (ReportState.FAILED, building.SCOPE_NARROWED)
    assert AuditEvent.objects.get(kind=Kind.REPORT_FAILED).outcome == "denied"


# --- who may have it


def pages(report: Report) -> list[str]:
    return [f"/reports/{{}}/{part}" for part in ("", "progress/", "file", "file.sha256")]


def test_others_get_it_where_they_may_export_all_of_it(ours: Recording, theirs: Recording) -> None:
    """The truth of four people and five reports."""
    whole, narrow, other = person("compliance_officer"), limited(OURS), limited(THEIRS)
    both = limited(OURS, THEIRS)
    people = {"whole": whole, "narrow": narrow, "other": other, "both": both}
    reports = {name: built(asked(user)) for name, user in people.items()}
    seen = {
        name: {
            key for key, report in reports.items() if report in visible_reports(User.objects.get(pk=user.pk))
        }
        for name, user in people.items()
    }
    assert seen == {
        "whole": {"whole", "narrow", "other", "both"},
        "narrow": {"narrow"},
        "other": {"other"},
        "both": {"narrow", "other", "both"},
    }
    for name, user in people.items():
        client = signed_in(user)
        for key, report in reports.items():
            status = client.get(f"/reports/{report.pk}/file").status_code
            assert status == (200 if key in seen[name] else 404), (name, key)


def test_a_wider_report_is_answered_as_a_missing_one(ours: Recording, theirs: Recording) -> None:
    wide = built(asked(person("compliance_officer")))
    waiting = asked(person("compliance_officer"))
    client = signed_in(limited(OURS))
    client.get("/reports/")
    for address in pages(wide):
        for htmx in (False, True):
            missing = answer(client, address, uuid4(), htmx=htmx)
            assert answer(client, address, wide.pk, htmx=htmx) == missing
            assert answer(client, address, waiting.pk, htmx=htmx) == missing
    again = "/reports/{}/again/"
    missing = answer(client, again, uuid4(), method="post")
    assert missing[0] == 404
    assert answer(client, again, wide.pk, method="post") == missing
    assert str(wide.pk) not in client.get("/reports/").content.decode()


def test_one_s_own_report_is_not_sent_once_it_covers_more_than_one_may_export(
    ours: Recording, theirs: Recording
) -> None:
    user = limited(OURS, THEIRS)
    report = built(asked(user))
    client = signed_in(user)
    assert client.get(f"/reports/{report.pk}/file").status_code == 200
    downloads = AuditEvent.objects.filter(kind=Kind.REPORT_DOWNLOADED)
    assert downloads.count() == 1
    regrant(user, OURS)
    for part in ("file", "file.sha256"):
        refused = client.get(f"/reports/{report.pk}/{part}")
        assert refused.status_code == 403
        assert "covers more than you may export now" in refused.content.decode()
    assert downloads.count() == 1
    page = client.get(f"/reports/{report.pk}/").content.decode()
    assert "covers more than you may export now" in page
    assert f"/reports/{report.pk}/file" not in page
    user.grants.update(ended_at=timezone.now())
    assert client.get(f"/reports/{report.pk}/file").status_code == 403


# --- bundles


def test_bundles_of_a_range_or_a_person_need_a_permission_without_scope(ours: Recording) -> None:
    user = limited(OURS)
    for filters in (
        {},
        {"actor": f"user:{user.pk}"},
        {"target": f"user:{user.pk}"},
        {"target": f"report:{uuid4()}"},
    ):
        with pytest.raises(CannotBeLimited) as refused:
            asked(user, "bundle", **filters)
        assert "cannot be limited to a scope" in str(refused.value)
    assert not Report.objects.exists()
    response = signed_in(user).post("/reports/request/", {"format": "bundle", "report": "events"})
    assert response.status_code == 400
    assert "cannot be limited to a scope" in response.content.decode()


def test_a_bundle_about_what_is_outside_is_refused_as_about_what_does_not_exist(
    ours: Recording, theirs: Recording
) -> None:
    user = limited(OURS)
    asked(user, "bundle", target=f"recording:{ours.pk}")
    asked(user, "bundle", target=f"object:{ours.object_id}")
    for target in (f"recording:{theirs.pk}", f"object:{theirs.object_id}"):
        with pytest.raises(UnknownReference):
            asked(user, "bundle", target=target)
    client = signed_in(user)
    client.get("/reports/")
    for format, report in (("bundle", "events"), ("csv", "viewings")):
        for foreign, missing, typed in (
            (theirs.pk, uuid4(), "{}"),
            (theirs.pk, uuid4(), "recording:{}"),
            (theirs.object_id, 1407374999999999, "{}"),
            (theirs.object_id, 1407374999999999, "object:{}"),
        ):
            given = {"method": "post", "format": format, "report": report, "q": typed}
            assert answer(client, "/reports/request/", foreign, **given) == answer(
                client, "/reports/request/", missing, **given
            )


def test_a_bundle_whose_requester_lost_its_object_is_not_built(ours: Recording, theirs: Recording) -> None:
    user = person("compliance_officer")
    about, everything = asked(user, "bundle", target=f"recording:{ours.pk}"), asked(user, "bundle")
    regrant(user, THEIRS)
    for report, said in ((about, "There is no recording"), (everything, "cannot be limited to a scope")):
        assert built(report).state == ReportState.FAILED
        assert said in report.error


def test_scopes_are_kept_as_they_are(committed_db: None) -> None:
    user = limited(OURS, role="external_auditor", classes=["standard", "restricted"], agents=[2**53 + 1])
    Grant.objects.create(user=user, role="compliance_officer", channels=[THEIRS])
    reach = User.objects.get(pk=user.pk).reach("export_reports")
    assert Report.objects.get(pk=asked(user).pk).reach == reach
    assert Reach.from_detail(reach.as_detail()) == reach
