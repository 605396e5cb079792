"""Recertification: every grant is kept or removed by somebody else, with a reason; the result is evidence."""

import csv
import hashlib
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from auditportal.accounts.models import Grant, Recertification, User
from recordings.models import AuditEvent
from tests.factories import PASSWORD, forget_confirmation, person
from tests.integration.access.events import sentences

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam() -> User:
    return person("administrator", "sam.ortiz")


@pytest.fixture
def dana() -> User:
    return person("administrator", "dana.admin")


@pytest.fixture
def rut() -> User:
    user = person("qa_manager", "rut.peled")
    User.objects.filter(pk=user.pk).update(last_login=timezone.now())
    return user


@pytest.fixture
def tom() -> User:
    user = person("compliance_officer", "tom.brandt")
    User.objects.filter(pk=user.pk).update(last_login=timezone.now() - timedelta(days=91))
    return user


@pytest.fixture
def client(sam: User) -> Client:
    client = Client()
    client.force_login(sam)
    return client


@pytest.fixture
def opened(client: Client, rut: User, tom: User, dana: User) -> Recertification:
    answer = client.post("/people/recertifications/", {"password": PASSWORD})
    assert answer.status_code == 302
    return Recertification.objects.get()


def row_of(opened: Recertification, user: User) -> int:
    return opened.grants.get(grant__user=user).pk


def decide(client: Client, opened: Recertification, *users: User, **fields: Any) -> Any:
    given = {"decision": "keep", "reason": "still in the team", "password": PASSWORD, **fields}
    return client.post(
        f"/people/recertifications/{opened.pk}/", {**given, "rows": [row_of(opened, user) for user in users]}
    )


def test_every_grant_in_force_is_listed_and_unused_ones_are_marked(
    client: Client, opened: Recertification, tom: User
) -> None:
    assert opened.grants.count() == 4
    assert opened.due_at > timezone.now() + timedelta(days=29)
    html = client.get(f"/people/recertifications/{opened.pk}/").content.decode()
    # Tom. Rut and Sam have signed in since; Dana never has, but her role is new.
    assert html.count("no sign-in or viewing for 90 days") == 1
    assert "Somebody else decides about your own grants." in html


def test_a_removed_grant_ends_and_a_kept_one_stays(
    client: Client, opened: Recertification, rut: User, tom: User
) -> None:
    assert decide(client, opened, rut).status_code == 302
    assert decide(client, opened, tom, decision="remove", reason="moved to sales").status_code == 302
    assert Grant.objects.get(user=rut).ended_at is None
    ended = Grant.objects.get(user=tom)
    assert ended.ended_at is not None
    assert ended.end_reason == "moved to sales"
    assert not User.objects.get(pk=tom.pk).roles
    said = sentences()
    assert any("recertified the role QA manager of Rut" in words for words in said)
    assert any("did not recertify the role Compliance officer of Tom" in words for words in said)


def test_nobody_decides_about_their_own_grant(client: Client, opened: Recertification, sam: User) -> None:
    assert decide(client, opened, sam).status_code == 422
    assert opened.grants.get(grant__user=sam).decision == ""


def test_a_decision_needs_password_reason_and_a_choice(
    client: Client, opened: Recertification, rut: User
) -> None:
    assert decide(client, opened, rut, reason="").status_code == 422
    answer = decide(client, opened)
    assert answer.status_code == 422
    assert "Choose at least one grant." in answer.content.decode()
    forget_confirmation(client)
    assert decide(client, opened, rut, password="wrong").status_code == 422
    assert opened.grants.filter(decision="").count() == 4


def test_what_was_typed_stays_when_it_is_refused(client: Client, opened: Recertification, rut: User) -> None:
    forget_confirmation(client)
    html = decide(client, opened, rut, password="wrong").content.decode()
    assert "still in the team" in html
    assert re.findall(r'name="rows"\s+value="(\d+)"\s+checked', html) == [str(row_of(opened, rut))]


def test_a_second_decision_about_one_grant_is_refused(
    client: Client, opened: Recertification, rut: User
) -> None:
    decide(client, opened, rut)
    assert decide(client, opened, rut, decision="remove").status_code == 422
    assert opened.grants.get(grant__user=rut).decision == "keep"


def test_one_recertification_at_a_time(client: Client, opened: Recertification) -> None:
    answer = client.post("/people/recertifications/", {"password": PASSWORD})
    assert answer.status_code == 409
    assert Recertification.objects.count() == 1


def test_it_is_closed_when_everything_is_decided(
    client: Client, opened: Recertification, rut: User, tom: User, dana: User
) -> None:
    close = f"/people/recertifications/{opened.pk}/close/"
    decide(client, opened, rut, tom)
    assert client.post(close, {"password": PASSWORD}).status_code == 409
    decide(client, opened, dana)
    # Sam's own grant is left: with one deciding administrator it stays open, and the event says so.
    assert client.post(close, {"password": PASSWORD}).status_code == 302
    opened.refresh_from_db()
    assert opened.closed_at is not None
    assert sentences()[-1].endswith("3 grants kept · 0 grants removed · 1 grant undecided")
    assert client.post(close, {"password": PASSWORD}).status_code == 409


def test_the_file_is_what_the_event_says(client: Client, opened: Recertification, rut: User) -> None:
    decide(client, opened, rut)
    answer = client.post(f"/people/recertifications/{opened.pk}/save/")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert len(lines) == 4
    assert [line["decision"] for line in lines if line["user name"] == "rut.peled"] == ["keep"]
    event = AuditEvent.objects.order_by("-id")[0]
    assert event.kind == "recertification.exported"
    assert hashlib.sha256(answer.content).hexdigest() in bytes(event.body).decode()


def test_only_administrators_recertify(rut: User, opened: Recertification) -> None:
    client = Client()
    client.force_login(rut)
    for path in ("", f"{opened.pk}/", f"{opened.pk}/close/"):
        assert client.get(f"/people/recertifications/{path}").status_code == 403
