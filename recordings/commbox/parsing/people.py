"""Parse agents, teams and the counts of objects by stream."""

from typing import Any

from recordings.commbox.parsing.envelope import read_items
from recordings.commbox.parsing.fields import Fields, Refused
from recordings.commbox.parsing.objects import name_of
from recordings.commbox.parsing.secrets import scrubbed
from recordings.commbox.records import AgentItem, Parsed, StreamStat, TeamItem


def parse_agents(document: Any) -> Parsed[AgentItem]:
    """Parse agents of the account or of a team, in both spellings."""
    return read_items(document, _agent)


def parse_teams(document: Any) -> Parsed[TeamItem]:
    """Parse teams of agents."""
    return read_items(
        document,
        lambda fields, _: TeamItem(fields.required_id("teamId", "id"), fields.text("name", "teamName")),
    )


def parse_stream_stats(document: Any) -> Parsed[StreamStat]:
    """Parse the counts of objects by module, stream, sub-stream and status."""
    return read_items(document, _stat)


def _agent(fields: Fields, item: dict[str, Any]) -> AgentItem:
    return AgentItem(
        agent_id=fields.required_id("id", "managerId"),
        name=name_of(fields),
        email=fields.text("email"),
        user_name=fields.text("userName"),
        team_id=fields.identifier("teamId"),
        team_name=fields.text("teamName"),
        permission_id=fields.code("permissionId", "permission"),
        raw=scrubbed(item),
    )


def _stat(fields: Fields, _: dict[str, Any]) -> StreamStat:
    module_id, count = fields.code("moduleId"), fields.integer("c", "count")
    if module_id is None or count is None or count < 0:
        raise Refused("Its moduleId or count is missing or no whole number.")
    return StreamStat(
        module_id=module_id,
        stream_id=fields.required_id("streamId"),
        sub_stream_id=fields.integer("subStreamId"),
        status_id=fields.code("statusId"),
        count=count,
    )
