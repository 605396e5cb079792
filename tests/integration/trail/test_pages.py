"""The trail's pages: who sees them, what they show, and that reading them is in the trail first."""

import json
import uuid
from typing import Any

import psycopg
import pytest

from auditportal.accounts.models import User
from recordings.audit import Kind, Purpose, record
from recordings.models import AuditEvent
from tests.factories import person
from tests.integration.trail.helpers import TRAIL, acting, opened, signed_in


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


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "3000-01-01", "9999-12-31"])
def test_a_day_beyond_all_days_is_refused_with_a_sentence(noa: User, day: str) -> None:
    client = signed_in(noa)
    for address in (TRAIL, f"/audit/people/{noa.pk}/", "/assurance/"):
        response = client.get(address, {"since": day, "until": day, "day": day})
        assert response.status_code in (200, 400), address
    assert "Enter a day from 2000-01-01 to 2999-12-31." in client.get(TRAIL, {"since": day}).content.decode()


def test_everybody_sees_their_own_page_and_nobody_elses(tom: User, noa: User) -> None:
    client = signed_in(tom)
    opened(tom, 1)
    own = client.get(f"/audit/people/{tom.pk}/")
    assert own.status_code == 200
    assert "object.opened" in [row.kind for row in own.context["page"].rows]
    assert client.get(f"/audit/people/{noa.pk}/").status_code == 403
    refusal = AuditEvent.objects.get(kind=Kind.ACCESS_DENIED)
    assert (refusal.actor_ref, refusal.target_ref) == (f"user:{tom.pk}", f"user:{noa.pk}")


def test_who_looked_into_somebody_is_not_told_to_them(tom: User, noa: User) -> None:
    signed_in(noa).get(f"/audit/people/{tom.pk}/")
    client = signed_in(tom)
    rows = client.get(f"/audit/people/{tom.pk}/").context["page"].rows
    assert {row.actor_name for row in rows} == {"Tom Brandt"}
    assert {row.href for row in rows} == {""}


def test_a_persons_refusals_stand_alone(noa: User, tom: User) -> None:
    opened(tom, 1)
    signed_in(tom).get(TRAIL)
    rows = signed_in(noa).get(f"/audit/people/{tom.pk}/?only=refused").context["page"].rows
    assert [(row.kind, row.outcome) for row in rows] == [("access.denied", "denied")]


@pytest.mark.parametrize(
    "address", ["/audit/people/999999/", f"/audit/people/{10**40}/", f"/audit/events/{uuid.UUID(int=0)}/"]
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
        ("Noa Levi", f"/audit/people/{noa.pk}/"),
        (" opened ", ""),
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
    assert row.sentence[2].href == "/audit/?q=1407374990000101"


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
    monkeypatch.setattr("recordings.paging.COUNTED", 5)
    for number in range(6):
        opened(noa, number)
    assert (
        signed_in(noa).get(TRAIL + "?kind=object.opened").context["shown"] == "Shown 6 of more than 5 events"
    )


@pytest.mark.parametrize("many", [1, 3])
def test_a_page_takes_the_same_queries_however_many_rows(
    noa: User, django_assert_num_queries: Any, many: int
) -> None:
    from recordings.trail.filters import TrailFilters
    from recordings.trail.queries import trail

    for number in range(many):
        opened(noa, number)
    with django_assert_num_queries(5):  # numbers, events, secrets, keys, leaves
        assert len(trail(TrailFilters(kinds=("object.opened",))).rows) == many


# --- reading is logged


def test_reading_is_in_the_trail_before_it_is_shown(noa: User) -> None:
    client = signed_in(noa)
    event = opened(noa, 1)
    client.get(TRAIL)
    client.get(f"/audit/events/{event}/")
    client.get(f"/audit/people/{noa.pk}/")
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
    for address in (
        TRAIL,
        f"/audit/events/{event}/",
        f"/audit/events/{event}/body",
        f"/audit/people/{noa.pk}/",
    ):
        response = client.get(address)
        assert response.status_code == 503
        assert "Dana Marlowe" not in response.content.decode()
        assert "The audit trail cannot be written right now" in response.content.decode()
