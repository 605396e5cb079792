"""Objects in both spellings, with the customer wherever CommBox put them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.commbox.errors import CommBoxError
from recordings.commbox.parsing.objects import parse_objects
from recordings.commbox.records import ObjectItem
from tests.unit.commbox.examples import OBJECT_ID, SIGNED_900, conversation, envelope

SECOND_SPELLING = {
    "id": 1407374990000104,
    "streamid": 31245,
    "substreamid": 0,
    "type": 4,
    "statusId": "1",
    "createdTime": "2026-05-12T10:00:00.0000000Z",
    "updatedTime": "2026-05-12T10:03:00",
    "closeTime": "2026-05-12T10:04:00Z",
    "message": "Video call",
    "numTags": 0,
    "user": {
        "id": 70011004,
        "identity": {
            "id": 80022004,
            "streamProviderId": "15550100004",
            "streamProviderEmail": "guest@example.com",
            "firstName": "Guest",
            "lastName": "",
        },
    },
}


def only(document: Any, **options: Any) -> ObjectItem:
    parsed = parse_objects(document, **options)
    assert parsed.problems == []
    (item,) = parsed.items
    return item


def test_the_first_spelling() -> None:
    raw = conversation()
    assert only(envelope([raw])) == ObjectItem(
        object_id=int(OBJECT_ID),
        stream_id=31245,
        substream_id=774,
        status_id=8,
        object_type=4,
        created_at=datetime(2026, 5, 13, 8, 58, 31, 118000, tzinfo=UTC),
        updated_at=datetime(2026, 5, 13, 9, 14, 25, 602441, tzinfo=UTC),
        closed_at=None,
        customer_identity_id=80022001,
        customer_user_id=70011001,
        customer_name="Dana Marlowe",
        customer_email="dana@example.com",
        customer_phone="15550100001",
        agent_id=5501,
        message="Video call",
        tags_count=1,
        raw=raw,
    )


def test_the_second_spelling() -> None:
    assert only(envelope([SECOND_SPELLING])) == ObjectItem(
        object_id=1407374990000104,
        stream_id=31245,
        substream_id=0,
        status_id=1,
        object_type=4,
        created_at=datetime(2026, 5, 12, 10, tzinfo=UTC),
        updated_at=datetime(2026, 5, 12, 10, 3, tzinfo=UTC),
        closed_at=datetime(2026, 5, 12, 10, 4, tzinfo=UTC),
        customer_identity_id=80022004,
        customer_user_id=70011004,
        customer_name="Guest",
        customer_email="guest@example.com",
        customer_phone="15550100004",
        agent_id=None,
        message="Video call",
        tags_count=0,
        raw=SECOND_SPELLING,
    )


@pytest.mark.parametrize(
    ("changes", "name", "email", "phone"),
    [
        ({"firstName": "null,", "lastName": "null"}, "", "dana@example.com", "15550100001"),
        ({"firstName": None, "lastName": "Levi", "user": {}}, "Levi", "dana.marlowe@example.com", ""),
        ({"userStreamProviderId": "+15550100003", "user": None}, "Dana Marlowe", "", "+15550100003"),
        ({"userStreamProviderId": "guest-104", "user": "x"}, "Dana Marlowe", "", ""),
        (
            {"user": {"phone1": "", "phone2": "972501234567"}},
            "Dana Marlowe",
            "dana.marlowe@example.com",
            "972501234567",
        ),
        ({"firstName": "נועה", "lastName": "לוי"}, "נועה לוי", "dana@example.com", "15550100001"),
    ],
)
def test_who_the_customer_is(changes: dict[str, Any], name: str, email: str, phone: str) -> None:
    item = only([conversation(**changes)])
    assert (item.customer_name, item.customer_email, item.customer_phone) == (name, email, phone)


@pytest.mark.parametrize(
    ("assigned", "last", "agent"),
    [(5501, 5502, 5501), (0, 5502, 5502), (0, 0, None), ("7", None, 7), (True, 1.5, None)],
)
def test_the_agent_is_the_assigned_one_or_the_last(assigned: Any, last: Any, agent: int | None) -> None:
    assert only([conversation(assignedManagerId=assigned, lastAssignedManagerId=last)]).agent_id == agent


@pytest.mark.parametrize("value", ["99", 99, 2**31, "new", None, 8.0])
def test_an_unknown_status_is_kept_as_its_number_or_missing(value: Any) -> None:
    assert only([conversation(statusId=value)]).status_id == (99 if value in (99, "99") else None)


@pytest.mark.parametrize("value", [None, 0, -1, True, 1.4e15, "x", 2**63, []])
def test_an_object_without_an_id_is_a_problem(value: Any) -> None:
    parsed = parse_objects(envelope([conversation(objectId=value), SECOND_SPELLING]))
    assert [item.object_id for item in parsed.items] == [1407374990000104]
    assert [problem.reason for problem in parsed.problems] == [
        "Its objectId is missing or no whole 64-bit number."
    ]


def test_the_stream_asked_for_stands_in_for_a_missing_one_only() -> None:
    assert only([conversation(streamId=None)], stream_id=7).stream_id == 7
    assert only([conversation()], stream_id=7).stream_id == 31245
    assert [p.reason for p in parse_objects([conversation(streamId=None)]).problems] == [
        "Its streamId is missing or no whole 64-bit number."
    ]
    assert len(parse_objects([conversation(streamId="x")], stream_id=7).problems) == 1


def test_a_signed_link_in_a_message_loses_its_signature_and_personal_values_stay_out_of_repr() -> None:
    item = only(
        [conversation(message=f"see {SIGNED_900}", remarks=SIGNED_900, link="https://a.example/?b=1")]
    )
    assert "X-Amz" not in item.message + str(item.raw)
    assert item.raw["link"] == "https://a.example/?b=1"
    for personal in ("Dana", "dana", "1555010", "see "):
        assert personal not in repr(item)


@given(
    changes=st.dictionaries(
        st.sampled_from(sorted(conversation())), st.none() | st.integers() | st.text(max_size=9)
    )
)
def test_a_changed_field_never_stops_its_neighbour(changes: dict[str, Any]) -> None:
    try:
        parsed = parse_objects(envelope([conversation(**changes), SECOND_SPELLING]))
    except CommBoxError as error:  # pragma: no cover - would be the defect
        pytest.fail(str(error))
    assert parsed.items[-1].object_id == 1407374990000104
    assert len(parsed.items) + len(parsed.problems) == 2
