"""The trail's pages: who sees them, what they show, and that reading them is in the trail first."""

import hashlib
import json
import uuid
from typing import Any

import psycopg
import pytest
from django.test import Client

from auditportal.accounts.models import User
from recordings.audit import Kind, Outcome, Purpose, Target, record
from recordings.models import AuditEvent, CommBoxObject, Recording, Stream, Viewing
from tests.factories import PASSWORD, person
from tests.integration.audit.helpers import acting

TRAIL = "/audit/"


def signed_in(user: User) -> Client:
    client = Client()
    response = client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
    assert response.status_code == 302
    return client


@pytest.fixture
def noa(db: None) -> User:
    return person("compliance_officer", "noa.levi")


@pytest.fixture
def tom(db: None) -> User:
    return person("qa_manager", "tom.brandt")


def opened(user: User, object_id: int, label: str = "Dana Marlowe", **facts: Any) -> uuid.UUID:
    target = Target("object", f"object:{object_id}", label, subject=f"customer:{object_id}")
    return record(Kind.OBJECT_OPENED, by=acting(user), target=target, outcome=Outcome.GRANTED, **facts)


def kinds(client: Client, query: str = "") -> list[str]:
    """The kinds of the rows a page shows."""
    response = client.get(TRAIL + query)
    assert response.status_code == 200
    return [row.kind for row in response.context["page"].rows]


def readings() -> list[dict[str, Any]]:
    """What the trail says of its own reading, oldest first."""
    events = AuditEvent.objects.filter(kind__startswith="audit.").order_by("id")
    return [json.loads(bytes(event.body)) for event in events]


# --- who


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("compliance_officer", 200),
        ("external_auditor", 200),
        ("qa_manager", 403),
        ("administrator", 403),
        ("", 403),
    ],
)
def test_who_may_read_the_trail(db: None, role: str, status: int) -> None:
    client = signed_in(person(role))
    event = record(Kind.CONFIG_CHANGED, by=acting(person()))
    for address in (TRAIL, f"/audit/events/{event}/", f"/audit/events/{event}/body"):
        assert client.get(address).status_code == status


def test_everybody_sees_their_own_page_and_nobody_elses(tom: User, noa: User) -> None:
    client = signed_in(tom)
    opened(tom, 1)
    own = client.get(f"/people/{tom.pk}/")
    assert own.status_code == 200
    assert "object.opened" in [row.kind for row in own.context["page"].rows]
    assert client.get(f"/people/{noa.pk}/").status_code == 403
    refusal = AuditEvent.objects.get(kind=Kind.ACCESS_DENIED)
    assert (refusal.actor_ref, refusal.target_ref) == (f"user:{tom.pk}", f"user:{noa.pk}")


def test_who_looked_into_somebody_is_not_told_to_them(tom: User, noa: User) -> None:
    signed_in(noa).get(f"/people/{tom.pk}/")
    client = signed_in(tom)
    rows = client.get(f"/people/{tom.pk}/").context["page"].rows
    assert {row.actor_name for row in rows} == {"Tom Brandt"}
    assert {row.href for row in rows} == {""}


def test_a_persons_refusals_stand_alone(noa: User, tom: User) -> None:
    opened(tom, 1)
    signed_in(tom).get(TRAIL)
    rows = signed_in(noa).get(f"/people/{tom.pk}/?only=refused").context["page"].rows
    assert [(row.kind, row.outcome) for row in rows] == [("access.denied", "denied")]


@pytest.mark.parametrize(
    "address", ["/people/999999/", f"/people/{10**40}/", f"/audit/events/{uuid.UUID(int=0)}/"]
)
def test_what_does_not_exist_is_not_found(noa: User, address: str) -> None:
    assert signed_in(noa).get(address).status_code == 404


# --- what


