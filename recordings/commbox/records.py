"""CommBox's responses as plain frozen records, independent of the shape and spelling they came in."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from recordings.storage.s3_urls import UrlKind

T = TypeVar("T")
Raw = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """An item that could not be read: why, how it begins, and its position in the list (from 0)."""

    reason: str
    excerpt: str
    index: int


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """The items of a response that could be read, and the problems of the others."""

    items: list[T]
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Window:
    """A period to list objects of. CommBox does not document whether it includes the ends."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("A window's ends need a time zone.")
        if self.end < self.start:
            raise ValueError("A window must end after it starts.")


@dataclass(frozen=True, slots=True)
class RecordingItem:
    """A recording (activity type 27) as one response describes it. The URL may be a secret, so repr omits it."""

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
    """An object (conversation) as one response describes it. Texts come from customers and must be escaped.

    repr, and so the log, omits personal data.
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
    """An agent. CommBox calls them a manager."""

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
    """The number of objects of one status in a stream."""

    module_id: int
    stream_id: int
    sub_stream_id: int | None
    status_id: int | None
    count: int
