"""Write as CommBox does: envelope, times, and the spellings of objects, people and messages."""

import json
from datetime import datetime
from typing import Any

from auditportal.sandbox.behaviour.switches import Switches
from auditportal.sandbox.world.account import (
    CONVERSATION_TYPE,
    WEB,
    Agent,
    Conversation,
    Customer,
    Message,
    World,
)

Json = Any


def envelope(status: int, description: str, data: Json, switches: Switches, now: datetime) -> dict[str, Json]:
    """Return the envelope of a response. Errors always have the status as a number."""
    shown = str(status) if switches.status_as_text and status < 400 else status
    return {"status": shown, "description": description, "response_time": fraction(now, 7), "data": data}


def fraction(at: datetime, digits: int) -> str:
    """Write a time with fraction digits and Z. The seventh digit is invented, because CommBox's clock is finer."""
    whole = f"{at:%Y-%m-%dT%H:%M:%S}"
    parts = f"{at.microsecond:06}{at.microsecond % 10}"[:digits]
    return f"{whole}.{parts}Z" if parts else f"{whole}Z"


def stream_object(world: World, talk: Conversation, switches: Switches) -> dict[str, Json]:
    """Write an object in the spelling that is switched on; "mixed" depends on the object's id."""
    second = switches.item_spelling == "second" or (switches.item_spelling == "mixed" and talk.id % 2 == 0)
    item = second_spelling(world, talk, switches) if second else first_spelling(world, talk, switches)
    if switches.loose_types:
        item |= {
            "statusId": str(talk.status_id),
            "type": str(CONVERSATION_TYPE),
            "streamProviderType": str(WEB),
        }
    return item


def first_spelling(world: World, talk: Conversation, switches: Switches) -> dict[str, Json]:
    """Write the documented first form of an object."""
    who, digits = talk.customer, min(7, switches.fraction_digits)
    last = talk.messages[-1].at if talk.messages else None
    return {
        "objectId": talk.id,
        "streamId": talk.stream_id,
        "substreamId": talk.sub_stream_id,
        "streamProviderId": provider_id(talk),
        "streamProviderType": WEB,
        "user_identity": who.identity_id,
        "firstName": who.first_name,
        "lastName": who.last_name,
        "userStreamProviderId": who.address,
        "userStreamProviderType": str(who.address_type),
        "content": object_content(who),
        "message": talk.message,
        "createdTime": fraction(talk.created_at, digits),
        "updatedTime": fraction(talk.updated_at, digits),
        "closedTime": fraction(talk.closed_at, digits) if talk.closed_at else None,
        "firstResponseTime": fraction(talk.first_response_at, digits) if talk.first_response_at else None,
        "lastResponseTime": fraction(last, digits) if last else None,
        "priorityTime": fraction(talk.created_at, digits),
        "statusId": talk.status_id,
        "assignedManagerId": talk.agent_id,
        "lastAssignedManagerId": talk.last_agent_id,
        "type": CONVERSATION_TYPE,
        "numTags": len(talk.tags),
        "user": short_user(world, who, switches),
        "isManager": False,
    }


def second_spelling(world: World, talk: Conversation, switches: Switches) -> dict[str, Json]:
    """Write the documented second form: other names, fewer keys, the address inside `user`."""
    first = first_spelling(world, talk, switches)
    same = "type statusId createdTime updatedTime lastResponseTime priorityTime streamProviderId streamProviderType"
    more = "message content numTags user assignedManagerId lastAssignedManagerId"
    item: dict[str, Json] = {"id": talk.id, "streamid": talk.stream_id, "substreamid": talk.sub_stream_id}
    item |= {name: first[name] for name in f"{same} {more}".split()}
    item |= {"closeTime": first["closedTime"], "numChilds": len(talk.messages)}
    item["user"] = {**first["user"], "identity": customer_identity(talk.customer)}
    return item


