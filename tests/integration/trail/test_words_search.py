"""The trail is searched by what it shows: personal values through keyed hashes that an erasure takes away."""

import re
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from auditportal.accounts.models import User
from auditportal.embedded import Services
from recordings.audit import Kind, Outcome, Purpose, Target, record
from recordings.models import AuditEvent, Leaf, Report, TrailWords
from recordings.trail.erasure import approve_erasure, request_erasure
from recordings.trail.tasks import index_words
from tests import factories
from tests.integration.proof.sealing.helpers import age
from tests.integration.trail.helpers import TRAIL, acting, opened, signed_in
from tests.sealing import seal_all

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

VIEWING, OTHER = "01890a5d-ac96-774b-bcce-b30299c0ffee", "01890a5d-ac96-774b-bcce-b302deadbeef"
RECORDING = "01890a5d-ac96-774b-bcce-b3029f2c1a2b"
# As a word of its own: by chance a hash has these digits, too.
OPEN_NUMBER = rb"(?<![0-9a-f])4711(?![0-9a-f])"


@pytest.fixture
def noa() -> Any:
    return factories.person("compliance_officer", "noa.levi")


@pytest.fixture
def some_events(services: Services, noa: User) -> None:
    """Two viewings of one recording by Tom, the second for another case, and somebody else's opening."""
    tom = factories.person("qa_manager", "tom.brandt")
    target = Target("recording", f"recording:{RECORDING}", "Dana Marlowe", "object:101", subject="customer:9")
    by = acting(tom, address="203.0.113.9")
    for viewing, note in ((VIEWING, "CASE-4711"), (OTHER, "CASE-4712")):
        facts: dict[str, Any] = {"target": target, "purpose": Purpose.DISPUTE, "detail": {"viewing": viewing}}
        record(Kind.VIEWING_REQUESTED, by=by, outcome=Outcome.GRANTED, note=note, **facts)
        record(Kind.URL_ISSUED, by=by, outcome=Outcome.GRANTED, **facts)
    opened(noa, 102, "דנה מרלו")
    seal_all(services)


def found(client: Client, typed: str, **filters: str) -> list[str]:
    """The kinds of the events that are found, newest first."""
    response = client.get(TRAIL, {"q": typed, "rows": "each", **filters})
    assert response.status_code == 200
    return [row.kind for row in response.context["page"].rows]


BOTH = ["viewing.url_issued", "viewing.requested"] * 2


@pytest.mark.parametrize(
    ("typed", "kinds"),
    [
        ("CASE-4711", ["viewing.requested"]),
        ("case 4712", ["viewing.requested"]),
        ("4711 dispute", ["viewing.requested"]),
        ("Marlowe", BOTH),
        ("marlowe dana", BOTH),
        ("דנה", ["object.opened"]),
        ("203.0.113.9", BOTH),
        ("dispute", BOTH),
        ("9F2C1A2B", BOTH),
        ("recording 9f2c1a2b", BOTH),
        ("V-99C0FFEE", ["viewing.url_issued", "viewing.requested"]),
        ("v–deadbeef", ["viewing.url_issued", "viewing.requested"]),
        (VIEWING, ["viewing.url_issued", "viewing.requested"]),
        ("Brandt CASE-4711", ["viewing.requested"]),
        ("Marlowe CASE-4713", []),
        ("203.0.113.90", []),
    ],
)
def test_the_trail_is_searched_by_what_it_shows(
    some_events: None, noa: User, typed: str, kinds: list[str]
) -> None:
    assert found(signed_in(noa), typed) == kinds


def test_filters_narrow_what_words_find(some_events: None, noa: User) -> None:
    client = signed_in(noa)
    assert found(client, "marlowe", kind="viewing.url_issued") == ["viewing.url_issued"] * 2
    assert found(client, "marlowe", until="2020-01-01") == []


