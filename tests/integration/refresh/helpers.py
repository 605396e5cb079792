"""What the tests of the refresh share."""

import json
from typing import Any

from auditportal.sandbox.control.control import Control
from recordings.audit import Actor
from recordings.models import AuditEvent, CommBoxObject, Stream

BY = Actor.system("refresh")
VIDEO, OTHER_VIDEO, CHAT = 31245, 31246, 31200


def hold(upstream: Control, *, recorded: bool = False, nth: int = 0) -> CommBoxObject:
    """Put one of the sandbox's open objects into the catalog, as a listing would."""
    talks = [talk for talk in upstream.world.of_stream(VIDEO) if not talk.closed_at]
    talk = [talk for talk in talks if bool(talk.activities_of(27)) is recorded][nth]
    Stream.objects.get_or_create(pk=talk.stream_id, defaults={"name": "Premium video"})
    return CommBoxObject.objects.create(
        id=talk.id,
        stream_id=talk.stream_id,
        customer_name="Dana Marlowe",
        created_at=talk.created_at,
        updated_at=talk.updated_at,
    )


def kinds() -> list[str]:
    """The kinds of every event in the trail, in order."""
    return list(AuditEvent.objects.order_by("id").values_list("kind", flat=True))


def body(kind: str) -> dict[str, Any]:
    """The one event of this kind, as written."""
    return dict(json.loads(bytes(AuditEvent.objects.get(kind=kind).body)))


def body_of_last(kind: str) -> dict[str, Any]:
    """The newest event of this kind, as written."""
    return dict(json.loads(bytes(AuditEvent.objects.filter(kind=kind).latest("id").body)))
