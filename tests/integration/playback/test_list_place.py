"""The list somebody came from: next and previous recording in it, and the way back."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

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
    """The addresses of previous and next, and of the breadcrumb."""
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
