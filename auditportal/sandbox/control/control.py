"""Test control: everything that a test or a person may do to a running sandbox, as Python methods."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from auditportal.sandbox.behaviour.faults import Fault, Faults
from auditportal.sandbox.behaviour.logs import Access, LoggedRequest
from auditportal.sandbox.behaviour.switches import Panel
from auditportal.sandbox.clock import Clock
from auditportal.sandbox.commbox.api import CommBoxApi
from auditportal.sandbox.commbox.webhooks import Delivery, Webhooks
from auditportal.sandbox.s3.api import S3
from auditportal.sandbox.s3.sigv4 import Credential
from auditportal.sandbox.s3.storage import FileVersion
from auditportal.sandbox.world.account import Activity, Conversation, RecordingFile, World
from auditportal.sandbox.world.life import CallRequest, Life, MadeCall
from auditportal.sandbox.world.media import SHORT, medium_named
from auditportal.sandbox.world.seed import DIRECT_BUCKET, key_for, recording_activity, seed_world


class Control:
    """Switches, faults, logs, files, activities, calls and time of one sandbox."""

    def __init__(
        self,
        world: World,
        api: CommBoxApi,
        storage: S3,
        life: Life,
        webhooks: Webhooks,
        *,
        seed: int,
        today: date,
    ) -> None:
        self.world = world
        self.api = api
        self.storage = storage
        self.life = life
        self.hooks = webhooks
        self.panel: Panel = api.panel
        self.faults: Faults = api.faults
        self.clock: Clock = api.clock
        self._seed = seed
        self._today = today

    # -- all at once ---------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Reset the sandbox to its start: data, switches, faults, logs, clock, webhooks, API keys, access keys."""
        self.life.clear()
        self.hooks.clear()
        self.faults.clear()
        self.panel.reset()
        self.api.reset()
        self.storage.reset()
        self.clock.set_offset(0)
        self.seed(self._seed, self._today)

    def seed(self, seed: int, today: date) -> None:
        """Replace all conversations, people and files with those of another seed or day."""
        self.life.clear()
        seed_world(self.world, self.storage, seed=seed, today=today)

    # -- time, manners, faults -----------------------------------------------------------------------------------

    def advance_clock(self, seconds: float) -> None:
        """Move the sandbox's time. URLs that others signed with the real time age accordingly."""
        self.clock.advance(seconds)

    def set_clock(self, at: datetime) -> None:
        """Set the sandbox's time."""
        self.clock.set(at)

    def switch(self, **changes: Any) -> dict[str, Any]:
        """Change switches by name and return all of them. Raises ValueError for invalid ones."""
        self.panel.switch(**changes)
        if "throttle_rate" in changes or "throttle_burst" in changes:
            self.api.throttle.clear()
        return self.panel.as_dict()

    def script_faults(self, faults: Iterable[Mapping[str, Any] | Fault]) -> None:
        """Add faults to the script. Raises ValueError for invalid ones."""
        self.faults.script(faults)

    def fault_rate(self, rate: float, kinds: Iterable[str] = ("error_500",), seed: int = 0) -> None:
        """Make a share of all API calls fail."""
        self.faults.at_rate(rate, kinds, seed)

    def clear_faults(self) -> None:
        """Remove all faults."""
        self.faults.clear()

    def add_key(self, token: str) -> None:
        """Accept another API key until its `exp`."""
        self.api.keys.add(token)

    def revoke_key(self, token: str) -> None:
        """Stop accepting an API key."""
        self.api.keys.revoke(token)

    def trust(self, credential: Credential) -> None:
        """Accept another access key of the storage."""
        self.storage.trust(credential)

    def move_bucket(self, bucket: str, region: str) -> None:
        """Move a bucket to another region: only signatures for that region are accepted."""
        self.storage.regions[bucket] = region

    # -- what was seen -------------------------------------------------------------------------------------------

    def requests(self) -> list[LoggedRequest]:
        """Return the calls of the API, oldest first, without those of test control."""
        return self.api.log.entries()

    def access_log(self) -> list[Access]:
        """Return the reads of the storage, oldest first."""
        return self.storage.log.entries()

    def clear_logs(self) -> None:
        """Clear the logs."""
        self.api.log.clear()
        self.storage.log.clear()

    def webhooks(self) -> list[Delivery]:
        """Return every webhook that was sent."""
        return self.hooks.deliveries()

    def failed_webhooks(self) -> list[Delivery]:
        """Return the webhooks that failed."""
        return self.hooks.failed()

    # -- calls and recordings ------------------------------------------------------------------------------------

    def make_call(
        self,
        stream_id: int | None = None,
        *,
        medium: str = SHORT.name,
        stored_after: float = 0,
        **wanted: Any,
    ) -> MadeCall:
        """A call ends now; its file is stored after `stored_after` seconds and listed `listed_after` (1) seconds later.

        Also: `object_id` (a further recording of that object), `customer_id`, `agent_id`. With 0 and
        `listed_after=0` it is listed when this returns.
        """
        return self.life.make(
            CallRequest(medium_named(medium), stream_id, stored_after=stored_after, **wanted)
        )

    def add_recording(
        self,
        object_id: int,
        *,
        medium: str = SHORT.name,
        bucket: str | None = None,
        key: str | None = None,
        virtual_host: bool = False,
        presigned: bool | None = None,
        stored: bool = True,
        at: datetime | None = None,
        claims_object: int | None = None,
        **metadata: Any,
    ) -> Activity:
        """Add a recording to an object at once, true or odd.

        `stored=False` leaves the file out. `metadata` replaces what is told, such as `duration=-5`,
        `recordingType="screen"` or `recordingUrl="https://elsewhere.example/x.mp4"`; `claims_object` is the id the
        activity names instead of its own object's.
        """
        file_kind = medium_named(medium)
        with self.world.lock:
            talk = self.world.conversation(object_id)
            stream = self.world.streams[talk.stream_id]
            when = (at or self.clock.now()).replace(microsecond=0)
            bucket = bucket or stream.bucket or DIRECT_BUCKET
            key = key or key_for(talk, when, f"added-{len(talk.activities) + 1}", file_kind)
            if stored:
                self.storage.bucket(bucket).put(key, file_kind.content, file_kind.content_type, when)
            signs = stream.presigns if presigned is None else presigned
            file = RecordingFile(bucket, key, virtual_host, signs)
            activity = recording_activity(self.world, talk, file_kind, file, when)
            activity.metadata |= metadata
            activity.file = None if "recordingUrl" in metadata else file
            activity.claims_object = claims_object
            talk.activities.append(activity)
            talk.updated_at = self.clock.now()
        return activity

    def repeat_activity(self, activity_id: int) -> None:
        """List an activity twice."""
        talk, activity = self.find(activity_id)
        with self.world.lock:
            talk.activities.append(activity)

    def drop_activity(self, activity_id: int) -> None:
        """Stop listing an activity."""
        self.find(activity_id)[1].dropped = True

    def restore_activity(self, activity_id: int) -> None:
        """List an activity again."""
        self.find(activity_id)[1].dropped = False

    # -- files ---------------------------------------------------------------------------------------------------

    def put_file(self, bucket: str, key: str, content: bytes, content_type: str) -> FileVersion:
        """Store a file; create the bucket if it does not exist."""
        with self.world.lock:
            return self.storage.bucket(bucket).put(key, content, content_type, self.clock.now())

    def delete_file(self, key: str, bucket: str | None = None) -> None:
        """Remove a file from storage; its activity stays. Raises KeyError when there is none."""
        with self.world.lock:
            self.storage.bucket(bucket or self.bucket_of(key)).delete(key, self.clock.now())

    def replace_file(
        self, key: str, *, bucket: str | None = None, medium: str | None = None, content: bytes | None = None
    ) -> FileVersion:
        """Store other bytes under the same key: a new version with another ETag. Raises KeyError when there is none."""
        bucket = bucket or self.bucket_of(key)
        other = medium_named(medium or SHORT.name)
        return self.put_file(bucket, key, other.content if content is None else content, other.content_type)

    def bucket_of(self, key: str) -> str:
        """Return the bucket that contains a key. Raises KeyError when none does."""
        for bucket in self.storage.buckets.values():
            if bucket.newest(key):
                return bucket.name
        raise KeyError(f"No bucket of the sandbox holds a file {key}.")

    def find(self, activity_id: int) -> tuple[Conversation, Activity]:
        """Return an activity and its conversation by the activity's id. Raises KeyError."""
        with self.world.lock:
            for talk in self.world.conversations.values():
                for activity in talk.activities:
                    if activity.id == activity_id:
                        return talk, activity
        raise KeyError(f"The sandbox has no activity {activity_id}.")