def test_the_newest_event_comes_first_and_reads_as_a_sentence(noa: User) -> None:
    opened(noa, 1407374990000101, "דנה מרלו", purpose=Purpose.QUALITY, note="complaint 4711")
    response = signed_in(noa).get(TRAIL)
    row = response.context["page"].rows[2]
    assert row.actor_name == "Noa Levi"
    assert [(part.text, part.href) for part in row.sentence] == [
        ("opened ", ""),
        ("object 1407374990000101", "/objects/1407374990000101/"),
    ]
    assert (row.label, row.purpose, row.note) == ("דנה מרלו", "Quality", "complaint 4711")
    assert [row.kind for row in response.context["page"].rows] == [
        "audit.viewed",
        "auth.signed_in",
        "object.opened",
    ]


def test_who_may_not_open_objects_is_led_to_their_trail(noa: User) -> None:
    opened(noa, 1407374990000101)
    row = signed_in(person("external_auditor")).get(TRAIL).context["page"].rows[-1]
    assert row.sentence[1].href == "/audit/?q=1407374990000101"


def test_markup_in_a_name_stays_text(noa: User) -> None:
    opened(noa, 1, "<script>alert(1)</script>", note="<img src=x onerror=alert(1)>")
    content = signed_in(noa).get(TRAIL).content.decode()
    assert "<script>alert" not in content
    assert "<img src=x" not in content


def test_pages_follow_each_other_without_a_gap(noa: User) -> None:
    for number in range(120):
        opened(noa, number)
    client = signed_in(noa)
    first = client.get(TRAIL + "?group=catalog").context
    second = client.get(first["older_url"]).context
    third = client.get(second["older_url"]).context
    numbers = [row.id for context in (first, second, third) for row in context["page"].rows]
    expected = AuditEvent.objects.filter(kind="object.opened").order_by("-id")
    assert numbers == list(expected.values_list("id", flat=True))
    assert [len(context["page"].rows) for context in (first, second, third)] == [50, 50, 20]
    assert (first["newer_url"], third["older_url"]) == ("", "")
    back = client.get(third["newer_url"]).context
    assert [row.id for row in back["page"].rows] == [row.id for row in second["page"].rows]
    assert first["shown"] == "Shown 50 of 120 events"


