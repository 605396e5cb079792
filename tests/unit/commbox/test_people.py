"""Agents, teams, counts per stream, and enumerations."""

import pytest

from recordings.commbox import enums
from recordings.commbox.parsing.people import (
    parse_agents,
    parse_stream_stats,
    parse_teams,
)
from recordings.commbox.records import AgentItem, StreamStat, TeamItem
from tests.unit.commbox.examples import envelope

AGENT = {
    "id": 5501,
    "permissionId": 2,
    "firstName": "Avery",
    "lastName": "Cole",
    "email": "a@acme.example",
    "userName": "avery.c",
    "teamId": 61,
    "teamName": "Claims",
}


def test_agents_in_both_spellings() -> None:
    member = {
        "Id": 5501,
        "FirstName": "Avery",
        "LastName": "Cole",
        "Permission": 2,
        "Email": "a@acme.example",
    }
    parsed = parse_agents(envelope([AGENT, {**member, "UserName": "avery.c", "TeamId": 0}, {"id": None}]))
    assert parsed.items[0] == AgentItem(
        5501, "Avery Cole", "a@acme.example", "avery.c", 61, "Claims", 2, AGENT
    )
    assert (parsed.items[1].name, parsed.items[1].permission_id, parsed.items[1].team_id) == (
        "Avery Cole",
        2,
        None,
    )
    assert [problem.index for problem in parsed.problems] == [2]


def test_teams() -> None:
    assert parse_teams(envelope([{"teamId": 61, "name": "Claims"}])).items == [TeamItem(61, "Claims")]
    assert len(parse_teams(envelope([{"name": "Claims"}])).problems) == 1


def test_counts_per_stream() -> None:
    good = {"moduleId": 26, "streamId": "31245", "subStreamId": 0, "statusId": 1, "c": 12}
    parsed = parse_stream_stats(
        envelope([good, {**good, "c": -1}, {**good, "moduleId": None}, {**good, "streamId": 0}])
    )
    assert parsed.items == [StreamStat(26, 31245, 0, 1, 12)]
    assert [problem.index for problem in parsed.problems] == [1, 2, 3]


@pytest.mark.parametrize(
    ("words", "value", "label"),
    [
        (enums.ACTIVITY_TYPES, 27, "Video call recording"),
        (enums.ACTIVITY_TYPES, 24, "24"),
        (enums.STATUSES, 8, "In process"),
        (enums.STATUSES, 12, "12"),
        (enums.STREAM_PROVIDERS, 0, "CommBox"),
        (enums.OBJECT_TYPES, 4, "Conversation"),
        (enums.MODULES, enums.VIDEO_CHAT_MODULE, "Video chat"),
        (enums.PERMISSIONS, 4, "4"),
        (enums.PERMISSIONS, None, ""),
    ],
)
def test_an_unknown_value_is_shown_as_its_number(
    words: dict[int, str], value: int | None, label: str
) -> None:
    assert enums.label(words, value) == label
