"""Reports in the browser: asked for, watched, fetched whole or in parts; and who may not."""

import hashlib
import json
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.http import StreamingHttpResponse
from django.test import Client
from django.utils import timezone

from auditportal.accounts.models import Grant, User
from recordings.audit import Actor, Kind, Outcome
from recordings.audit.opened import COLUMNS, open_events, stored
from recordings.models import AuditEvent, Report, ReportState
from recordings.reports import files
from recordings.reports.actions import fail_report, request_report
from recordings.reports.leases import claim, renew
from recordings.trail.filters import TrailFilters
from tests.factories import PASSWORD, person

CONTENT = b"event_no,kind\r\n" + b"".join(b"%d,object.opened\r\n" % number for number in range(1000))


@pytest.fixture(autouse=True)
def reports_dir(settings: Any, tmp_path: Path) -> Path:
    settings.REPORTS_DIR = tmp_path
    return tmp_path


@pytest.fixture
def noa(db: None) -> User:
    return person("compliance_officer", "noa.levi")


def signed_in(user: User) -> Client:
    client = Client()
    assert client.post("/accounts/login/", {"login": user.username, "password": PASSWORD}).status_code == 302
    return client


def asked(user: User, **filters: Any) -> Report:
    by = Actor(f"user:{user.pk}", "person", user.full_name)
    return request_report(filters=TrailFilters(**filters), format="csv", requested_by=user, by=by)


def ready(user: User) -> Report:
    """A finished report whose file holds CONTENT."""
    report = asked(user)
    Report.objects.filter(pk=report.pk).update(
        state=ReportState.READY,
        attempts=1,
        rows_done=1000,
        rows_expected=1000,
        file_name="audit-trail-2026-11-20-0a1b2c3d.csv",
        size_bytes=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        built_at=timezone.now(),
    )
    report.refresh_from_db()
    files.file_of(report).write_bytes(CONTENT)
    return report


def body_of(response: Any) -> bytes:
    return response.getvalue() if isinstance(response, StreamingHttpResponse) else response.content


def downloads() -> list[dict[str, Any]]:
    events = AuditEvent.objects.filter(kind=Kind.REPORT_DOWNLOADED).order_by("id")
    return [json.loads(bytes(event.body)) for event in events]


# --- asking


def test_a_report_is_asked_for_and_watched(noa: User) -> None:
    client = signed_in(noa)
    response = client.post(
        "/reports/request/", {"format": "jsonl", "group": ["viewing"], "since": "2026-11-01"}
    )
    report = Report.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/reports/{report.pk}/")
    assert (report.format, report.filters) == ("jsonl", {"groups": ["viewing"], "since": "2026-11-01"})
    assert report.requested_by == noa
    event = AuditEvent.objects.get(kind=Kind.REPORT_REQUESTED)
    assert report.last_event_id < event.id
    assert json.loads(bytes(event.body))["action_detail"] == {
        "format": "jsonl",
        "filters": {"groups": ["viewing"], "since": "2026-11-01"},
        "last_event": report.last_event_id,
    }
    page = client.get(f"/reports/{report.pk}/").content.decode()
    assert "Waiting for a worker" in page
    assert f'hx-get="/reports/{report.pk}/progress/"' in page


