"""The pages of the catalog."""

import re

import pytest

from recordings.audit import Kind
from recordings.audit.opened import COLUMNS, open_events, stored
from recordings.models import AuditEvent, RecordingState, SearchDoc
from recordings.paging import TimeKey
from tests.factories import MORNING, agent, conversation, person, recording, stream, viewing


@pytest.fixture
def officer(db, client):
    """A compliance officer who has signed in."""
    user = person("compliance_officer", "noa.levi")
    client.force_login(user)
    return user


def ids_on(response):
    """Return the ids of the objects in a list, in order."""
    return [
        int(found)
        for found in re.findall(r'data-open\s+href="/objects/(\d+)/[?"]', response.content.decode())
    ]


def events(kind):
    return open_events(stored(AuditEvent.objects.filter(kind=kind).order_by("id").values_list(*COLUMNS)))


def test_the_list_shows_what_is_known(officer, client):
    thing = conversation(
        id=1407374990000101,
        stream=stream("Claims video"),
        agent=agent("Noor Hale"),
        customer_name="יעל ברק",
        customer_phone="972541234417",
    )
    recording(thing, recorded_at=MORNING, duration_seconds=542)
    recording(thing, recorded_at=MORNING.replace(hour=8), state=RecordingState.VANISHED)
    page = client.get("/objects/").content.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.split("<tbody>")[1].split("</tbody>")[0])).strip()
    assert text.startswith(
        "1407374990000101 יעל ברק •••• 4417 Claims video Noor Hale 2026-11-20 09:14 9:02 2 Missing at source"
    )
    assert "<bdi>יעל ברק</bdi>" in page
    assert "1,407" not in page


@pytest.mark.parametrize(
    ("first", "second", "object_state", "first_state"),
    [
        ({"file_badge": ""}, {"file_badge": "unchanged"}, "Not checked yet", "Not checked yet"),
        ({"file_badge": "unchanged"}, {"file_badge": ""}, "Not checked yet", "Playable"),
        ({"file_badge": "unchanged"}, {"file_badge": "differs"}, "Playable", "Playable"),
        ({"file_badge": ""}, {"state": RecordingState.VANISHED}, "Missing at source", "Not checked yet"),
    ],
)
def test_a_file_that_storage_was_not_asked_for_is_not_called_playable(
    officer, client, first, second, object_state, first_state
):
    thing = conversation()
    recording(thing, recorded_at=MORNING.replace(hour=9), **first)
    recording(thing, recorded_at=MORNING.replace(hour=8), **second)
    tags = {
        address: re.findall(
            r'class="tag[^>]*>([^<]+)<', client.get(address).content.decode().split("<tbody>")[1]
        )
        for address in ("/objects/", "/recordings/")
    }
    assert (tags["/objects/"], tags["/recordings/"][0]) == ([object_state], first_state)


def test_an_object_without_recordings_says_so(officer, client):
    conversation()
    page = client.get("/objects/?state=none").content.decode()
    assert "No recording found" in page.split("<tbody>")[1]


def test_the_list_holds_what_has_a_recording_and_a_chip_leads_to_the_others(officer, client):
    with_one, without = conversation(recordings=1), conversation(customer_name="Rare Bird")
    response = client.get("/objects/?status=2")
    assert ids_on(response) == [with_one.pk]
    assert 'href="?status=2&amp;state=none">Without a recording</a>' in response.content.decode()
    assert ids_on(client.get("/objects/?status=2&state=none")) == [without.pk]
    # Who is looked for by name is found without a recording too: that there is none is an answer.
    assert ids_on(client.get("/objects/?q=rare")) == [without.pk]
    assert "Without a recording" not in client.get("/recordings/").content.decode()


# Session, person with roles; the banner of the source; and what the page itself asks for.
BEHIND_EVERY_PAGE = 3


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("/objects/", 2),  # the rows with their names; what the filters offer
        ("/objects/?q=dana", 2),
        ("/objects/?q=dana&state=playable&status=2&since=2020-01-01&shortest=1", 2),
        ("/recordings/", 2),
        ("/recordings/?q=dana&state=playable", 2),
    ],
)
def test_queries_are_as_many_for_one_row_as_for_three(
    officer, client, django_assert_num_queries, address, number
):
    for more in (1, 2):
        for _ in range(more):
            viewing(recording(conversation(recordings=1, customer_name="Dana")), officer)
        client.get(address)  # the search is in the trail now, and within the minute not written again
        with django_assert_num_queries(BEHIND_EVERY_PAGE + number):
            client.get(address)


def test_an_object_takes_as_many_queries_with_one_recording_as_with_three(
    officer, client, django_assert_num_queries
):
    for number in (1, 3):
        address = f"/objects/{conversation(recordings=number).pk}/"
        client.get(address)
        with django_assert_num_queries(
            BEHIND_EVERY_PAGE + 10
        ):  # itself, its class, 2 recordings', 3 events', 2 their values', their leaves
            client.get(address)


