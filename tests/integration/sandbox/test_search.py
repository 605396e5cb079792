"""Get Stream Objects: limiting filters, pages, order, and what each filter leaves."""

from typing import Any

import pytest

from .conftest import Api

ALL = {"unixStartTime": 0, "unixEndTime": 2**33}


def ids(api: Api, **query: Any) -> list[int]:
    return [item["objectId"] for item in api.get("streams/31245/objects", **query).data]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"pageNumber": 0},
        {"status": "1"},
        {"subStream": 0},
        {"unixStartTime": 0},
        {"unixEndTime": 5},
        {"userIdentityId": 1, "unixStartTime": 0},
        {"identityStreamProviderId": "a"},
        {"identityStreamProviderType": 4},
        {"streamProviderId": "a"},
        {**ALL, "unixEndTime": "x"},
        {**ALL, "pageNumber": -1},
        {**ALL, "pageSize": "many"},
        {**ALL, "order": "name"},
        {**ALL, "sort": "up"},
        {**ALL, "status": "1,x"},
    ],
)
def test_without_a_limit_with_half_a_pair_or_a_bad_value_400(api: Api, query: dict[str, Any]) -> None:
    answer = api.get("streams/31245/objects", **query)
    assert (answer.status, answer.json()["data"]) == (400, "")


def test_pages_start_at_0_hold_100_and_never_overlap(api: Api) -> None:
    pages = [ids(api, **ALL, pageNumber=number, order="createdtime", sort="asc") for number in range(3)]
    assert [len(page) for page in pages] == [100, 50, 0]
    assert len({one for page in pages for one in page}) == 150


@pytest.mark.parametrize(("asked", "given"), [(None, 100), (7, 7), (100, 100), (500, 100), (0, 100)])
def test_page_size(api: Api, asked: int | None, given: int) -> None:
    assert len(ids(api, **ALL, **({} if asked is None else {"pageSize": asked}))) == given


@pytest.mark.parametrize("order", ["createdtime", "updatedtime", "prioritytime", "closedtime"])
def test_order_and_sort(api: Api, order: str) -> None:
    name = {"closedtime": "closedTime", "prioritytime": "priorityTime"}.get(
        order, order.replace("time", "Time")
    )
    for sort in ("asc", "desc"):
        items = api.get("streams/31245/objects", **ALL, order=order, sort=sort).data
        times = [item[name] or "" for item in items]
        assert times == sorted(times, reverse=sort == "desc")
    default = api.get("streams/31245/objects", **ALL).data
    assert default == api.get("streams/31245/objects", **ALL, order="createdtime", sort="desc").data


def test_a_range_includes_both_ends(api: Api) -> None:
    talk = api.sandbox.control.world.of_stream(31245)[40]
    talk.created_at = talk.created_at.replace(microsecond=0)
    at = int(talk.created_at.timestamp())
    assert talk.id in ids(api, unixStartTime=at, unixEndTime=at)
    assert talk.id not in ids(api, unixStartTime=at + 1, unixEndTime=at + 2)
    assert talk.id not in ids(api, unixStartTime=at - 2, unixEndTime=at - 1)


def test_filters(api: Api) -> None:
    talks = api.sandbox.control.world.of_stream(31245)
    one = talks[5]
    who = one.customer
    own = sorted(talk.id for talk in talks if talk.customer == who)
    assert sorted(ids(api, userIdentityId=who.identity_id)) == own
    address = {"identityStreamProviderId": who.address, "identityStreamProviderType": who.address_type}
    assert sorted(ids(api, **address)) == own
    assert ids(api, streamProviderId=f"vc-{one.id}", streamProviderType=8) == [one.id]
    assert ids(api, streamProviderId=f"vc-{one.id}", streamProviderType=9) == []
    for status in ("2", "1,8"):
        expected = {talk.id for talk in talks if str(talk.status_id) in status.split(",")}
        found = {number for page in range(2) for number in ids(api, **ALL, status=status, pageNumber=page)}
        assert found == expected
    expected = {talk.id for talk in talks if talk.sub_stream_id == 774}
    assert set(ids(api, **ALL, subStream=774)) == expected
    assert 0 < len(expected) < 100


def test_time_filter_is_obeyed_only_where_switched_on(api: Api) -> None:
    talk = next(one for one in api.sandbox.control.world.of_stream(31245) if one.closed_at)
    at = int(talk.updated_at.timestamp())
    query = {"unixStartTime": at, "unixEndTime": at + 1, "timeFilter": "updatedtime"}
    assert talk.id not in ids(api, **query)
    api.sandbox.control.switch(time_filter=True)
    assert talk.id in ids(api, **query)
