"""Make the seed data: 400 conversations in the 120 days before `today`, 150 of them recorded. Reproducible."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from auditportal.sandbox.s3.api import S3
from auditportal.sandbox.world.account import (
    ASSIGN_CHANGE,
    CHAT_MODULE,
    IN_PROCESS,
    OPEN,
    RECORDING,
    REMARK,
    RESOLVED,
    STATUS_CHANGE,
    VIDEO_MODULE,
    Activity,
    Conversation,
    Message,
    RecordingFile,
    Stream,
    World,
)
from auditportal.sandbox.world.media import AUDIO, LONG, MIDDLE, MINUTE, SHORT, WEBM, Medium
from auditportal.sandbox.world.people import (
    AGENTS,
    GREETINGS,
    HOSTILE,
    ODD_NAMES,
    PROFILES,
    TAG_GROUPS,
    TAGS,
    TALK,
    TEAMS,
    make_customers,
)

OBJECTS, DAYS = 400, 120
DIRECT_BUCKET, PRESIGNED_BUCKET = "northwind-recordings", "northwind-vault"
OUTSIDE_BUCKET = "former-vendor-archive"
DIRECT = Stream(31245, VIDEO_MODULE, (0, 774, 775), DIRECT_BUCKET)
PRESIGNED = Stream(31246, VIDEO_MODULE, (0, 781), PRESIGNED_BUCKET, presigns=True)
CHAT = Stream(31200, CHAT_MODULE, (0,))
STREAMS = (DIRECT, PRESIGNED, CHAT)
SHARES = {DIRECT.id: 150, PRESIGNED.id: 130, CHAT.id: 120}
# How many objects of a channel have how many recordings: 88 and 62 recordings in total.
RECORDED = {DIRECT.id: {1: 55, 2: 9, 3: 5}, PRESIGNED.id: {1: 46, 2: 5, 3: 2}, CHAT.id: {}}
FIRST_ID = 1_407_374_990_000_101
# Odd numbers above 2**53: as a float they become another object's id.
FIRST_HIGH_ID = 9_007_199_254_740_993
USUAL = (SHORT, MINUTE, MIDDLE, LONG)
USUAL_WEIGHTS = (20, 40, 25, 15)


@dataclass(frozen=True)
class Oddity:
    """What is unusual about a recording of the seed, by its position among the newest of the first channel."""

    medium: Medium | None = None
    bucket: str | None = None
    missing: bool = False
    name: str = ""


ODDITIES = {
    2: Oddity(medium=WEBM),
    4: Oddity(medium=AUDIO),
    6: Oddity(missing=True),
    8: Oddity(bucket=OUTSIDE_BUCKET),
    10: Oddity(name="שיחה 1+2 (עותק) & ~'x'"),
}
VIRTUAL_HOST_EVERY = 12


def seed_world(world: World, storage: S3, *, seed: int, today: date) -> None:
    """Clear and fill the world and the storage."""
    with world.lock:
        world.clear()
        storage.buckets.clear()
        world.today = today
        for bucket in (DIRECT_BUCKET, PRESIGNED_BUCKET, OUTSIDE_BUCKET):
            storage.bucket(bucket)
        fill_directory(world)
        Seeder(world, storage, seed, today).run()


def fill_directory(world: World) -> None:
    """Add channels, agents, teams, profiles and tags."""
    world.streams = {one.id: one for one in STREAMS}
    world.teams = {one.id: one for one in TEAMS}
    world.profiles = {one.id: one for one in PROFILES}
    world.tag_groups = {one.id: one for one in TAG_GROUPS}
    world.tags = {one.id: one for one in TAGS}
    world.agents = {one.id: one for one in AGENTS}


class Seeder:
    """Makes the conversations of one seed."""

    def __init__(self, world: World, storage: S3, seed: int, today: date) -> None:
        self.world = world
        self.storage = storage
        self.dice = random.Random(seed)  # noqa: S311 - repeatable data, nothing secret
        self.end = datetime.combine(today, time(), UTC)
        self.customers = make_customers(self.dice)
        self.message_id = 991_000
        self.order = [stream for stream in STREAMS for _ in range(SHARES[stream.id])]
        self.dice.shuffle(self.order)

    def run(self) -> None:
        """Make all conversations, oldest first, then their recordings, newest first."""
        talks = [self.conversation(at, created) for at, created in enumerate(self.times())]
        for stream, counts in RECORDED.items():
            self.record(stream, counts, [one for one in talks if one.stream_id == stream])
        for talk in talks:
            self.finish(talk)
            self.world.add(talk)

    def times(self) -> list[datetime]:
        """Return when the conversations began: in working hours, spread over all days, ascending."""
        days = [DAYS - at * DAYS // OBJECTS for at in range(OBJECTS)]
        moments = [timedelta(seconds=self.dice.uniform(7 * 3600, 18 * 3600)) for _ in days]
        return sorted(
            self.end - timedelta(days=day) + moment for day, moment in zip(days, moments, strict=True)
        )

    def conversation(self, at: int, created: datetime) -> Conversation:
        """Make a conversation without its recordings."""
        stream = self.order[at]
        usual, odd = self.customers[: -len(ODD_NAMES)], self.customers[-len(ODD_NAMES) :]
        customer = odd[at // 60 % len(odd)] if at % 60 == 30 else self.dice.choice(usual)
        object_id = FIRST_HIGH_ID + 2 * at if at % 9 == 4 else FIRST_ID + 7 * at
        talk = Conversation(
            object_id,
            stream.id,
            self.dice.choice(stream.sub_streams),
            customer,
            created,
            created,
            HOSTILE[at // 35 % len(HOSTILE)] if at % 35 == 17 else self.dice.choice(GREETINGS),
        )
        self.answer(talk)
        return talk

    def answer(self, talk: Conversation) -> None:
        """Assign an agent and add a few messages; one in twelve conversations is never answered."""
        if self.dice.random() < 1 / 12:
            return
        agent = self.dice.choice(AGENTS)
        talk.agent_id = talk.last_agent_id = agent.id
        talk.first_response_at = talk.created_at + timedelta(seconds=self.dice.randint(15, 240))
        self.note(talk, ASSIGN_CHANGE, talk.first_response_at, {"managerId": agent.id})
        at = talk.first_response_at
        for asked, answered in self.dice.sample(TALK, self.dice.randint(1, 3)):
            at += timedelta(seconds=self.dice.randint(5, 40))
            self.say(talk, at, asked, by_agent=False)
            self.say(talk, at + timedelta(seconds=9), answered, by_agent=True)

    def say(self, talk: Conversation, at: datetime, text: str, *, by_agent: bool) -> None:
        """Make a message."""
        self.message_id += 1
        talk.messages.append(Message(self.message_id, at, text, by_agent))

    def note(self, talk: Conversation, kind: int, at: datetime, metadata: dict[str, object]) -> None:
        """Make an activity without a file."""
        number = self.world.next_activity_id()
        talk.activities.append(Activity(number, kind, at, talk.last_agent_id or None, metadata))

    def record(self, stream_id: int, counts: dict[int, int], talks: list[Conversation]) -> None:
        """Add recordings to the conversations of a channel, newest conversations first."""
        numbers = [number for number, objects in counts.items() for _ in range(objects)]
        self.dice.shuffle(numbers)
        answered = [one for one in talks if one.last_agent_id]
        chosen = sorted(
            self.dice.sample(answered, len(numbers)), key=lambda one: one.created_at, reverse=True
        )
        position = 0
        for talk, number in zip(chosen, numbers, strict=True):
            at = (talk.first_response_at or talk.created_at) + timedelta(seconds=20)
            for _ in range(number):
                oddity = ODDITIES.get(position, Oddity()) if stream_id == DIRECT.id else Oddity()
                at = self.recording(talk, at, position, oddity)
                position += 1

    def recording(self, talk: Conversation, at: datetime, position: int, oddity: Oddity) -> datetime:
        """Make a recorded call that begins at `at`: file and activity. Returns when the next one may begin."""
        medium = oddity.medium or self.dice.choices(USUAL, USUAL_WEIGHTS)[0]
        stored_at = at + timedelta(seconds=medium.seconds + self.dice.randint(5, 60))
        bucket = oddity.bucket or self.world.streams[talk.stream_id].bucket
        key = key_for(talk, at, oddity.name or str(len(talk.activities_of(RECORDING)) + 1), medium)
        if not oddity.missing:
            self.storage.bucket(bucket).put(key, medium.content, medium.content_type, stored_at)
        virtual = position % VIRTUAL_HOST_EVERY == VIRTUAL_HOST_EVERY - 1
        file = RecordingFile(bucket, key, virtual, self.world.streams[talk.stream_id].presigns)
        talk.activities.append(recording_activity(self.world, talk, medium, file, stored_at))
        return stored_at + timedelta(seconds=self.dice.randint(60, 400))

    def finish(self, talk: Conversation) -> None:
        """Add remarks, status and the last times. A conversation that would close after `today` stays in process."""
        last = max(
            [
                talk.created_at,
                *(one.at for one in talk.messages),
                *(one.created_at for one in talk.activities),
            ]
        )
        if talk.last_agent_id and self.dice.random() < 0.2:
            last += timedelta(seconds=30)
            self.note(talk, REMARK, last, {"text": "Customer was shown the next steps"})
        talk.updated_at = last
        closed = last + timedelta(seconds=self.dice.randint(30, 40_000))
        if talk.last_agent_id and self.dice.random() < 0.75 and closed < self.end:
            talk.status_id, talk.closed_at, talk.updated_at, talk.agent_id = RESOLVED, closed, closed, 0
            self.note(talk, STATUS_CHANGE, closed, {"statusId": RESOLVED})
        else:
            talk.status_id = IN_PROCESS if talk.last_agent_id else OPEN
        talk.tags = tuple(self.dice.sample([one.id for one in TAGS], self.dice.choice((0, 0, 1, 1, 2))))
        talk.activities.sort(key=lambda one: one.created_at)


def key_for(talk: Conversation, at: datetime, name: str, medium: Medium) -> str:
    """Return the key of a recording's file."""
    return f"brands/northwind/{at:%Y/%m/%d}/{talk.id}-{name}.{medium.ending}"


def recording_activity(
    world: World, talk: Conversation, medium: Medium, file: RecordingFile, stored_at: datetime
) -> Activity:
    """Return the type-27 activity of a stored file, which CommBox creates some seconds after the file."""
    metadata = {
        "recordingType": medium.recording_type,
        "duration": medium.seconds,
        "timestamp": stored_at,
        "fileSize": medium.size,
    }
    created_at = stored_at + timedelta(seconds=3)
    return Activity(
        world.next_activity_id(), RECORDING, created_at, talk.last_agent_id or None, metadata, file
    )
