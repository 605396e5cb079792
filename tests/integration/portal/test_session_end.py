"""The end of a session is known before it comes, and leads back to where one was."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests.factories import PASSWORD, person

LOGIN = "/accounts/login/"
JSON = {"Accept": "application/json"}
POLL = {**JSON, "X-Poll": "true"}


@pytest.fixture
def clock(database_clock):
    return database_clock


@pytest.fixture
def noa(db, clock):
    client = Client()
    client.person = person("compliance_officer")
    client.post(LOGIN, {"login": client.person.username, "password": PASSWORD})
    return client


def state(client, **headers):
    return client.get("/accounts/session/", headers=headers or POLL)


def test_a_poll_tells_the_end_and_leaves_it(noa, clock):
    noa.get("/")
    clock.shift(13 * 60)
    for _ in range(3):
        told = state(noa).json()
        assert 60 < told["ends_in"] <= 120  # the database's clock goes on meanwhile
        assert (told["can_stay"], told["person"]) == (True, noa.person.pk)
    clock.shift(121)
    assert state(noa).status_code == 401


def test_staying_moves_the_end(noa, clock):
    noa.get("/")
    clock.shift(14 * 60)
    assert noa.get("/accounts/session/", headers=JSON).json()["ends_in"] > 14 * 60
    clock.shift(14 * 60)
    assert noa.get("/").status_code == 200


def test_nobody_can_stay_beyond_the_absolute_end(noa, clock):
    for _ in range(71):
        clock.shift(10 * 60)
        noa.get("/")
    clock.shift(8 * 60)
    told = state(noa).json()
    assert told["can_stay"] is False
    assert 60 < told["ends_in"] <= 120  # the database's clock goes on meanwhile


def test_the_page_knows_when_to_warn(noa, clock):
    [seconds] = re.findall(r'data-ends-in="(\d+)"', noa.get("/").content.decode())
    assert 840 < int(seconds) <= 900


def ended(noa, clock):
    clock.shift(15 * 60 + 1)
    return noa


@pytest.mark.parametrize("path", ["/objects/?q=dana+m", "/recordings/", "/audit/?actor=user%3A3"])
def test_signing_in_again_leads_back_and_says_why(noa, clock, path):
    response = ended(noa, clock).get(path)
    query = parse_qs(urlsplit(response["Location"]).query)
    assert query == {"next": [path], "ended": ["1"]}
    page = noa.get(response["Location"]).content.decode()
    assert "Your session has ended. Sign in to continue where you were." in page
    signed_in = noa.post(LOGIN, {"login": noa.person.username, "password": PASSWORD, "next": path})
    assert signed_in["Location"] == path


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/reports/?format=csv", "/reports/?format=csv"),
        ("http://elsewhere.test/reports/", "/"),
        ("http://testserver//elsewhere.test/x", "//elsewhere.test/x"),
        ("not a place", "/"),
        ("", "/"),
    ],
)
def test_a_form_that_came_too_late_leads_back_to_its_page(noa, clock, referer, back):
    """Another site is no place to come back to; allauth refuses what only looks like a path of ours."""
    response = ended(noa, clock).post("/reports/", {}, headers={"Referer": referer} if referer else {})
    assert parse_qs(urlsplit(response["Location"]).query)["next"] == [back]
    safe = noa.post(LOGIN, {"login": noa.person.username, "password": PASSWORD, "next": back})
    assert urlsplit(safe["Location"]).netloc == ""


def test_who_was_never_signed_in_is_told_of_no_session(db):
    response = Client().get("/objects/")
    assert "ended" not in response["Location"]
    assert "Your session has ended" not in Client().get(response["Location"]).content.decode()


def test_scripts_and_htmx_are_told_with_401(noa, clock):
    ended(noa, clock)
    for headers in ({"HX-Request": "true"}, JSON):
        response = noa.get("/objects/", headers=headers)
        assert (response.status_code, "HX-Redirect" in response) == (401, False)
