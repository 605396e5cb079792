"""A form changes the fields that it shows: whatever else is sent with it has no effect."""

from typing import Any

import pytest
from django.test import Client

from auditportal.accounts.models import User
from recordings.models import Report, Viewing
from tests.factories import person, recording

EXTRA = {
    "id": "999999",
    "pk": "999999",
    "user": "1",
    "username": "root",
    "password": "!",
    "is_active": "",
    "is_staff": "on",
    "is_superuser": "on",
    "session_epoch": "7",
    "grants": "administrator",
    "role": "administrator",
    "requested_by": "1",
    "state": "ready",
    "file_name": "../../etc/passwd",
    "sha256": "0" * 64,
    "viewer": "1",
    "viewer_id": "1",
    "ended_at": "2026-11-20T12:00Z",
    "session_ref": "x",
}
PROTECTED = ("pk", "username", "password", "is_active", "session_epoch")


@pytest.fixture
def noa(db: None) -> User:
    person()  # whom 1 may name
    return person("compliance_officer", "noa.levi")


def account(user: User) -> tuple[Any, ...]:
    user.refresh_from_db()
    return (*(getattr(user, name) for name in PROTECTED), [grant.role for grant in user.grants.current()])


def posting(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_persons_own_settings_change_nothing_else_of_them(noa: User) -> None:
    before, client = account(noa), posting(noa)
    assert client.post("/settings/", {**EXTRA, "language": "he", "time_zone": ""}).status_code == 302
    client.post("/settings/name/", {**EXTRA, "full_name": "Noa Levi", "email": ""})
    assert account(noa) == before
    assert noa.language == "he"


def test_a_report_is_of_whoever_asks_for_it_and_is_not_built_by_its_form(noa: User, settings: Any) -> None:
    form = {**EXTRA, "format": "csv", "report": "events", "language": "en", "group": "viewing"}
    assert posting(noa).post("/reports/request/", form).status_code == 302
    report = Report.objects.get()
    assert (report.requested_by, report.state, report.file_name, report.sha256) == (noa, "waiting", "", "")


def test_a_viewing_is_of_whoever_presses_play(noa: User) -> None:
    film = recording()
    form = {**EXTRA, "purpose": "compliance", "note": "case 14"}
    posting(noa).post(f"/recordings/{film.pk}/viewings/", form)
    viewing = Viewing.objects.get()
    assert (viewing.recording, viewing.viewer) == (film, noa)
    assert viewing.session_ref != "x"


def test_an_administrator_grants_nothing_with_a_persons_name(db: None) -> None:
    other, client = person(), posting(person("administrator"))
    before = account(other)
    client.post(f"/people/{other.pk}/", {**EXTRA, "full_name": "Dana Marlowe", "email": ""})
    assert account(other) == before
