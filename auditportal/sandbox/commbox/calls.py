"""The calls of CommBox's API. They run while the world is locked."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditportal.sandbox.behaviour.switches import Switches
from auditportal.sandbox.commbox import activities, directory, shapes
from auditportal.sandbox.commbox.activities import FileUrls
from auditportal.sandbox.commbox.search import BadQuery, read_search, whole
from auditportal.sandbox.messages import Request
from auditportal.sandbox.world.account import CUSTOM, REMARK, Activity, Conversation, Stream, World

Json = Any
LARGEST_ID = 2**63 - 1


class ApiError(Exception):
    """A failure in the envelope. `data` None omits the key."""

    def __init__(
        self, status: int, description: str, data: Json = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.data = data
        self.headers = dict(headers or {})


@dataclass(frozen=True)
class Bare:
    """A response without the envelope."""

    data: Json


@dataclass(frozen=True)
class Call:
    """A call: its request, the ids in its path, and the switches at its time."""

    request: Request
    ids: tuple[str, ...]
    switches: Switches
    now: datetime

    @property
    def params(self) -> Mapping[str, str]:
        """Return the decoded query."""
        return self.request.params

    def flag(self, name: str, default: str = "false") -> bool:
        """Return a boolean parameter."""
        return self.params.get(name, default).lower() in ("true", "1")


Added = Callable[[Conversation, Activity], None]


class Calls:
    """The calls. `added` is called with activities that the API created."""

    def __init__(self, world: World, urls: FileUrls, added: Added) -> None:
        self.world = world
        self.urls = urls
        self.added = added

    def system_status(self, call: Call) -> Json:
        """GET /core/systemstatus"""
        return None

    def stream_objects(self, call: Call) -> Json:
        """GET /streams/{stream}/objects"""
        stream = self.stream(call)
        search = read_search(call.params, time_filter=call.switches.time_filter)
        return [self.object_item(call, talk) for talk in search.run(self.world.of_stream(stream.id))]

    def get_object(self, call: Call) -> Json:
        """GET /streams/{stream}/objects/{object}: a list with one item"""
        return [self.object_item(call, self.talk_in_stream(call))]

    def object_item(self, call: Call, talk: Conversation, childs: str = "false") -> Json:
        """Return an object, with its messages (newest first) and activities if requested."""
        item = shapes.stream_object(self.world, talk, call.switches)
        if call.flag("includeChilds", childs):
            agent = self.world.agents.get(talk.last_agent_id)
            item["childs"] = [shapes.child(talk, one, agent) for one in reversed(talk.messages)]
        if call.flag("includeActivityLog"):
            item["activityLogs"] = [self.enveloped(call, talk, one) for one in talk.activities_of(None)]
        return item

    def enveloped(self, call: Call, talk: Conversation, activity: Activity) -> Json:
        """Return an activity in shape A."""
        return activities.enveloped(self.world, talk, activity, self.urls, call.switches)

    def object_activities(self, call: Call) -> Json:
        """GET /objects/{object}/activities: all of one type, or of all types when none is named"""
        talk = self.talk(call, call.ids[0])
        kind = whole(call.params["activityType"]) if "activityType" in call.params else None
        chosen = [] if call.switches.no_activities else talk.activities_of(kind)
        shape = activities.shape_for(talk, kind, call.switches)
        if shape in ("A", "list"):
            items = [self.enveloped(call, talk, one) for one in chosen]
            return items if shape == "A" else Bare(items)
        flat = [activities.flat(one, self.urls, call.switches) for one in chosen]
        if shape == "B" or not flat:
            return flat
        return Bare(flat[0] if len(flat) == 1 else flat)

    def transcript(self, call: Call) -> Json:
        """GET /streams/{stream}/objects/{object}/transcript"""
        item = shapes.transcript(self.world, self.talk_in_stream(call), call.switches)
        return [item] if call.switches.transcript_form == "list" else item

    def user(self, call: Call) -> Json:
        """GET /users/{user}"""
        who = self.world.customers.get(read_id(call.ids[0]))
        if who is None:
            raise ApiError(404, "Not found")
        return directory.user(self.world, who)

    def identity_objects(self, call: Call) -> Json:
        """GET /users/identities/{identity}/objects; messages are included unless asked not to"""
        identity = read_id(call.ids[0])
        talks = [one for one in self.world.conversations.values() if one.customer.identity_id == identity]
        if "stream" in call.params:
            talks = [one for one in talks if str(one.stream_id) == call.params["stream"]]
        if "moduleId" in call.params:
            module = whole(call.params["moduleId"])
            talks = [one for one in talks if self.world.streams[one.stream_id].module_id == module]
        search = read_search(call.params, time_filter=False, limited=True)
        return [self.object_item(call, talk, childs="true") for talk in search.run(talks)]

    def managers(self, call: Call) -> Json:
        """GET /managers"""
        return [directory.manager(self.world, one) for one in self.world.agents.values()]

    def manager(self, call: Call) -> Json:
        """GET /managers/{manager}: an object, with two keys more"""
        agent = self.world.agents.get(read_id(call.ids[0]))
        if agent is None:
            raise ApiError(404, "Not found")
        return directory.manager(self.world, agent) | {"content": "{}", "multiReplyAccess": False}

    def teams(self, call: Call) -> Json:
        """GET /managers/teams"""
        return [{"teamId": one.id, "name": one.name} for one in self.world.teams.values()]

    def team(self, call: Call) -> Json:
        """GET /managers/teams/{team}: its members"""
        team = self.known(self.world.teams, call)
        return [directory.member(one) for one in self.world.agents.values() if team in one.team_ids]

    def profiles(self, call: Call) -> Json:
        """GET /managers/profiles"""
        named = self.world.profiles.values()
        return [{"id": one.id, "name": one.name, "UniqueName": one.name.lower()} for one in named]

    def profile(self, call: Call) -> Json:
        """GET /managers/profiles/{profile}: everybody has every profile here"""
        self.known(self.world.profiles, call)
        return [directory.member(one) for one in self.world.agents.values()]

    def tags(self, call: Call) -> Json:
        """GET /tags: the name stands in identityId"""
        named = self.world.tags.values()
        return [{"id": one.id, "identityId": one.name, "streamProviderId": None} for one in named]

    def tag_groups(self, call: Call) -> Json:
        """GET /tags/groups"""
        return [{"id": one.id, "name": one.name, "brandId": 4242} for one in self.world.tag_groups.values()]

    def stream_stats(self, call: Call) -> Json:
        """GET /stats/streams: no names, and no rows for channels without objects"""
        return [
            row for one in self.world.streams.values() for row in directory.stream_counts(self.world, one)
        ]

    def add_remark(self, call: Call) -> Json:
        """POST /objects/{object}/remarks"""
        body = posted(call, "Text")
        self.add(call, REMARK, body, {"text": body["Text"]})

    def add_activity_log(self, call: Call) -> Json:
        """POST /objects/{object}/activitylog; which type it becomes is not documented, we take 12 (custom)"""
        body = posted(call, "Text", "Source")
        self.add(call, CUSTOM, body, {"text": body["Text"], "source": body["Source"]})

    def add(self, call: Call, kind: int, body: dict[str, Json], metadata: dict[str, Json]) -> None:
        """Add an activity to an object and move the object's update time."""
        talk = self.talk(call, call.ids[0])
        agent = body.get("ManagerId")
        if agent is not None and agent not in self.world.agents:
            raise ApiError(400, "Invalid parameters", "")
        activity = Activity(self.world.next_activity_id(), kind, call.now, agent, metadata)
        talk.activities.append(activity)
        talk.updated_at = call.now
        self.added(talk, activity)

    def stream(self, call: Call) -> Stream:
        """Return the channel in the path. An unknown one gives a 400 with a list of errors."""
        stream = self.world.stream(call.ids[0])
        if stream is None:
            error = {"code": "INVALID_STREAM", "message": "The specified stream ID does not exist"}
            raise ApiError(400, "Operation failed", {"errors": [error]})
        return stream

    def talk(self, call: Call, text: str) -> Conversation:
        """Return the object in the path. A switch decides what an unknown one gives."""
        talk = self.world.conversations.get(read_id(text))
        if talk is None:
            raise missing(call.switches)
        return talk

    def talk_in_stream(self, call: Call) -> Conversation:
        """Return the object in the path, which must be in the channel in the path."""
        stream, talk = self.stream(call), self.talk(call, call.ids[1])
        if talk.stream_id != stream.id:
            raise missing(call.switches)
        return talk

    def known(self, among: Mapping[int, object], call: Call) -> int:
        """Return the id in the path, which must be a known one."""
        number = read_id(call.ids[0])
        if number not in among:
            raise ApiError(404, "Not found")
        return number


def missing(switches: Switches) -> ApiError:
    """Return the error for an unknown object, in the form that is switched on."""
    if switches.object_missing == "400":
        return ApiError(400, "Object not found", "")
    return ApiError(404, "Not found")


def read_id(text: str) -> int:
    """Return an int64 in a path. Raises BadQuery for anything else."""
    if whole(text) > LARGEST_ID:
        raise BadQuery("Invalid parameters")
    return int(text)


def posted(call: Call, *names: str) -> dict[str, Json]:
    """Return the `data` of a posted body, which must contain these texts. Raises BadQuery."""
    try:
        data = json.loads(call.request.body)["data"]
        complete = all(isinstance(data[name], str) and data[name] for name in names)
    except (ValueError, KeyError, TypeError):
        complete = False
    if not complete:
        raise BadQuery("Invalid parameters")
    return dict(data)
