"""Parse objects (conversations), in both spellings and with the customer in any of several places."""

import re
from typing import Any

from recordings.commbox.parsing.envelope import read_items
from recordings.commbox.parsing.fields import Fields
from recordings.commbox.parsing.secrets import scrubbed, without_signatures
from recordings.commbox.records import ObjectItem, Parsed

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}")
_PHONE = re.compile(r"\+?[0-9]{7,15}")


def parse_objects(document: Any, *, stream_id: int | None = None) -> Parsed[ObjectItem]:
    """Parse the objects of a listing or of a single object. `stream_id` is the default for items without one.

    Raises BadResponse when the response as a whole cannot be read.
    """
    return read_items(document, lambda fields, item: _object(fields, item, stream_id))


def _object(fields: Fields, item: dict[str, Any], stream_id: int | None) -> ObjectItem:
    object_id = fields.required_id("objectId", "id")
    if stream_id is None or fields.value("streamId") is not None:
        stream_id = fields.required_id("streamId")
    user = fields.group("user")
    identity = user.group("identity")
    return ObjectItem(
        object_id=object_id,
        stream_id=stream_id,
        substream_id=fields.integer("substreamId"),
        status_id=fields.code("statusId"),
        object_type=fields.code("type"),
        created_at=fields.time("createdTime"),
        updated_at=fields.time("updatedTime"),
        closed_at=fields.time("closedTime", "closeTime"),
        customer_identity_id=fields.identifier("userIdentity", "userIdentityId") or identity.identifier("id"),
        customer_user_id=user.identifier("id"),
        customer_name=name_of(fields) or name_of(user) or name_of(identity),
        customer_email=_email(fields, user, identity),
        customer_phone=_phone(fields, user, identity),
        agent_id=fields.identifier("assignedManagerId") or fields.identifier("lastAssignedManagerId"),
        message=without_signatures(fields.text("message")),
        tags_count=max(0, fields.code("numTags") or 0),
        raw=scrubbed(item),
    )


def name_of(fields: Fields) -> str:
    """Join first and last name."""
    return f"{fields.text('firstName')} {fields.text('lastName')}".strip()


def _email(fields: Fields, user: Fields, identity: Fields) -> str:
    address = fields.text("userStreamProviderId")
    return (
        user.text("email")
        or identity.text("streamProviderEmail")
        or (address if _EMAIL.fullmatch(address) else "")
    )


def _phone(fields: Fields, user: Fields, identity: Fields) -> str:
    address = fields.text("userStreamProviderId") or identity.text("streamProviderId")
    return user.text("phone1") or user.text("phone2") or (address if _PHONE.fullmatch(address) else "")
