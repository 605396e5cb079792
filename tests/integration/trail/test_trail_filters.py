"""What narrows the trail: filters, words, chips, and where a report on the same is asked for."""

import pytest
from django.test import Client

from auditportal.accounts.models import User
from recordings.audit import Kind, Outcome, Purpose, Target, record
from tests.factories import person
from tests.integration.trail.helpers import TRAIL, acting, opened, signed_in


def kinds(client: Client, query: str = "") -> list[str]:
    """The kinds of the rows a page shows."""
    response = client.get(TRAIL + query)
    assert response.status_code == 200
    return [row.kind for row in response.context["page"].rows]


@pytest.fixture
def some_events(noa: User, tom: User) -> None:
    opened(noa, 101)
    opened(tom, 102)
    under = Target("recording", "recording:01890a5d-ac96-774b-bcce-b3029f2c1a2b", "Dana", parent="object:101")
    record(
        Kind.VIEWING_REQUESTED, by=acting(tom), target=under, outcome=Outcome.GRANTED, purpose=Purpose.DISPUTE
    )
    record(Kind.VIEWING_DENIED, by=acting(tom), target=under, outcome=Outcome.DENIED)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?group=viewing", ["viewing.denied", "viewing.requested"]),
        ("?kind=viewing.denied", ["viewing.denied"]),
        ("?outcome=denied", ["viewing.denied"]),
        ("?purpose=dispute", ["viewing.requested"]),
        ("?q=101", ["viewing.denied", "viewing.requested", "object.opened"]),
        ("?q=101&group=catalog", ["object.opened"]),
        ("?q=01890a5d-ac96-774b-bcce-b3029f2c1a2b", ["viewing.denied", "viewing.requested"]),
        ("?q=01890A5DAC96774BBCCEB3029F2C1A2B", ["viewing.denied", "viewing.requested"]),
        ("?q=recording:01890a5d-ac96-774b-bcce-b3029f2c1a2b&outcome=denied", ["viewing.denied"]),
        ("?q=brandt", ["viewing.denied", "viewing.requested", "object.opened"]),
        ("?q=TOM", ["viewing.denied", "viewing.requested", "object.opened"]),
        ("?q=nobody+of+this+name", []),
        ("?q=" + "9" * 40, []),
        ("?q=%25", []),
        ("?q=v-00000000", []),
        ("?group=viewing&since=2026-01-01&until=2099-01-01", ["viewing.denied", "viewing.requested"]),
        ("?group=viewing&until=2020-01-01", []),
        ("?group=viewing&since=2099-01-01", []),
        ("?before=notanumber&group=viewing", ["viewing.denied", "viewing.requested"]),
    ],
)
def test_filters_narrow_the_trail(some_events: None, noa: User, query: str, found: list[str]) -> None:
    assert kinds(signed_in(noa), query) == found


def test_a_person_is_chosen_by_their_ref(some_events: None, noa: User, tom: User) -> None:
    shown = kinds(signed_in(noa), f"?person=user:{tom.pk}")
    assert shown == ["viewing.denied", "viewing.requested", "object.opened"]


def test_a_request_id_finds_what_happened_in_that_request(noa: User) -> None:
    client = signed_in(noa)
    response = client.get(TRAIL)
    assert kinds(client, f"?q={response['X-Request-ID']}") == ["audit.viewed"]


def test_an_event_is_found_by_its_uuid(noa: User) -> None:
    event = opened(noa, 1)
    assert kinds(signed_in(noa), f"?q={event}") == ["object.opened"]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?group=nothing", "What happened: Select a valid choice."),
        ("?person=user:99999", "Person: Select a valid choice."),
        ("?since=2026-99-01", "First day: Enter a valid date."),
        ("?since=2026-11-02&until=2026-11-01", "Last day: The last day must not be before the first day."),
        ("?q=" + "x" * 201, "Search the trail: Ensure this value has at most 200 characters"),
        ("?q=%00", "Search the trail: Null characters are not allowed."),
    ],
)
def test_a_filter_that_cannot_be_read_shows_nothing(noa: User, query: str, sentence: str) -> None:
    """Never silently the whole trail instead."""
    response = signed_in(noa).get(TRAIL + query)
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert "page" not in response.context


def test_too_many_people_of_a_name_are_not_cut_off_silently(noa: User) -> None:
    for number in range(9):
        person(username=f"dana.{number}")
    response = signed_in(noa).get(TRAIL + "?q=dana")
    assert response.status_code == 400
    assert "More than 8 people match. Enter more of the name." in response.content.decode()


def test_a_chip_takes_one_filter_away(noa: User) -> None:
    response = signed_in(noa).get(TRAIL + "?group=viewing&group=custody&outcome=denied")
    assert [(chip.text, chip.without) for chip in response.context["chips"]] == [
        ("Watching and downloading", "group=custody&outcome=denied"),
        ("Changes at source", "group=viewing&outcome=denied"),
        ("Refused", "group=viewing&group=custody"),
    ]
    assert response.context["export_url"] == "/reports/?group=viewing&group=custody&outcome=denied#new"


def test_what_a_bundle_can_be_about_is_exported_with_proof(noa: User) -> None:
    client = signed_in(noa)
    assert client.get(TRAIL).context["export_url"] == "/reports/?format=bundle#new"
    narrowed = client.get(f"{TRAIL}?person=user:{noa.pk}&since=2026-11-01").context["export_url"]
    assert narrowed == f"/reports/?person=user%3A{noa.pk}&since=2026-11-01&format=bundle#new"


def test_htmx_gets_the_rows_only(noa: User) -> None:
    response = signed_in(noa).get(TRAIL, headers={"HX-Request": "true"})
    assert response.content.decode().strip().startswith('<div class="tablebox"\n           id="results"')
    assert "HX-Request" in response["Vary"]
