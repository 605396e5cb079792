"""What a person may not list answers as what does not exist; what they may only list says so."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from auditportal.accounts.models import Grant
from recordings.models import AuditEvent, OwedEvent, Viewing
from tests.factories import conversation, recording, stream, viewing
from tests.integration.playback.helpers import bodies, comparable, end_grants, limit, post, signed_in, start

NO_OBJECT, NO_UUID = 1_407_374_990_999_999, uuid.UUID("0197f0aa-0000-7000-8000-000000000000")
# URL names with the id of an object, a recording or a viewing, and how they are requested.
OF_OBJECTS = {
    "catalog:object": "get",
    "catalog:phone": "post",
    "refresh:object": "post",
    "refresh:freshness": "get",
}
OF_RECORDINGS = {
    "playback:recording": "get",
    "playback:trail": "get",
    "playback:start": "post",
    "playback:download": "post",
}
OF_VIEWINGS = {f"playback:{name}": "post" for name in ("url", "watched", "finish", "problem")}
WAYS = {"page": {}, "htmx": {"HX-Request": "true"}, "json": {"Accept": "application/json"}}


@pytest.fixture
def ours(db):
    return recording(conversation(stream=stream("Ours")))


@pytest.fixture
def theirs(db):
    return recording(conversation(stream=stream("Theirs"), customer_name="Lena Foreign"))


@pytest.fixture
def officer(ours):
    """A compliance officer for one channel."""
    client = signed_in("compliance_officer")
    limit(client.person, channels=[ours.object.stream_id])
    return client


def ask(client, name, key, headers):
    method = {**OF_OBJECTS, **OF_RECORDINGS, **OF_VIEWINGS}[name]
    report = '{"spans": [], "speed": 1, "position_ms": 0}'
    body = {"data": report, "content_type": "application/json"} if name in OF_VIEWINGS else {}
    return getattr(client, method)(reverse(name, args=[key]), headers=headers, **body)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [*OF_OBJECTS, *OF_RECORDINGS, *OF_VIEWINGS])
@pytest.mark.parametrize("level", ["list", "manage"])
def test_a_foreign_id_answers_byte_for_byte_as_a_missing_one(officer, theirs, name, way, level):
    limit(officer.person, level=level)
    foreign, missing = theirs.pk, NO_UUID
    if name in OF_OBJECTS:
        foreign, missing = theirs.object_id, NO_OBJECT
    elif name in OF_VIEWINGS:
        foreign = viewing(theirs).pk
    first, second = (ask(officer, name, key, WAYS[way]) for key in (foreign, missing))
    for one, other in zip(comparable(first, foreign), comparable(second, missing), strict=True):
        assert one == other
    assert "Foreign" not in first.content.decode()
    assert first.status_code in (404, 403) or (name, way) in {
        ("playback:trail", "page"),
        ("playback:trail", "json"),
    }


@pytest.mark.parametrize(
    ("name", "key"), [("catalog:object", "object_id"), ("playback:recording", "pk"), ("playback:start", "pk")]
)
def test_a_foreign_id_costs_the_statements_of_a_missing_one(officer, theirs, name, key):
    officer.get("/objects/")  # the session gets a new id for its scope
    numbers = []
    for asked in (getattr(theirs, key), NO_OBJECT if key == "object_id" else NO_UUID):
        with CaptureQueriesContext(connection) as statements:
            assert ask(officer, name, asked, {}).status_code == 404
        numbers.append(len(statements))
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("name", [*OF_OBJECTS, *OF_RECORDINGS])
def test_what_is_in_reach_is_shown(officer, ours, name):
    key = ours.object_id if name in OF_OBJECTS else ours.pk
    headers = WAYS["htmx"] if name in ("playback:trail", "refresh:object") else {}
    assert ask(officer, name, key, headers).status_code in (200, 422)  # 422: a viewing without a purpose


@pytest.mark.parametrize(
    "name", ["catalog:object", "catalog:phone", "refresh:freshness", "playback:recording"]
)
@pytest.mark.parametrize("way", WAYS)
def test_what_may_only_be_listed_says_so(officer, ours, name, way):
    limit(officer.person, level="list")
    key = ours.object_id if name in OF_OBJECTS else ours.pk
    response = ask(officer, name, key, WAYS[way])
    assert response.status_code == 403
    assert "You may see this conversation in lists" in response.content.decode()
    assert f"/{ours.object_id}/" in officer.get("/objects/").content.decode()


def test_each_grant_counts_for_its_own_level(officer, ours, theirs):
    """Everything may be listed, one channel may be opened."""
    Grant.objects.create(user=officer.person, role="qa_manager", level="list")
    assert ask(officer, "playback:recording", ours.pk, {}).status_code == 200
    response = ask(officer, "playback:recording", theirs.pk, {})
    assert response.status_code == 403
    assert "You may see this conversation in lists" in response.content.decode()
    assert ask(officer, "playback:start", theirs.pk, {}).status_code == 403
    assert Viewing.objects.count() == 0


def test_a_refusal_names_the_thing_to_the_trail_and_not_to_the_person(officer, theirs):
    assert ask(officer, "catalog:object", theirs.object_id, {}).status_code == 404
    assert ask(officer, "playback:recording", theirs.pk, {}).status_code == 404
    assert ask(officer, "playback:start", theirs.pk, {}).status_code == 404
    refused = AuditEvent.objects.filter(kind="access.denied").order_by("id")
    assert [event.target_ref for event in refused] == [
        f"object:{theirs.object_id}",
        *[f"recording:{theirs.pk}"] * 2,
    ]
    assert OwedEvent.objects.get().count == 3


def test_a_page_offers_what_the_reach_allows(officer, ours):
    """Whoever reads the whole trail may still open nothing out of reach."""
    limit(officer.person, channels=[1])
    Grant.objects.create(user=officer.person, role="external_auditor")
    page = officer.get("/objects/").content.decode()
    assert str(ours.object_id) not in page
    assert ask(officer, "playback:trail", ours.pk, WAYS["htmx"]).status_code == 200
    assert ask(officer, "catalog:object", ours.object_id, {}).status_code == 404


class TestAGrantThatEndsWhileItsHolderWatches:
    @pytest.fixture
    def watching(self, direct):
        client = signed_in("qa_manager")
        limit(client.person, channels=[direct.object.stream_id])
        assert start(client, direct).status_code == 200
        one = Viewing.objects.get()
        report = {"spans": [[0, 2000]], "speed": 1, "position_ms": 2000}
        assert post(client, one, "watched", report).status_code == 200
        return client, one

    @pytest.mark.parametrize("what", ["url", "watched", "finish", "problem"])
    def test_the_next_request_is_refused_and_the_seconds_are_kept(self, watching, what):
        client, one = watching
        limit(client.person, channels=[1])
        report = {"spans": [[2000, 3000]], "speed": 1, "position_ms": 3000}
        response = post(client, one, what, report)
        assert response.status_code == 403
        assert response.json()["sentence"] == (
            "Your access to this recording has ended, so it stops here. What you watched so far is recorded."
        )
        one.refresh_from_db()
        assert [
            (span.lower, span.upper) if hasattr(span, "lower") else tuple(span) for span in one.watched
        ] == [(0, 2000)]
        assert bodies("viewing.denied")[-1]["action_detail"]["reason"] == "out_of_reach"

    @pytest.mark.parametrize("what", ["url", "watched"])
    def test_a_grant_that_is_ended_altogether_says_so_too(self, watching, what):
        client, one = watching
        end_grants(client.person)
        response = post(client, one, what, {"spans": [], "speed": 1, "position_ms": 0})
        assert (response.status_code, "role" in response.json()["sentence"]) == (403, True)
