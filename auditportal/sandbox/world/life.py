"""Simulate recordings: a call ends, its file is stored, and then the activity appears on the object."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from auditportal.sandbox.clock import Clock
from auditportal.sandbox.s3.api import S3
from auditportal.sandbox.scheduler import Scheduler
from auditportal.sandbox.world.account import (
    IN_PROCESS,
    RECORDING,
    VIDEO_MODULE,
    Activity,
    Conversation,
    Customer,
    RecordingFile,
    Stream,
    World,
)
from auditportal.sandbox.world.journal import Journal
from auditportal.sandbox.world.media import Medium, medium_named
from auditportal.sandbox.world.people import AGENTS
from auditportal.sandbox.world.seed import FIRST_ID, key_for, recording_activity

FIRST_MADE_ID = FIRST_ID + 1_000_000
WAITING_SECONDS = 25


@dataclass
class MadeCall:
    """A simulated call. `listed` is set when CommBox lists its recording."""

    object_id: int
    stream_id: int
    bucket: str
    key: str
    due_at: datetime
    activity_id: int | None = None
    listed: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def is_new(self) -> bool:
        """Return whether its object was created for it and is not from the seed."""
        return FIRST_MADE_ID < self.object_id < 2**52

    def wait(self, timeout: float) -> bool:
        """Wait until the recording is listed; return False on timeout."""
        return self.listed.wait(timeout)


@dataclass(frozen=True)
class CallRequest:
    """What kind of call is wanted; None means: choose.

    `stored_after` counts seconds from the end of the call, `listed_after` from the arrival of the file.
    """

    medium: Medium
    stream_id: int | None = None
    object_id: int | None = None
    customer_id: int | None = None
    agent_id: int | None = None
    stored_after: float = 5.0
    listed_after: float = 1.0


class Life:
    """Simulates calls. `announce` is called with each new activity."""

    def __init__(
        self, world: World, storage: S3, clock: Clock, announce: Callable[[Conversation, Activity], None]
    ) -> None:
        self.world = world
        self.storage = storage
        self.clock = clock
        self.announce = announce
        self.scheduler = Scheduler(clock, "sandbox calls")
        self.made: list[MadeCall] = []
        self.journal: Journal | None = None
        self._dice = random.Random(0)  # noqa: S311 - repeatable choices, nothing secret

    def clear(self) -> None:
        """Remove finished and pending calls."""
        self.scheduler.clear()
        self.made.clear()
        if self.journal:
            self.journal.clear()
        self._dice = random.Random(0)  # noqa: S311  (repeatable, nothing secret)

    def make(self, wanted: CallRequest) -> MadeCall:
        """End a call now. Raises ValueError for a channel without video and KeyError for an unknown object."""
        now = self.clock.now()
        with self.world.lock:
            talk = self.conversation(wanted, now - timedelta(seconds=wanted.medium.seconds))
            stream = self.world.streams[talk.stream_id]
            number = (
                sum(one.object_id == talk.id for one in self.made) + len(talk.activities_of(RECORDING)) + 1
            )
            key = key_for(talk, now, str(number), wanted.medium)
            due = now + timedelta(seconds=wanted.stored_after)
            call = MadeCall(talk.id, stream.id, stream.bucket, key, due)
            self.made.append(call)
        self._then(wanted.stored_after, due, lambda: self._store(call, wanted))
        return call

    def conversation(self, wanted: CallRequest, began_at: datetime) -> Conversation:
        """Return the object of the call: the requested one, or a new one."""
        if wanted.object_id is not None:
            talk = self.world.conversation(wanted.object_id)
        else:
            talk = self.new_conversation(wanted, began_at)
            self.world.add(talk)
        if self.world.streams[talk.stream_id].module_id != VIDEO_MODULE:
            raise ValueError(f"Stream {talk.stream_id} has no video calls.")
        return talk

    def new_conversation(self, wanted: CallRequest, began_at: datetime) -> Conversation:
        """Create an object for a new customer contact on the requested channel, or on the first one with video."""
        streams = [one for one in self.world.streams.values() if one.module_id == VIDEO_MODULE]
        matching = [one for one in streams if wanted.stream_id in (None, one.id)]
        if not matching:
            known = ", ".join(str(one.id) for one in streams)
            raise ValueError(f"There is no video stream {wanted.stream_id}. There are: {known}.")
        agent_id = wanted.agent_id or self._dice.choice(AGENTS).id
        object_id = max([FIRST_MADE_ID, *(one.object_id for one in self.made if one.is_new)]) + 7
        return started_conversation(matching[0], object_id, self.customer(wanted), agent_id, began_at)

    def customer(self, wanted: CallRequest) -> Customer:
        """Return the requested customer, or any."""
        if wanted.customer_id is None:
            return self._dice.choice(list(self.world.customers.values()))
        if wanted.customer_id not in self.world.customers:
            raise KeyError(f"The sandbox has no customer {wanted.customer_id}.")
        return self.world.customers[wanted.customer_id]

    def _then(self, seconds: float, due: datetime, step: Callable[[], None]) -> None:
        """Run the next step at its time; without a wait at once, in this thread."""
        if seconds:
            self.scheduler.at(due, step)
        else:
            step()

    def _store(self, call: MadeCall, wanted: CallRequest) -> None:
        """Store the file; the activity is not listed yet."""
        now = self.clock.now()
        with self.world.lock:
            medium = wanted.medium
            self.storage.bucket(call.bucket).put(call.key, medium.content, medium.content_type, now)
        self._then(
            wanted.listed_after,
            now + timedelta(seconds=wanted.listed_after),
            lambda: self._list(call, wanted, now),
        )

    def _list(self, call: MadeCall, wanted: CallRequest, stored_at: datetime) -> None:
        """List the activity, move the object's update time, and send the webhook."""
        with self.world.lock:
            talk = self.world.conversation(call.object_id)
            activity = self._append(talk, call, wanted.medium, stored_at, self.clock.now())
            call.activity_id = activity.id
            if self.journal:
                self.journal.write(journal_entry(talk, call, wanted.medium, activity, stored_at))
        self.announce(talk, activity)
        call.listed.set()

    def _append(
        self, talk: Conversation, call: MadeCall, medium: Medium, stored_at: datetime, listed_at: datetime
    ) -> Activity:
        file = RecordingFile(call.bucket, call.key, presigned=self.world.streams[call.stream_id].presigns)
        activity = recording_activity(self.world, talk, medium, file, stored_at)
        activity.created_at = talk.updated_at = listed_at
        talk.activities.append(activity)
        return activity

    def replay(self, entry: dict[str, Any]) -> None:
        """Repeat a call of an earlier run with the same ids, times and file."""
        times = {name: datetime.fromisoformat(entry[name]) for name in ("began_at", "stored_at", "listed_at")}
        stream, medium = self.world.streams[entry["stream_id"]], medium_named(entry["medium"])
        call = MadeCall(entry["object_id"], stream.id, stream.bucket, entry["key"], times["stored_at"])
        with self.world.lock:
            if call.object_id not in self.world.conversations:
                who = self.world.customers[entry["customer_id"]]
                began_at, agent_id = times["began_at"], entry["agent_id"]
                self.world.add(started_conversation(stream, call.object_id, who, agent_id, began_at))
            talk = self.world.conversation(call.object_id)
            self.storage.bucket(call.bucket).put(call.key, medium.content, medium.content_type, call.due_at)
            call.activity_id = self._append(talk, call, medium, call.due_at, times["listed_at"]).id
            self.made.append(call)
        call.listed.set()


def started_conversation(
    stream: Stream, object_id: int, who: Customer, agent_id: int, began_at: datetime
) -> Conversation:
    """Create an object that began shortly before a call and is still in process."""
    return Conversation(
        object_id,
        stream.id,
        stream.sub_streams[0],
        who,
        began_at - timedelta(seconds=WAITING_SECONDS),
        began_at,
        "Video call",
        IN_PROCESS,
        agent_id,
        agent_id,
        first_response_at=began_at,
    )


def journal_entry(
    talk: Conversation, call: MadeCall, medium: Medium, activity: Activity, stored_at: datetime
) -> dict[str, Any]:
    """Return what `replay` needs."""
    return {
        "object_id": talk.id,
        "stream_id": talk.stream_id,
        "customer_id": talk.customer.id,
        "agent_id": talk.last_agent_id,
        "began_at": (talk.first_response_at or talk.created_at).isoformat(),
        "medium": medium.name,
        "key": call.key,
        "stored_at": stored_at.isoformat(),
        "listed_at": activity.created_at.isoformat(),
    }
