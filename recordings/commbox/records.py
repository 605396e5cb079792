"""What CommBox's answers mean, in our words: plain frozen records, whatever shape or spelling they came in."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from recordings.storage.s3_urls import UrlKind

T = TypeVar("T")
Raw = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """One item of an answer that was refused: why, how it began, and where in the list it stood (from 0)."""

    reason: str
    excerpt: str
    index: int


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """The good items of an answer, and the bad ones named. A bad item never costs its neighbours."""

    items: list[T]
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time to list objects of. Both ends are asked for; whether CommBox includes them is not known."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("A window's ends carry a time zone.")
        if self.end < self.start:
            raise ValueError("A window ends after it starts.")


@dataclass(frozen=True, slots=True)
class RecordingItem:
    """A recording as one answer described it (activity type 27). The URL may be a secret and stays out of repr."""

    object_id: str
    upstream_activity_id: str | None
    recording_type: str
    recording_url: str = field(repr=False)
    url_kind: UrlKind
    url_expires_at: datetime | None
    duration_seconds: int | None
    file_size_bytes: int | None
    recorded_at: datetime | None
    activity_created_at: datetime | None
    actor_id: int | None
    actor_name: str
    fingerprint: str
    flags: tuple[str, ...]
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class ObjectItem:
    """An object (conversation) as one answer described it. Texts come from customers: escape them.

    What is personal stays out of repr, and so out of logs.
    """

    object_id: int
    stream_id: int
    substream_id: int | None
    status_id: int | None
    object_type: int | None
    created_at: datetime | None
    updated_at: datetime | None
    closed_at: datetime | None
    customer_identity_id: int | None
    customer_user_id: int | None
    customer_name: str = field(repr=False)
    customer_email: str = field(repr=False)
    customer_phone: str = field(repr=False)
    agent_id: int | None
    message: str = field(repr=False)
    tags_count: int
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class AgentItem:
    """An agent (CommBox: manager)."""

    agent_id: int
    name: str
    email: str
    user_name: str
    team_id: int | None
    team_name: str
    permission_id: int | None
    raw: Raw = field(repr=False)


@dataclass(frozen=True, slots=True)
class TeamItem:
    """A team of agents."""

    team_id: int
    name: str


@dataclass(frozen=True, slots=True)
class StreamStat:
    """How many objects of one status a stream holds; the only call that names streams at all."""

    module_id: int
    stream_id: int
    sub_stream_id: int | None
    status_id: int | None
    count: int
