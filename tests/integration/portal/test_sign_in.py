"""Signing in and out: one door, limits that fail closed, every attempt in the trail."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone

from auditportal import settings as product
from recordings.audit import Kind
from recordings.models import AuditEvent
from tests.factories import PASSWORD, person

LOGIN = "/accounts/login/"


def kinds():
    return list(AuditEvent.objects.order_by("id").values_list("kind", "outcome"))


def sign_in(client, username, password=PASSWORD):
    return client.post(LOGIN, {"login": username, "password": password})


def test_signing_in_opens_the_portal_and_is_an_event(db):
    user = person("compliance_officer")
    client = Client()
    response = sign_in(client, user.username)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.get("/").status_code == 200
    assert (Kind.SIGNED_IN, "granted") in kinds()


def test_a_password_is_kept_under_argon2id_at_its_full_price(db, settings):
    """The other tests hash at the least price there is."""
    settings.PASSWORD_HASHERS = product.PASSWORD_HASHERS
    user = person("compliance_officer", password=make_password(PASSWORD))
    assert user.password.startswith("argon2$argon2id$v=19$m=102400,t=2,p=8$")
    assert sign_in(Client(), user.username).status_code == 302
    assert sign_in(Client(), user.username, "wrong").status_code == 200


def test_a_wrong_password_gets_a_sentence_and_is_an_event(db):
    user = person("compliance_officer")
    response = sign_in(Client(), user.username, "wrong")
    assert response.status_code == 200
    assert "The user name or the password is wrong." in response.content.decode()
    assert kinds()[-1] == (Kind.SIGN_IN_FAILED, "denied")


def test_a_name_that_does_not_exist_gets_the_same_answer(db):
    user = person("compliance_officer")
    known, unknown = sign_in(Client(), user.username, "wrong"), sign_in(Client(), "nobody.here", "wrong")

    def stripped(response, name):
        body = response.content.decode().replace(name, "NAME")
        return [line for line in body.splitlines() if "csrf" not in line]

    assert known.status_code == unknown.status_code
    assert stripped(known, user.username) == stripped(unknown, "nobody.here")


def test_a_closed_account_cannot_sign_in(db):
    user = person("compliance_officer", is_active=False)
    client = Client()
    sign_in(client, user.username)
    assert client.get("/")["Location"].startswith(LOGIN)


def test_without_the_counters_store_sign_in_is_refused_not_unlimited(db, redis_down):
    """F21: a clear sentence; nobody gets in uncounted."""
    user = person("compliance_officer")
    client = Client()
    response = sign_in(client, user.username)
    assert "failed attempts cannot be counted" in response.content.decode()
    assert client.get("/")["Location"].startswith(LOGIN)


def test_a_session_ends_after_fifteen_idle_minutes(db, database_clock):
    """Polls do not count as deeds."""
    user = person("compliance_officer")
    client = Client()
    sign_in(client, user.username)
    database_clock.shift(14 * 60)
    assert client.get("/").status_code == 200
    database_clock.shift(14 * 60)
    assert client.get("/", headers={"X-Poll": "true"}).status_code == 200
    database_clock.shift(61)
    assert client.get("/")["Location"].startswith(LOGIN)
    assert kinds()[-1][0] == Kind.SESSION_ENDED


def test_a_session_ends_after_twelve_hours_whatever_is_done(db, database_clock):
    user = person("compliance_officer")
    client = Client()
    sign_in(client, user.username)
    for _ in range(51):
        database_clock.shift(14 * 60)
        assert client.get("/").status_code == 200
    database_clock.shift(6 * 60 + 1)
    assert client.get("/")["Location"].startswith(LOGIN)


@pytest.mark.parametrize("hours", [-1, 1, 24])
def test_the_clock_of_the_web_server_does_not_prolong_a_session(db, database_clock, hours):
    """It may be wrong, and somebody may set it back: the database's clock counts."""
    client = Client()
    sign_in(client, person("compliance_officer").username)
    database_clock.shift(14 * 60)
    with time_machine.travel(timezone.now() + timedelta(hours=hours)):
        assert client.get("/", headers={"X-Poll": "true"}).status_code == 200
        database_clock.shift(61)
        assert client.get("/")["Location"].startswith(LOGIN)


def test_the_session_id_changes_at_sign_in_and_the_old_one_is_dead(db):
    user = person("compliance_officer")
    client = Client()
    client.get(LOGIN)
    sign_in(client, user.username)
    first = client.cookies[settings.SESSION_COOKIE_NAME].value
    client.post("/accounts/logout/")
    client.cookies[settings.SESSION_COOKIE_NAME] = first
    assert client.get("/")["Location"].startswith(LOGIN)


def test_signing_out_is_an_event(db):
    client = Client()
    sign_in(client, person("compliance_officer").username)
    client.post("/accounts/logout/")
    assert kinds()[-1][0] == Kind.SIGNED_OUT


def test_a_role_that_ends_is_gone_with_the_next_request(db):
    from auditportal.accounts.actions import end_grant
    from recordings.audit import Actor

    user = person("compliance_officer")
    client = Client()
    sign_in(client, user.username)
    assert client.get("/objects/").status_code == 200
    end_grant(grant=user.grants.get(), by=Actor.system("test"))
    assert client.get("/objects/").status_code == 403


def test_a_closed_account_is_out_with_the_next_request(db):
    """An htmx poll gets 401, not the sign-in page in a table; the page covers itself."""
    user = person("compliance_officer")
    client = Client()
    sign_in(client, user.username)
    user.is_active = False
    user.save(update_fields=["is_active"])
    response = client.get("/objects/", headers={"HX-Request": "true"})
    assert (response.status_code, "HX-Redirect" in response) == (401, False)


def test_nobody_can_sign_up(db):
    assert Client().get("/accounts/signup/").status_code == 404
    assert Client().post("/accounts/signup/", {"username": "x"}).status_code == 404


def test_after_sign_in_only_addresses_of_ours_are_gone_to(db):
    user = person("compliance_officer")
    for address in (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "%2F%2Fevil",
    ):
        response = Client().post(f"{LOGIN}?next={address}", {"login": user.username, "password": PASSWORD})
        assert "evil" not in response["Location"].partition("?")[0].removeprefix("/%2F%2F")
        assert response["Location"].startswith("/")
        assert not response["Location"].startswith(("//", "/\\"))


def test_a_portal_without_people_says_how_to_create_the_first(db: None) -> None:
    page = Client().get("/accounts/login/").content.decode()
    assert "No account exists yet" in page
    assert "manage.py create_user" in page
    person("administrator")
    assert "No account exists yet" not in Client().get("/accounts/login/").content.decode()
