"""The list of objects somebody came from: next and previous object in it, the way back, and over a recording."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from recordings.audit import AuditUnavailable
from recordings.models import AuditEvent, CommBoxObject
from tests import factories

NOW = timezone.now()


@pytest.fixture
def client(db: None) -> Client:
    client = Client()
    client.force_login(factories.person("compliance_officer"))
    return client


@pytest.fixture
def five(db: None) -> list[CommBoxObject]:
    """Five objects, the one with the newest recording first; the second and the fourth are Dana's.

    Each has an older recording too, so that objects are walked and not recordings.
    """
    made = []
    for number in range(5):
        thing = factories.conversation(customer_name="Dana Marlowe" if number % 2 else "Omar Haddad")
        for days in (0, 30):
            factories.recording(thing, recorded_at=NOW - timedelta(hours=number, days=days))
        made.append(thing)
    return made


def links(page: Any) -> dict[str, str]:
    """The addresses of previous and next, and of the breadcrumb's first entry."""
    text = page.content.decode()
    found = {name: re.search(rf'href="([^"]*)"[^>]*rel="{name}"', text) for name in ("prev", "next")}
    found["crumb"] = re.search(r'<nav class="crumbs".*?href="([^"]*)"', text, re.S)
    return {name: unescape(match[1]) if match else "" for name, match in found.items()}


def opened(client: Client, thing: CommBoxObject, query: str, **headers: str) -> Any:
    return client.get(f"/objects/{thing.pk}/?{urlencode({'objects': query})}", headers=headers)


def number_in(address: str) -> str:
    return urlsplit(address).path.split("/")[2] if address else ""


def test_the_list_and_the_object_say_where_they_were_opened_from(
    client: Client, five: list[CommBoxObject]
) -> None:
    page = client.get("/objects/?q=dana").content.decode()
    addresses = [unescape(one) for one in re.findall(r'data-open href="([^"]*)"', page)]
    assert [parse_qs(urlsplit(one).query) for one in addresses] == [{"objects": ["q=dana"]}] * 2
    page = opened(client, five[1], "q=dana").content.decode()
    of_recordings = [unescape(one) for one in re.findall(r'data-open href="([^"]*)"', page)]
    assert [parse_qs(urlsplit(one).query) for one in of_recordings] == [{"objects": ["q=dana"]}] * 2
    assert "?objects=q%3Ddana" in re.findall(r'hx-get="(/objects/[^"]*)"', page)[-1]


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("q=dana", [1, 3]),
        ("q=omar+haddad", [0, 2, 4]),
        ("state=playable", [0, 1, 2, 3, 4]),
        ("q=dana&state=playable", [1, 3]),
    ],
)
def test_one_walks_through_the_list_and_back_to_it(
    client: Client, five: list[CommBoxObject], query: str, order: list[int]
) -> None:
    for place, number in enumerate(order):
        found = links(opened(client, five[number], query))
        before = str(five[order[place - 1]].pk) if place else ""
        after = str(five[order[place + 1]].pk) if place + 1 < len(order) else ""
        assert (number_in(found["prev"]), number_in(found["next"])) == (before, after)
        assert found["crumb"] == "/objects/" + (f"?{query}" if query else "")


def test_an_object_that_is_not_in_the_list_has_no_neighbours(
    client: Client, five: list[CommBoxObject]
) -> None:
    found = links(opened(client, five[0], "q=dana"))
    assert found == {"prev": "", "next": "", "crumb": "/objects/?q=dana"}


def test_a_recording_leads_back_to_its_object_and_to_the_list(
    client: Client, five: list[CommBoxObject]
) -> None:
    newest = five[1].recordings.order_by("-shown_at").first()
    page = client.get(f"/recordings/{newest.pk}/?{urlencode({'objects': 'q=dana'})}")
    found = links(page)
    assert found["crumb"] == "/objects/?q=dana"
    assert parse_qs(urlsplit(found["prev"]).query) == {"objects": ["q=dana"]}
    assert f"/objects/{five[1].pk}/?objects=q%3Ddana" in page.content.decode()


@pytest.mark.parametrize("query", ["since=yesterdaymorning", "q=" + "x" * 5000, "q=%00", "q=...", "%", "&&="])
def test_whatever_stands_in_the_address_the_page_opens(
    client: Client, five: list[CommBoxObject], query: str
) -> None:
    assert opened(client, five[2], query).status_code == 200


# --- finding the neighbours is a search


def searches() -> int:
    return AuditEvent.objects.filter(kind="search.run").count()


def test_neighbours_are_searched_for_with_an_event_once(client: Client, five: list[CommBoxObject]) -> None:
    for thing in five[:2]:
        opened(client, thing, "q=dana")
    assert searches() == 1


def test_a_poll_is_no_search(client: Client, five: list[CommBoxObject]) -> None:
    client.get(f"/objects/{five[1].pk}/")
    polled = opened(client, five[1], "q=dana", **{"HX-Request": "true", "X-Poll": "true"})
    assert polled.status_code == 200
    assert "?objects=q%3Ddana" in polled.content.decode()
    assert searches() == 0


def test_without_the_event_nobody_is_searched_for(
    client: Client, five: list[CommBoxObject], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AuditUnavailable

    monkeypatch.setattr("recordings.catalog.object_list.record_search", refuse)
    found = links(opened(client, five[1], "q=dana"))
    assert found == {"prev": "", "next": "", "crumb": "/objects/?q=dana"}