def test_the_count_is_honest_when_it_stops_counting(noa: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recordings.audit.queries.COUNTED", 5)
    for number in range(6):
        opened(noa, number)
    assert (
        signed_in(noa).get(TRAIL + "?kind=object.opened").context["shown"] == "Shown 6 of more than 5 events"
    )


@pytest.mark.parametrize("many", [1, 3])
def test_a_page_takes_the_same_queries_however_many_rows(
    noa: User, django_assert_num_queries: Any, many: int
) -> None:
    from recordings.audit.filters import TrailFilters
    from recordings.audit.queries import Cursor, trail

    for number in range(many):
        opened(noa, number)
    with django_assert_num_queries(6):  # numbers, events, secrets, keys, leaves, count
        assert len(trail(TrailFilters(kinds=("object.opened",)), Cursor()).rows) == many


# --- filters


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


def test_a_watermark_leads_to_the_viewing(noa: User, tom: User) -> None:
    stream = Stream.objects.create(id=1, name="Video", module_id=26)
    talk = CommBoxObject.objects.create(id=101, stream=stream)
    recording = Recording.objects.create(
        object=talk, fingerprint="f" * 64, url_kind="direct", shown_at="2026-11-20T09:00:00Z"
    )
    viewing = Viewing.objects.create(recording=recording, viewer=tom, purpose="quality", session_ref="s")
    for user in (noa, tom):
        record(Kind.VIEWING_REQUESTED, by=acting(user), target=Target.of(viewing), outcome=Outcome.GRANTED)
    rows = signed_in(noa).get(f"{TRAIL}?q={viewing.short_id}").context["page"].rows
    assert [row.actor_name for row in rows] == ["Tom Brandt"]
    other = signed_in(noa).get(f"{TRAIL}?q={viewing.short_id}&person=user:{noa.pk}").context["page"]
    assert other.rows == []


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?group=nothing", "What happened: Select a valid choice."),
        ("?person=user:99999", "Person: Select a valid choice."),
        ("?since=2026-99-01", "First day (UTC): Enter a valid date."),
        ("?since=2026-11-02&until=2026-11-01", "Last day (UTC): The last day lies before the first."),
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
    assert "More than 8 people match: type more of the name." in response.content.decode()


def test_a_chip_takes_one_filter_away(noa: User) -> None:
    response = signed_in(noa).get(TRAIL + "?group=viewing&group=custody&outcome=denied")
    assert [(chip.text, chip.without) for chip in response.context["chips"]] == [
        ("Watching", "group=custody&outcome=denied"),
        ("Changes at the source", "group=viewing&outcome=denied"),
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
    assert response.content.decode().strip().startswith('<div class="tablebox" id="results"')
    assert "HX-Request" in response["Vary"]


# --- reading is logged


def test_reading_is_in_the_trail_before_it_is_shown(noa: User) -> None:
    client = signed_in(noa)
    event = opened(noa, 1)
    client.get(TRAIL)
    client.get(f"/audit/events/{event}/")
    client.get(f"/people/{noa.pk}/")
    client.get(TRAIL + "?outcome=denied&since=2026-11-01")
    assert [
        (body["type"], body.get("object", {}).get("ref"), body.get("action_detail")) for body in readings()
    ] == [
        ("audit.viewed", None, None),
        ("audit.viewed", f"event:{event}", None),
        ("audit.viewed", f"user:{noa.pk}", None),
        ("audit.searched", None, {"filters": {"outcome": "denied", "since": "2026-11-01"}}),
    ]


def test_searched_words_stand_in_the_trail_as_a_commitment(noa: User) -> None:
    signed_in(noa).get(TRAIL + "?q=Dana+Marlowe")
    (body,) = readings()
    assert "Dana" not in json.dumps(body)
    assert len(body["action_detail"]["q"]) == 64


def test_the_same_reading_within_a_minute_is_one_event(noa: User) -> None:
    client = signed_in(noa)
    for query in ("", "", "?q=101", "?q=101", "?q=102", "?outcome=denied", "?outcome=denied&before=5", ""):
        client.get(TRAIL + query)
    said = [(body["type"], body.get("action_detail", {}).get("filters")) for body in readings()]
    assert said == [
        ("audit.viewed", None),
        ("audit.searched", {"any_ref": ["object:101"]}),
        ("audit.searched", {"any_ref": ["object:102"]}),
        ("audit.searched", {"outcome": "denied"}),
    ]


def test_two_people_reading_are_two_events(noa: User) -> None:
    signed_in(noa).get(TRAIL)
    signed_in(person("external_auditor")).get(TRAIL)
    assert len(readings()) == 2


def test_what_cannot_be_logged_is_not_shown(
    committed_db: None, noa: User, admin_connection: psycopg.Connection
) -> None:
    event = opened(noa, 1, "Dana Marlowe")
    client = signed_in(noa)
    admin_connection.execute(
        "REVOKE EXECUTE ON FUNCTION audit.record_event(bytea, text[], text[], bytea[]) FROM auditportal_app"
    )
    for address in (TRAIL, f"/audit/events/{event}/", f"/audit/events/{event}/body", f"/people/{noa.pk}/"):
        response = client.get(address)
        assert response.status_code == 503
        assert "Dana Marlowe" not in response.content.decode()
        assert "The audit trail cannot be written right now" in response.content.decode()


# --- one event


def test_an_event_shows_that_it_agrees_with_itself(noa: User) -> None:
    event = opened(noa, 1407374990000101, "דנה מרלו")
    response = signed_in(noa).get(f"/audit/events/{event}/")
    examined = response.context["examined"]
    assert (examined.all_holds, examined.hash_holds, examined.disagreeing) == (True, True, ())
    assert {value.field: (value.value, value.holds) for value in examined.commitments} == {
        "actor.name": ("Noa Levi", True),
        "object.label": ("דנה מרלו", True),
    }
    assert "Agrees with itself" in response.content.decode()


def test_its_exact_bytes_can_be_fetched_and_hashed(noa: User) -> None:
    event = opened(noa, 1)
    response = signed_in(noa).get(f"/audit/events/{event}/body")
    row = AuditEvent.objects.get(event_id=event)
    assert hashlib.sha256(response.content).digest() == bytes(row.body_hash)
    assert response["Content-Disposition"] == f'attachment; filename="event-{event}.json"'
    assert (response["X-Content-Type-Options"], response["Cache-Control"]) == ("nosniff", "no-store")


def test_an_erased_person_reads_erased_and_contradicts_nothing(
    committed_db: None, noa: User, admin_connection: psycopg.Connection
) -> None:
    event = opened(noa, 1, "Dana Marlowe")
    admin_connection.execute("DELETE FROM audit.subject_key WHERE subject = 'customer:1'")
    examined = signed_in(noa).get(f"/audit/events/{event}/").context["examined"]
    assert [(value.field, value.erased) for value in examined.commitments] == [
        ("actor.name", False),
        ("object.label", True),
    ]
    assert examined.all_holds


TAMPERED = {
    "kind": ("UPDATE audit.event SET kind = 'object.closed'", ("kind",)),
    "actor": ("UPDATE audit.event SET actor_ref = 'user:99'", ("actor_ref",)),
    "target": ("UPDATE audit.event SET target_ref = 'object:2'", ("target_ref",)),
    "id": ("UPDATE audit.event SET event_id = '01890a5d-ac96-774b-bcce-b302099a8057'", ("event_id",)),
    "body": (
        "UPDATE audit.event SET body = convert_to(replace(convert_from(body, 'UTF8'), 'object:1', 'object:2'), 'UTF8'),"
        " body_hash = sha256(convert_to(replace(convert_from(body, 'UTF8'), 'object:1', 'object:2'), 'UTF8'))",
        ("target_ref",),
    ),
}


@pytest.mark.parametrize(("statement", "disagreeing"), TAMPERED.values(), ids=TAMPERED.keys())
def test_what_a_superuser_changed_shows(
    committed_db: None,
    noa: User,
    admin_connection: psycopg.Connection,
    statement: str,
    disagreeing: tuple[str, ...],
) -> None:
    """A16, as far as one event alone can tell; hash and bytes changed together are for the sealed log to find."""
    event = opened(noa, 1)
    admin_connection.execute("ALTER TABLE audit.event DISABLE TRIGGER ALL")
    admin_connection.execute(statement + f" WHERE event_id = '{event}'")
    if "event_id =" in statement.partition("WHERE")[0]:
        event = uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    response = signed_in(noa).get(f"/audit/events/{event}/")
    assert response.context["examined"].disagreeing == disagreeing
    assert "Does not agree with itself" in response.content.decode()


def test_a_hash_that_does_not_fit_shows(
    committed_db: None, noa: User, admin_connection: psycopg.Connection
) -> None:
    event = opened(noa, 1)
    admin_connection.execute("ALTER TABLE audit.event DISABLE TRIGGER ALL, DROP CONSTRAINT event_check")
    admin_connection.execute("UPDATE audit.event SET body_hash = sha256('x') WHERE event_id = %s", [event])
    response = signed_in(noa).get(f"/audit/events/{event}/")
    assert not response.context["examined"].hash_holds
    assert "The bytes do not hash to what was stored with them." in response.content.decode()


def test_a_value_that_was_exchanged_shows(
    committed_db: None, noa: User, admin_connection: psycopg.Connection
) -> None:
    """A2: another name for an event. Its ciphertext is bound to event and field, so it reads as erased."""
    event, other = opened(noa, 1, "Dana"), opened(noa, 1, "Somebody else")
    admin_connection.execute(
        "UPDATE audit.secret SET sealed = (SELECT sealed FROM audit.secret WHERE event_id = %s AND field = %s)"
        " WHERE event_id = %s AND field = %s",
        [other, "object.label", event, "object.label"],
    )
    content = signed_in(noa).get(f"/audit/events/{event}/").content.decode()
    assert "Somebody else" not in content
