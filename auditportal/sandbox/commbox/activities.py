"""Activities in the shapes CommBox is known or feared to use, with a URL made for this very answer."""

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
    """Makes the URLs of recordings: direct ones, or presigned with CommBox's own key, which is not the portal's."""

    def __init__(self, port: int, region: str, credential: Credential, now: Callable[[], datetime]) -> None:
        self.port = port
        self.region = region
        self.credential = credential
        self.now = now

    def url(self, file: RecordingFile, ttl: int) -> str:
        """The URL of a file, presigned for `ttl` seconds where the channel does so."""
        direct = self.direct(file)
        if not file.presigned:
            return direct
        return sigv4.presign(direct, self.credential, region=self.region, at=self.now(), expires=ttl)

    def direct(self, file: RecordingFile) -> str:
        """The URL without a query, in path or in virtual-host style."""
        key = quote(file.key, safe="/-_.~")
        if file.virtual_host:
            return f"http://{file.bucket}.localhost:{self.port}/{key}"
        return f"http://127.0.0.1:{self.port}/{file.bucket}/{key}"


def metadata(activity: Activity, urls: FileUrls, switches: Switches) -> dict[str, Json]:
    """What `data` holds; of a recording with its URL, made anew unless the activity brings one of its own."""
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
    """Shape A: the general form, the object id as text and `data` as JSON text."""
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
    """The time of an activity: without zone unless the account has the suffix switched on."""
    return f"{at:%Y-%m-%dT%H:%M:%S}{'Z' if switches.activity_times == 'z' else ''}"


def actor(world: World, agent_id: int | None) -> dict[str, Json] | None:
    """Who caused an activity; null for one that nobody caused."""
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
    """Shapes B and C: the metadata itself, without an object id."""
    return {"activityType": activity.type, **metadata(activity, urls, switches)}


def shape_for(talk: Conversation, kind: int | None, switches: Switches) -> str:
    """The shape of an answer; only recordings come in others than A, and mixed goes by the object's id."""
    if kind != RECORDING:
        return "A"
    return MIXED[talk.id // 7 % len(MIXED)] if switches.activity_shape == "mixed" else switches.activity_shape