def provider_id(talk: Conversation) -> str:
    """Return the object's own URL on its channel."""
    return f"vc-{talk.id}"


def object_content(who: Customer) -> str:
    """Return the JSON text in an object's `content`. For every eighth customer it is truncated, as real ones can be."""
    content = {
        "originUrl": "https://support.northwind.example/video",
        "languages": [{"Item1": who.locale[:2]}],
    }
    text = json.dumps({**content, "isConnected": False})
    return text if who.id % 8 else text[:-10]


def short_user(world: World, who: Customer, switches: Switches) -> dict[str, Json]:
    """Write the customer inside an object. Phone and company number are a text or a number."""
    loose = switches.loose_types
    return {
        "id": who.id,
        "uniqueId": int(who.unique_id) if loose and who.unique_id else who.unique_id,
        "phone1": int(who.phone) if loose and who.phone else who.phone,
        "phone2": "",
        "email": who.email,
        "firstName": who.first_name or "",
        "lastName": who.last_name or "",
        "gender": "",
        "numberIdentities": 1,
        "locale": who.locale,
        "birthday": "",
        "remarks": "",
        "content": json.dumps({"policy_number": f"P-{who.unique_id}"}),
    }


def customer_identity(who: Customer) -> dict[str, Json]:
    """Write a customer's address inside an object of the second form."""
    return {
        "id": who.identity_id,
        "streamProviderId": who.address,
        "streamProviderType": who.address_type,
        "streamProviderEmail": who.email,
        "firstName": who.first_name,
        "lastName": who.last_name,
        "thumbnailUrl": None,
    }


def child(talk: Conversation, message: Message, agent: Agent | None) -> dict[str, Json]:
    """Make a message."""
    by_agent = message.by_agent and agent is not None
    return {
        "id": message.id,
        "object_id": talk.id,
        "content": "{}",
        "message": message.text,
        "createdTime": fraction(message.at, 7),
        "streamProviderType": WEB,
        "user": {
            "id": agent.id if by_agent and agent else talk.customer.id,
            "managerId": agent.id if by_agent and agent else 0,
            "isManager": by_agent,
            "identity": agent_identity(agent) if by_agent and agent else customer_identity(talk.customer),
        },
    }


def agent_identity(agent: Agent) -> dict[str, Json]:
    """Write an agent's address inside a message."""
    return {
        "id": agent.identity_id,
        "streamProviderId": agent.email,
        "streamProviderType": 0,
        "firstName": agent.first_name,
        "lastName": agent.last_name,
        "thumbnailUrl": None,
    }


def transcript(world: World, talk: Conversation, switches: Switches) -> dict[str, Json]:
    """Write the transcript. Its key is misspelled in the list form, as documented, and correct in the other."""
    agent = world.agents.get(talk.last_agent_id)
    customer = f"{talk.customer.first_name or ''} {talk.customer.last_name or ''}".strip() or "Guest"
    lines = [
        f"\n[{month_first(one.at)}] \n{spoken_name(agent) if one.by_agent else customer}: \n{one.text} "
        for one in talk.messages
    ]
    link = f"\nCommbox Ticket Link: https://northwind.commbox.example/widget/object/{talk.id}"
    listed = switches.transcript_form == "list"
    return {
        "objectId": talk.id,
        "streamid": talk.stream_id,
        "substreamid": talk.sub_stream_id,
        "trasncript" if listed else "transcript": "".join(lines) + link,
        "user": short_user(world, talk.customer, switches) | {"remarks": None},
    }


def spoken_name(agent: Agent | None) -> str:
    """Return the author of a message in a transcript."""
    return f"{agent.first_name} {agent.last_name}" if agent else "Agent"


def month_first(at: datetime) -> str:
    """Write a time as transcripts do: 5/13/2026 9:01:02 AM."""
    hour = at.hour % 12 or 12
    return f"{at.month}/{at.day}/{at.year} {hour}:{at:%M:%S} {'AM' if at.hour < 12 else 'PM'}"
