"""Write activities in the shapes that CommBox uses or might use, with a fresh URL in each response."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from auditportal.sandbox.behaviour.switches import Switches
from auditportal.sandbox.s3 import sigv4
from auditportal.sandbox.s3.sigv4 import Credential
from auditportal.sandbox.world.account import RECORDING, Activity, Conversation, RecordingFile, World

Json = Any
MIXED: tuple[str, ...] = ("A", "B", "C", "list")


class FileUrls:
    """Makes the URLs of recordings: direct, or presigned with CommBox's own key, which is not the portal's."""

    def __init__(self, port: int, region: str, credential: Credential, now: Callable[[], datetime]) -> None:
        self.port = port
        self.region = region
        self.credential = credential
        self.now = now

    def url(self, file: RecordingFile, ttl: int) -> str:
        """Return the URL of a file, presigned for `ttl` seconds in channels that presign."""
        direct = self.direct(file)
        if not file.presigned:
            return direct
        return sigv4.presign(direct, self.credential, region=self.region, at=self.now(), expires=ttl)

    def direct(self, file: RecordingFile) -> str:
        """Return the URL without a query, in path or virtual-host style."""
        key = quote(file.key, safe="/-_.~")
        if file.virtual_host:
            return f"http://{file.bucket}.localhost:{self.port}/{key}"
        return f"http://127.0.0.1:{self.port}/{file.bucket}/{key}"


def metadata(activity: Activity, urls: FileUrls, switches: Switches) -> dict[str, Json]:
    """Return the content of `data`. A recording gets a fresh URL, unless the activity has its own."""
    content = dict(activity.metadata)
    if activity.type != RECORDING:
        return content
    if activity.file is not None:
        content["recordingUrl"] = urls.url(activity.file, switches.presigned_ttl)
    if isinstance(content.get("timestamp"), datetime):
        content["timestamp"] = f"{content['timestamp']:%Y-%m-%dT%H:%M:%SZ}"
    order = ("recordingType", "recordingUrl", "duration", "timestamp", "fileSize")
    return {name: content[name] for name in order if name in content}


def enveloped(
    world: World, talk: Conversation, activity: Activity, urls: FileUrls, switches: Switches
) -> dict[str, Json]:
    """Write shape A: the general form, with the object id as text and `data` as JSON text."""
    content: Json = metadata(activity, urls, switches)
    if switches.activity_data == "text":
        content = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    item = {
        "objectId": str(activity.claims_object or talk.id),
        "user": actor(world, activity.agent_id),
        "type": activity.type,
        "data": content,
        "createdTime": created(activity.created_at, switches),
    }
    return {"id": activity.id, **item} if switches.activity_ids else item


def created(at: datetime, switches: Switches) -> str:
    """Write the time of an activity, without a zone unless the suffix is switched on."""
    return f"{at:%Y-%m-%dT%H:%M:%S}{'Z' if switches.activity_times == 'z' else ''}"


def actor(world: World, agent_id: int | None) -> dict[str, Json] | None:
    """Return who caused an activity; null when nobody did."""
    agent = world.agents.get(agent_id or 0)
    if agent is None:
        return None
    return {
        "id": agent.id,
        "first_name": agent.first_name,
        "last_name": agent.last_name,
        "identity": {"identityId": agent.identity_id, "thumbnailUrl": ""},
    }


def flat(activity: Activity, urls: FileUrls, switches: Switches) -> dict[str, Json]:
    """Write shapes B and C: the metadata itself, without an object id."""
    return {"activityType": activity.type, **metadata(activity, urls, switches)}


def shape_for(talk: Conversation, kind: int | None, switches: Switches) -> str:
    """Return the shape of a response. Only recordings use others than A; "mixed" depends on the object's id."""
    if kind != RECORDING:
        return "A"
    return MIXED[talk.id // 7 % len(MIXED)] if switches.activity_shape == "mixed" else switches.activity_shape
