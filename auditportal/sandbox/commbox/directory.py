"""Write people and counts as CommBox does: customers, agents, members of a team, objects per channel."""

import json
from typing import Any

from auditportal.sandbox.commbox.shapes import customer_identity
from auditportal.sandbox.world.account import Agent, Customer, Stream, World

Json = Any


def user(world: World, who: Customer) -> dict[str, Json]:
    """Write a customer as the users call does. Tags are JSON inside a text."""
    objects = world.of_customer(who.id)
    tags = sorted({tag for talk in objects for tag in talk.tags})
    listed = [{"id": tag, "name": world.tags[tag].name, "group_name": None} for tag in tags]
    identity = customer_identity(who) | {
        "userId": who.id,
        "numObjects": len(objects),
        "userName": None,
        "content": "{}",
    }
    return {
        "id": who.id,
        "firstName": who.first_name,
        "lastName": who.last_name,
        "gender": "",
        "phone1": who.phone,
        "phone2": None,
        "uniqueId": who.unique_id,
        "email": who.email,
        "content": "{}",
        "permissionId": 1,
        "numIdentities": 1,
        "numObjects": len(objects),
        "locale": who.locale,
        "remarks": "",
        "userTags": json.dumps(listed, separators=(",", ":")),
        "teamId": 0,
        "identities": [identity],
    }


def manager(world: World, agent: Agent) -> dict[str, Json]:
    """Write an agent as the managers call does."""
    return {
        "id": agent.id,
        "identityId": agent.identity_id,
        "streamProviderId": agent.email,
        "thumbnailUrl": None,
        "brandId": 4242,
        "permissionId": agent.permission,
        "firstName": agent.first_name,
        "lastName": agent.last_name,
        "email": agent.email,
        "userName": agent.user_name,
        "team": ",".join(str(one) for one in agent.team_ids),
        "teamId": agent.team_ids[0],
        "teamName": world.teams[agent.team_ids[0]].name,
        "profiles": ",".join(str(one) for one in world.profiles),
        "maxSyncObjectsAssignments": None if agent.permission == 3 else 3,
        "maxAsyncObjectsAssignments": None if agent.permission == 3 else 5,
    }


def member(agent: Agent) -> dict[str, Json]:
    """Write an agent inside a team or profile, where keys are capitalised."""
    return {
        "Id": agent.id,
        "FirstName": agent.first_name,
        "LastName": agent.last_name,
        "Permission": agent.permission,
        "Email": agent.email,
        "UserName": agent.user_name,
        "TeamId": agent.team_ids[0],
    }


def stream_counts(world: World, stream: Stream) -> list[dict[str, Json]]:
    """Count the objects of a channel by sub-channel and status, without empty rows."""
    pairs = [(talk.sub_stream_id, talk.status_id) for talk in world.of_stream(stream.id)]
    return [
        {
            "moduleId": stream.module_id,
            "streamId": stream.id,
            "subStreamId": sub,
            "statusId": status,
            "c": pairs.count((sub, status)),
        }
        for sub, status in sorted(set(pairs))
    ]
