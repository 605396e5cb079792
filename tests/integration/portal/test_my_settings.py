"""A person's own language and time zone: chosen, kept, followed by the next page, and by nobody else's."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from auditportal.accounts.models import User
from recordings.models import AuditEvent
from tests.factories import PASSWORD, conversation, person


@pytest.fixture
def noa(db: None) -> User:
    return person("compliance_officer", "noa.levi")


def signed_in(user: User, **headers: str) -> Client:
    client = Client(headers=headers)
    client.force_login(user)
    return client


def test_a_choice_is_kept_and_the_confirmation_is_in_the_new_language(noa: User) -> None:
    client = signed_in(noa)
    answer = client.post("/settings/", {"language": "he", "time_zone": "Asia/Jerusalem"}, follow=True)
    page = answer.content.decode()
    assert '<html lang="he" dir="rtl">' in page
    assert "ההגדרות נשמרו." in page
    noa.refresh_from_db()
    assert (noa.language, noa.time_zone) == ("he", "Asia/Jerusalem")
    assert '<html lang="en" dir="ltr">' in signed_in(person("qa_manager")).get("/").content.decode()


@pytest.mark.parametrize(
    ("chosen", "asked", "shown"),
    [
        ("", "he-IL,he;q=0.9", "he"),
        ("en", "he", "en"),
        ("he", "en", "he"),
        ("", "de", "en"),
        ("xx", "he", "he"),
    ],
)
def test_the_choice_comes_before_the_browser(noa: User, chosen: str, asked: str, shown: str) -> None:
    User.objects.filter(pk=noa.pk).update(language=chosen)
    page = signed_in(noa, **{"accept-language": asked}).get("/").content.decode()
    assert f'<html lang="{shown}"' in page


@pytest.mark.parametrize(
    ("chosen", "browser", "shown"),
    [
        ("", "", "07:30"),
        ("", "Asia/Jerusalem", "09:30"),
        ("Europe/Berlin", "Asia/Jerusalem", "08:30"),
        ("", "Nowhere/Land", "07:30"),
        ("Nowhere/Land", "Asia/Jerusalem", "07:30"),
    ],
)
def test_times_are_shown_in_the_chosen_zone_else_the_browsers_else_utc(
    noa: User, chosen: str, browser: str, shown: str
) -> None:
    thing = conversation(created_at=datetime(2026, 11, 20, 7, 30, tzinfo=UTC))
    User.objects.filter(pk=noa.pk).update(time_zone=chosen)
    client = Client()
    fields = {"login": noa.username, "password": PASSWORD, "time_zone": browser}
    assert client.post("/accounts/login/", fields).status_code == 302
    page = client.get(f"/objects/{thing.pk}/").content.decode()
    assert f"2026-11-20 {shown}" in page
    assert "2026-11-20 07:30:00 UTC" in page


@pytest.mark.parametrize("field", ["language", "time_zone"])
def test_what_is_not_in_the_list_gets_a_sentence(noa: User, field: str) -> None:
    answer = signed_in(noa).post("/settings/", {field: "qq"})
    assert answer.status_code == 400
    assert "Select a valid choice" in answer.content.decode()


def test_one_request_leaves_nothing_to_the_next(noa: User) -> None:
    User.objects.filter(pk=noa.pk).update(language="he", time_zone="Asia/Jerusalem")
    signed_in(noa).get("/")
    assert timezone.get_current_timezone_name() == "UTC"
    assert '<html lang="en"' in Client().get("/accounts/login/").content.decode()


def test_the_words_of_scripts_are_public_and_kept(db: None) -> None:
    answer: Any = Client().get("/words/he.js")
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "עוד" in answer.content.decode() or "gettext" in answer.content.decode()
    assert Client().get("/words/qq.js").status_code == 404


def test_own_name_and_mail_are_changed_with_the_password(noa: User) -> None:
    client = signed_in(noa)
    fields = {
        "full_name": "Noa Levi-Katz",
        "email": "noa@audit.example.com",
        "seen_full_name": noa.full_name,
        "seen_email": noa.email,
    }
    refused = client.post("/settings/name/", {**fields, "password": "wrong"})
    assert refused.status_code == 422
    assert "The password or code is wrong." in refused.content.decode()
    answer = client.post("/settings/name/", {**fields, "password": PASSWORD}, follow=True)
    assert "The changes were saved." in answer.content.decode()
    noa.refresh_from_db()
    assert (noa.full_name, noa.email) == ("Noa Levi-Katz", "noa@audit.example.com")
    event = AuditEvent.objects.get(kind="person.changed")
    assert (event.actor_ref, event.target_ref) == (f"user:{noa.pk}", f"user:{noa.pk}")


def test_an_own_address_that_somebody_has_is_refused(noa: User) -> None:
    person("qa_manager", email="tom@claims.example")
    fields = {"full_name": "Noa Levi", "email": "Tom@claims.example", "password": PASSWORD}
    answer = signed_in(noa).post("/settings/name/", {**fields, "seen_full_name": noa.full_name})
    assert "Another active person has this mail address." in answer.content.decode()
    assert User.objects.get(pk=noa.pk).email == ""