def test_an_event_is_found_by_its_leaf_and_by_its_short_id(some_events: None, noa: User) -> None:
    event = AuditEvent.objects.get(kind="object.opened")
    client, leaf = signed_in(noa), Leaf.objects.get(event_id=event.event_id).n
    assert found(client, f"leaf {leaf}") == ["object.opened"]
    assert "object.opened" in found(client, str(leaf))
    assert found(client, event.event_id.hex[-8:].upper()) == ["object.opened"]
    assert found(client, "leaf 999999") == []


def test_the_page_says_what_can_be_searched(some_events: None, noa: User) -> None:
    page = signed_in(noa).get(TRAIL, {"q": "nobody-of-this-name"}).content.decode()
    assert "names of people and customers, notes and cases, purposes, IP addresses" in page


def test_which_words_were_searched_is_no_open_text_in_the_trail(some_events: None, noa: User) -> None:
    found(signed_in(noa), "CASE-4711")
    body = bytes(AuditEvent.objects.filter(kind="audit.searched").latest("id").body)
    assert not re.search(OPEN_NUMBER, body)


def test_hashes_of_words_give_nothing_away(some_events: None, noa: User, settings: Any) -> None:
    from recordings.trail import words

    index_words()
    with_our_key = words.tokens_of(["marlowe"])
    settings.AUDIT_FIELD_KEY = b"k" * 32
    words._key.cache_clear(), words._token.cache_clear()
    try:
        assert words.tokens_of(["marlowe"]) != with_our_key
    finally:
        words._key.cache_clear(), words._token.cache_clear()


def test_an_erasure_takes_the_words_away_and_leaves_the_others(
    some_events: None, services: Services, noa: User
) -> None:
    index_words()
    admin = factories.person("administrator", "ada.stone")
    request = request_erasure("customer:9", "asked for it", by=noa)
    approve_erasure(request, by=admin)
    assert TrailWords.objects.filter(tokens=None).count() == 4
    client = signed_in(noa)
    assert found(client, "Marlowe") == []
    assert found(client, "CASE-4711") == ["viewing.requested"]
    assert TrailWords.objects.filter(tokens=None).count() == 0


def test_every_sealed_event_is_indexed_once_whoever_comes_first(
    some_events: None, services: Services, noa: User
) -> None:
    assert index_words() == Leaf.objects.count()
    assert index_words() == 0
    opened(noa, 103)
    seal_all(services)
    assert index_words() == 1
    assert TrailWords.objects.count() == Leaf.objects.count()


def test_a_page_says_how_many_events_are_not_searched_yet(
    some_events: None, noa: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recordings.trail.views.index_next", lambda: 0)
    page = " ".join(signed_in(noa).get(TRAIL, {"q": "marlowe"}).content.decode().split())
    assert f"{Leaf.objects.count()} events cannot be found by words yet" in page


def test_a_page_says_that_events_wait_for_their_seal(services: Services, noa: User) -> None:
    opened(noa, 1)
    client = signed_in(noa)
    assert client.get(TRAIL, {"q": "marlowe"}).context["not_indexed"] == 0  # they are sealed within a second
    age(services, 60)
    page = client.get(TRAIL, {"q": "marlowe"})
    assert page.context["not_indexed"] >= 3
    assert "Events can be found once they are sealed" in " ".join(page.content.decode().split())


def test_a_report_holds_what_the_words_find(some_events: None, noa: User) -> None:
    from recordings.reports.building import build
    from recordings.reports.files import file_of

    client = signed_in(noa)
    response = client.post("/reports/request/", {"format": "csv", "q": "CASE-4711"})
    assert response.status_code == 302, response.context["form"].errors
    report = Report.objects.get()
    build(UUID(str(report.pk)))
    report.refresh_from_db()
    assert (report.state, report.error, report.rows_done) == ("ready", "", 1)
    assert "CASE-4711" in file_of(report).read_text()
    request = AuditEvent.objects.get(kind="export.requested")
    assert not re.search(OPEN_NUMBER, bytes(request.body))