def test_the_filters_of_the_trail_come_along(noa: User) -> None:
    form = (
        signed_in(noa).get("/reports/?group=viewing&outcome=denied&q=brandt&since=2026-11-01").context["form"]
    )
    assert (form["group"].value(), form["outcome"].value()) == (["viewing"], "denied")
    assert (form["q"].value(), form["since"].value()) == ("brandt", "2026-11-01")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"format": "exe"}, "Select a valid choice"),
        ({}, "This field is required."),
        ({"format": "csv", "since": "yesterday"}, "Enter a valid date."),
        ({"format": "csv", "group": "everything"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_read_is_said(noa: User, data: dict[str, str], sentence: str) -> None:
    response = signed_in(noa).post("/reports/request/", data)
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert not Report.objects.exists()


def test_progress_is_told_and_survives_leaving(noa: User) -> None:
    client = signed_in(noa)
    report = asked(noa)
    claimed = claim(report.pk)
    assert claimed is not None
    renew(claimed, rows_done=250, rows_expected=1000)
    now = timezone.now()
    Report.objects.update(started_at=now - timedelta(seconds=10))
    with time_machine.travel(now, tick=False):
        response = client.get(f"/reports/{report.pk}/progress/", headers={"HX-Request": "true"})
    assert response.context["row"].estimate == "about 30 s left"
    content = response.content.decode()
    assert content.strip().startswith('<div class="stack wide"')
    assert 'max="1000"' in content
    assert 'value="250"' in content
    assert client.get(f"/reports/{report.pk}/progress/")["Location"] == f"/reports/{report.pk}/"


def test_a_finished_report_no_longer_polls(noa: User) -> None:
    report = ready(noa)
    content = signed_in(noa).get(f"/reports/{report.pk}/").content.decode()
    assert "hx-get" not in content
    assert report.sha256 in content
    assert f"sha256sum --check {report.file_name}.sha256" in content


def test_a_failed_report_says_why_and_is_built_again(noa: User) -> None:
    client = signed_in(noa)
    report = asked(noa)
    again = f"/reports/{report.pk}/again/"
    assert client.post(again)["Location"] == f"/reports/{report.pk}/", "it is not done yet"
    claimed = claim(report.pk)
    assert claimed is not None
    fail_report(report=claimed, sentence="No space left where reports are kept.")
    page = client.get(f"/reports/{report.pk}/").content.decode()
    assert "No space left where reports are kept." in page
    assert again in page
    assert client.post(again)["Location"] != f"/reports/{report.pk}/"
    assert Report.objects.count() == 2


@pytest.mark.parametrize("many", [1, 3])
def test_the_list_takes_the_same_queries_however_many(
    noa: User, django_assert_num_queries: Any, many: int
) -> None:
    from recordings.reports.queries import newest_reports

    for _ in range(many):
        asked(noa, actor=f"user:{noa.pk}")
    reader = User.objects.get(pk=noa.pk)
    with django_assert_num_queries(3):  # the reader's grants, reports, names in filters
        rows = newest_reports(reader)
    assert [row.filters for row in rows] == ["by Noa Levi"] * many


# --- fetching


def test_the_file_is_what_was_built_and_its_leaving_is_an_event(noa: User) -> None:
    report = ready(noa)
    response = signed_in(noa).get(f"/reports/{report.pk}/file")
    assert (response.status_code, body_of(response)) == (200, CONTENT)
    headers = (
        "Content-Type",
        "Content-Length",
        "Content-Disposition",
        "Accept-Ranges",
        "ETag",
        "Cache-Control",
    )
    assert {name: response[name] for name in headers} == {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Length": str(len(CONTENT)),
        "Content-Disposition": 'attachment; filename="audit-trail-2026-11-20-0a1b2c3d.csv"',
        "Accept-Ranges": "bytes",
        "ETag": f'"{report.sha256}"',
        "Cache-Control": "no-store",
    }
    assert response["X-Content-Type-Options"] == "nosniff"
    (event,) = downloads()
    assert (event["actor"]["ref"], event["object"]["ref"]) == (f"user:{noa.pk}", f"report:{report.pk}")
    assert event["action_detail"] == {
        "file_name": report.file_name,
        "sha256": report.sha256,
        "size_bytes": len(CONTENT),
    }


@pytest.mark.parametrize(
    ("asked_for", "part"),
    [("bytes=100-", CONTENT[100:]), ("bytes=0-9", CONTENT[:10]), ("bytes=-5", CONTENT[-5:])],
)
def test_a_broken_download_resumes(noa: User, asked_for: str, part: bytes) -> None:
    """F26."""
    report = ready(noa)
    response = signed_in(noa).get(f"/reports/{report.pk}/file", headers={"Range": asked_for})
    assert (response.status_code, body_of(response)) == (206, part)
    start = CONTENT.index(part) if len(part) > 5 else len(CONTENT) - 5
    assert response["Content-Range"] == f"bytes {start}-{start + len(part) - 1}/{len(CONTENT)}"
    assert response["Content-Length"] == str(len(part))
    assert downloads()[0]["action_detail"].get("first_byte", 0) == start


def test_a_part_beyond_the_end_is_refused(noa: User) -> None:
    report = ready(noa)
    response = signed_in(noa).get(f"/reports/{report.pk}/file", headers={"Range": "bytes=999999-"})
    assert (response.status_code, response["Content-Range"]) == (416, f"bytes */{len(CONTENT)}")
    assert downloads() == []


def test_the_rest_of_another_file_is_not_appended(noa: User) -> None:
    report = ready(noa)
    client = signed_in(noa)
    headers = {"Range": "bytes=100-", "If-Range": '"something else"'}
    assert client.get(f"/reports/{report.pk}/file", headers=headers).status_code == 200
    headers["If-Range"] = f'"{report.sha256}"'
    assert client.get(f"/reports/{report.pk}/file", headers=headers).status_code == 206


def test_looking_at_the_headers_is_no_download(noa: User) -> None:
    report = ready(noa)
    response = signed_in(noa).head(f"/reports/{report.pk}/file")
    assert (response.status_code, response["Content-Length"]) == (200, str(len(CONTENT)))
    assert downloads() == []


def test_the_checksum_file_is_what_sha256sum_reads(noa: User) -> None:
    report = ready(noa)
    response = signed_in(noa).get(f"/reports/{report.pk}/file.sha256")
    assert response.content.decode() == f"{report.sha256}  {report.file_name}\n"
    assert response["Content-Disposition"] == f'attachment; filename="{report.file_name}.sha256"'


@pytest.mark.parametrize("damage", ["gone", "shorter"])
def test_a_file_that_is_not_the_one_is_not_sent(noa: User, damage: str) -> None:
    report = ready(noa)
    path = files.file_of(report)
    path.unlink() if damage == "gone" else path.write_bytes(CONTENT[:-1])
    response = signed_in(noa).get(f"/reports/{report.pk}/file")
    assert response.status_code == 410
    assert "Request the report again." in response.content.decode()
    assert downloads() == []


def test_a_report_whose_file_was_deleted_says_so_and_is_built_again(noa: User) -> None:
    client = signed_in(noa)
    client.post("/reports/request/", {"format": "csv", "group": ["viewing"], "q": "marlowe"})
    report = Report.objects.get()
    done = {
        "attempts": 1,
        "size_bytes": len(CONTENT),
        "built_at": timezone.now(),
        "file_name": "audit-trail.csv",
    }
    Report.objects.update(state=ReportState.READY, sha256=hashlib.sha256(CONTENT).hexdigest(), **done)
    report.refresh_from_db()
    files.file_of(report).write_bytes(CONTENT)
    again, address = f"/reports/{report.pk}/again/", f"/reports/{report.pk}/"
    assert again not in client.get(address).content.decode()

    files.file_of(report).unlink()
    page = client.get(address).content.decode()
    assert "File deleted" in client.get("/reports/").content.decode()
    assert "File deleted" in page
    assert "deleted after 30 days" in page
    assert ("Ready" in page, f"{address}file" in page, again in page) == (False, False, True)
    made = Report.objects.get(pk=client.post(again)["Location"].split("/")[2])
    assert made.pk != report.pk
    assert (made.filters, made.format, made.kind) == (report.filters, report.format, report.kind)
    event = AuditEvent.objects.filter(kind=Kind.REPORT_REQUESTED).latest("id")
    (opened,) = open_events(stored(AuditEvent.objects.filter(pk=event.pk).values_list(*COLUMNS)))
    assert (opened.body["object"]["ref"], opened.private("action_detail.q")) == (
        f"report:{made.pk}",
        "marlowe",
    )


def test_a_download_that_cannot_be_logged_does_not_happen(
    committed_db: None, noa: User, admin_connection: Any
) -> None:
    report = ready(noa)
    client = signed_in(noa)
    admin_connection.execute(
        "REVOKE EXECUTE ON FUNCTION audit.record_event(bytea, text[], text[], bytea[]) FROM auditportal_app"
    )
    response = client.get(f"/reports/{report.pk}/file")
    assert response.status_code == 503
    assert b"object.opened" not in body_of(response)


# --- who


def addresses(report: Report) -> list[str]:
    base = f"/reports/{report.pk}/"
    return ["/reports/", base, f"{base}progress/", f"{base}file", f"{base}file.sha256"]


@pytest.mark.parametrize("role", ["qa_manager", "administrator", ""])
def test_who_may_not_export_sees_nothing_of_it(noa: User, role: str) -> None:
    report = ready(noa)
    client = signed_in(person(role))
    assert [client.get(address).status_code for address in addresses(report)] == [403] * 5
    assert client.post("/reports/request/", {"format": "csv"}).status_code == 403


def test_whoever_reads_the_trail_may_fetch_anybodys_report(noa: User) -> None:
    report = ready(noa)
    auditor = signed_in(person("external_auditor"))
    assert body_of(auditor.get(f"/reports/{report.pk}/file")) == CONTENT


def test_somebody_elses_report_looks_like_none(noa: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """S19, for a role that exports without reading the trail."""
    from auditportal.accounts import roles
    from recordings.permissions import Permission

    exporter = roles.Role("exporter", "Exporter", "", frozenset({Permission.EXPORT_REPORTS}))
    monkeypatch.setitem(roles.ROLES, "exporter", exporter)
    user = person("exporter")
    client = signed_in(user)
    theirs, own = ready(noa), ready(user)
    for address in addresses(theirs)[1:]:
        missing = address.replace(str(theirs.pk), str(uuid.uuid4()))
        found = [client.get(one, headers={"HX-Request": "true"}) for one in (address, missing)]
        assert [response.status_code for response in found] == [404, 404]
        assert found[0].content == found[1].content
    assert [row.report.pk for row in client.get("/reports/").context["rows"]] == [own.pk]
    assert body_of(client.get(f"/reports/{own.pk}/file")) == CONTENT


def test_a_right_that_was_withdrawn_stops_the_download(noa: User) -> None:
    """Rights are checked again when the file is fetched."""
    report = ready(noa)
    client = signed_in(noa)
    first = client.get(f"/reports/{report.pk}/file", headers={"Range": "bytes=0-9"})
    assert (first.status_code, body_of(first)) == (206, CONTENT[:10])
    Grant.objects.update(ended_at=timezone.now())
    assert client.get(f"/reports/{report.pk}/file").status_code == 403
    rest = {"Range": "bytes=10-", "If-Range": f'"{report.sha256}"'}
    assert client.get(f"/reports/{report.pk}/file", headers=rest).status_code == 403
    assert AuditEvent.objects.filter(kind=Kind.ACCESS_DENIED, outcome=Outcome.DENIED).count() == 1


def test_an_unfinished_report_has_no_file(noa: User) -> None:
    report = asked(noa)
    client = signed_in(noa)
    assert client.get(f"/reports/{report.pk}/file").status_code == 404
    assert client.get(f"/reports/{report.pk}/file.sha256").status_code == 404
