"""The list that a recording was opened from: its neighbours in it, and the link back."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from recordings.audit import AuditUnavailable
from recordings.audit.record import record_committed
from recordings.models import AuditEvent
from tests import factories

NOW = timezone.now()


@pytest.fixture
def client(db):
    client = Client()
    client.force_login(factories.person("compliance_officer"))
    return client


@pytest.fixture
def five(db):
    """Five recordings of as many objects, newest first; the second and the fourth are Dana's."""
    made = []
    for number in range(5):
        thing = factories.conversation(customer_name="Dana Marlowe" if number % 2 else "Omar Haddad")
        made.append(factories.recording(thing, recorded_at=NOW - timedelta(hours=number)))
    return made


def links(page):
    """Return the addresses of previous, next and breadcrumb."""
    text = page.content.decode()
    found = {name: re.search(rf'href="([^"]*)"[^>]*rel="{name}"', text) for name in ("prev", "next")}
    crumb = re.search(r'<nav class="crumbs".*?href="([^"]*)"', text, re.S)
    return (*(unescape(match[1]) if match else "" for match in found.values()), unescape(crumb[1]))


def opened(client, recording, query):
    return client.get(f"/recordings/{recording.pk}/?{urlencode({'list': query})}")


def pk_of(address):
    return urlsplit(address).path.split("/")[2] if address else ""


def test_the_list_says_where_its_recordings_were_opened_from(client, five):
    page = client.get("/recordings/?q=dana").content.decode()
    addresses = [unescape(one) for one in re.findall(r'data-open href="([^"]*)"', page)]
    assert [parse_qs(urlsplit(one).query) for one in addresses] == [{"list": ["q=dana"]}] * 2


@pytest.mark.parametrize(
    ("query", "order"), [("", [0, 1, 2, 3, 4]), ("q=dana", [1, 3]), ("q=omar+haddad", [0, 2, 4])]
)
def test_one_walks_through_the_list_and_back_to_it(client, five, query, order):
    for place, number in enumerate(order):
        previous, following, crumb = links(opened(client, five[number], query))
        before = str(five[order[place - 1]].pk) if place else ""
        after = str(five[order[place + 1]].pk) if place + 1 < len(order) else ""
        assert (pk_of(previous), pk_of(following)) == (before, after)
        assert crumb == "/recordings/" + (f"?{query}" if query else "")
        for address in filter(None, (previous, following)):
            kept = parse_qs(urlsplit(address).query, keep_blank_values=True)
            assert kept == {"list": [query]}


@pytest.mark.parametrize("query", ["since=yesterdaymorning", "q=" + "x" * 5000, "q=%00", "q=...", "%", "&&="])
def test_whatever_stands_in_the_address_the_page_opens(client, five, query):
    assert opened(client, five[2], query).status_code == 200


def test_without_a_list_it_is_the_object(client, five):
    _, _, crumb = links(client.get(f"/recordings/{five[0].pk}/"))
    assert crumb == "/objects/"


# --- finding the neighbours is a search


def searches():
    return AuditEvent.objects.filter(kind="search.run")


@pytest.mark.parametrize("query", ["", "q=dana", "q=0501234567", "status=2", "q=dana&status=2", "q=..."])
def test_neighbours_are_searched_for_with_an_event_once(client, five, query):
    for recording in five[:2]:
        opened(client, recording, query)
    (event,) = searches()
    assert "found" not in bytes(event.body).decode()
    assert client.get(f"/recordings/?{query}").status_code == 200
    assert searches().count() == 1


@pytest.mark.parametrize("query", ["", "q=dana", "q=0501234567", "status=2"])
def test_opening_from_a_list_that_was_just_searched_adds_no_search(client, five, query):
    client.get(f"/recordings/?{query}")
    opened(client, five[1], query)
    assert searches().count() == 1


@pytest.mark.parametrize("query", ["since=yesterdaymorning", "status=x"])
def test_what_is_no_list_is_not_searched_for(client, five, query):
    opened(client, five[1], query)
    assert not searches().exists()


def test_without_the_event_nobody_is_searched_for(client, five, monkeypatch):
    def refuse_searches(kind, **facts):
        if kind == "search.run":
            raise AuditUnavailable
        return record_committed(kind, **facts)

    monkeypatch.setattr("recordings.audit.once.record_committed", refuse_searches)
    page = opened(client, five[1], "q=dana")
    assert page.status_code == 200
    previous, following, crumb = links(page)
    assert (previous, following, crumb) == ("", "", "/objects/")


def test_in_a_large_catalog_neighbours_are_looked_for_near_by(client, db, monkeypatch):
    """Opening a recording waits for the neighbours in both directions."""
    monkeypatch.setattr("recordings.catalog.finding.HURRIED_FROM", -2)
    monkeypatch.setattr("recordings.catalog.finding.PATIENCE", 0)
    danas = [("Dana", days) for days in (0, 0.1, 200, 200.1)]
    made = {
        days: factories.recording(
            factories.conversation(customer_name=name), recorded_at=NOW - timedelta(days=days)
        )
        for name, days in (*danas, *(("Omar", days) for days in (40, 80, 120, 160)))
    }
    beside = {days: links(opened(client, made[days], "q=dana"))[:2] for _, days in danas}
    found = {days: tuple(map(pk_of, both)) for days, both in beside.items()}
    assert found == {
        0: ("", str(made[0.1].pk)),
        0.1: (str(made[0].pk), ""),
        200: ("", str(made[200.1].pk)),
        200.1: (str(made[200].pk), ""),
    }