def test_pages_follow_each_other_and_lead_back(officer, client):
    made = [conversation(recordings=1).pk for _ in range(120)]
    seen, address = [], "/objects/"
    while True:
        response = client.get(address)
        seen += ids_on(response)
        if not (older := response.context["older_url"]):
            break
        address = f"/objects/{older}"
    assert seen == made[::-1]
    back = client.get(f"/objects/{response.context['newer_url']}")
    assert ids_on(back) == made[::-1][50:100]
    assert (back.context["newer_url"] != "", back.context["older_url"] != "") == (True, True)
    first = client.get(f"/objects/{back.context['newer_url']}")
    assert ids_on(first) == made[::-1][:50]
    assert first.context["newer_url"] == ""


def test_newer_than_the_middle_of_the_first_page_is_the_first_page(officer, client):
    made = [conversation(recordings=1).pk for _ in range(60)]
    place = SearchDoc.objects.get(object=made[45])
    cursor = TimeKey(place.shown_at, place.pk)
    assert ids_on(client.get(f"/objects/?newer={cursor}")) == made[::-1][:50]


@pytest.mark.parametrize(
    "object_id", ["1407374990000999", "abc", "1" * 40, "-1", "0", "9223372036854775808", "１２", "1 OR 1=1"]
)
def test_no_such_object(officer, client, object_id):
    response = client.get(f"/objects/{object_id}/")
    assert response.status_code == 404
    assert "There is no object with this id." in response.content.decode()


def test_an_object_and_its_recordings(officer, client):
    thing = conversation(customer_name="<b>Dana</b>", customer_phone="+1 555 0144")
    made = recording(thing, state=RecordingState.NOT_PLAYABLE, state_reason="Its bucket is not on the list.")
    page = client.get(f"/objects/{thing.pk}/").content.decode()
    assert "&lt;b&gt;Dana&lt;/b&gt;" in page
    assert f'href="/recordings/{made.pk}/"' in page
    assert ("Its bucket is not on the list." in page, "100.0 MiB" in page, "9:02" in page) == (
        True,
        True,
        True,
    )


@pytest.mark.parametrize("number", ["+972 54-123-4417", "15550199", "•12", "4417"])
def test_a_phone_number_is_masked_until_somebody_asks_for_it(officer, client, number):
    thing = conversation(customer_phone=number)
    address = f"/objects/{thing.pk}/"
    assert number not in client.get(address).content.decode()
    assert number not in client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert events(Kind.PHONE_SHOWN) == []
    shown = client.post(f"{address}phone/", headers={"HX-Request": "true"}).content.decode()
    assert shown.strip().startswith('<dd id="phone">')
    assert number in shown
    page = client.post(f"{address}phone/").content.decode()  # without scripts: the whole page
    assert (number in page, "Details" in page) == (True, True)
    (event,) = events(Kind.PHONE_SHOWN)
    assert event.target_ref == f"object:{thing.pk}"
    assert client.get(f"{address}phone/").status_code == 405


def test_without_the_trail_no_phone_number_is_shown(officer, client, monkeypatch):
    def refuse(*_, **__):
        from recordings.audit import AuditUnavailable

        raise AuditUnavailable

    thing = conversation(customer_phone="15550199")
    monkeypatch.setattr("recordings.audit.once.record_committed", refuse)
    response = client.post(f"/objects/{thing.pk}/phone/")
    assert response.status_code == 503
    assert "15550199" not in response.content.decode()
    assert client.post("/objects/7/phone/").status_code == 404


def test_opening_is_in_the_trail_once_a_minute(officer, client):
    one, other = conversation(), conversation()
    for thing in (one, one, other):
        assert client.get(f"/objects/{thing.pk}/").status_code == 200
    assert [event.target_ref for event in events(Kind.OBJECT_OPENED)] == [
        f"object:{one.pk}",
        f"object:{other.pk}",
    ]


def test_searching_is_in_the_trail_with_its_words_sealed(officer, client):
    conversation(customer_name="Dana Marlowe", recordings=1)
    client.get("/objects/?q=Dana&status=2")
    client.get("/objects/?q=Dana&status=2", headers={"HX-Request": "true"})
    (event,) = events(Kind.SEARCHED)
    assert event.private("action_detail.q") == "Dana"
    assert {key: value for key, value in event.detail.items() if key != "q"} == {
        "area": "objects",
        "filters": {"status": 2},
        "found": 1,
    }
    assert b"Dana" not in event.stored.body


def test_typing_swaps_the_results_only(officer, client):
    conversation(recordings=1)
    response = client.get("/objects/?q=dana", headers={"HX-Request": "true"})
    assert response.content.decode().strip().startswith('<div id="results"')
    assert "HX-Request" in response.headers["Vary"]


@pytest.mark.parametrize("path", ["/objects/", "/recordings/"])
def test_an_empty_catalog(officer, client, path):
    assert "No recordings yet" in client.get(path).content.decode()
