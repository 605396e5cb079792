"""The content of the simulated CommBox account: channels, people, conversations and their activities."""

import base64
import hashlib
import threading
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

VIDEO_MODULE, CHAT_MODULE = 26, 9
RECORDING, REMARK, STATUS_CHANGE, ASSIGN_CHANGE, CUSTOM = 27, 1, 2, 6, 12
OPEN, RESOLVED, IN_PROCESS = 1, 2, 8
CONVERSATION_TYPE = 4
MAIL, ANONYMOUS, WHATSAPP, WEB = 4, 6, 7, 8


@dataclass(frozen=True)
class Stream:
    """A channel. `presigns`: its recordings have presigned URLs instead of direct ones."""

    id: int
    module_id: int
    sub_streams: tuple[int, ...]
    bucket: str = ""
    presigns: bool = False

    @property
    def code(self) -> str:
        """Return the encrypted form of the id, which CommBox also accepts. It ends with two equal signs."""
        return base64.b64encode(hashlib.sha256(f"stream {self.id}".encode()).digest()[:16]).decode()


@dataclass(frozen=True)
class Named:
    """An id and a name: a team, a profile, a tag or a group of tags."""

    id: int
    name: str


@dataclass(frozen=True)
class Agent:
    """An agent. CommBox calls them a manager."""

    id: int
    first_name: str
    last_name: str
    user_name: str
    team_ids: tuple[int, ...]
    permission: int = 2

    @property
    def identity_id(self) -> int:
        """Return the id of the agent's address."""
        return self.id + 85_500

    @property
    def email(self) -> str:
        """Return the agent's address at the company."""
        return f"{self.user_name}@northwind.example"


@dataclass(frozen=True)
class Customer:
    """A customer with one address."""

    id: int
    first_name: str | None
    last_name: str | None
    phone: str = ""
    email: str = ""
    locale: str = "en_US"

    @property
    def identity_id(self) -> int:
        """Return the id of the customer's address, to which conversations refer."""
        return self.id + 10_011_000

    @property
    def unique_id(self) -> str:
        """Return the company's own number for the customer."""
        return str(self.id % 1_000_000 + 400_000) if self.email else ""

    @property
    def address(self) -> str:
        """Return the customer's address."""
        return self.email or self.phone or f"guest-{self.id % 10_000}"

    @property
    def address_type(self) -> int:
        """Return the StreamProviderType of the address."""
        return MAIL if self.email else WHATSAPP if self.phone else ANONYMOUS


@dataclass(frozen=True)
class Message:
    """A message of a conversation. CommBox calls it a child."""

    id: int
    at: datetime
    text: str
    by_agent: bool


@dataclass(frozen=True)
class RecordingFile:
    """The location of a recording. `virtual_host` puts the bucket into the host name."""

    bucket: str
    key: str
    virtual_host: bool = False
    presigned: bool = False


@dataclass
class Activity:
    """Something that happened in a conversation. `metadata` is the content of `data`.

    A recording's URL is made anew per answer from `file`. `dropped` hides the activity; `claims_object` lets it name
    another object than its own.
    """

    id: int
    type: int
    created_at: datetime
    agent_id: int | None
    metadata: dict[str, Any] = field(default_factory=dict)
    file: RecordingFile | None = None
    dropped: bool = False
    claims_object: int | None = None


@dataclass
class Conversation:
    """A conversation with a customer. CommBox calls it an object."""

    id: int
    stream_id: int
    sub_stream_id: int
    customer: Customer
    created_at: datetime
    updated_at: datetime
    message: str
    status_id: int = OPEN
    agent_id: int = 0
    last_agent_id: int = 0
    closed_at: datetime | None = None
    first_response_at: datetime | None = None
    tags: tuple[int, ...] = ()
    messages: list[Message] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)

    def activities_of(self, kind: int | None) -> list[Activity]:
        """Return the visible activities, oldest first, of one type or of all."""
        return [one for one in self.activities if not one.dropped and kind in (None, one.type)]


class World:
    """The whole account. Hold its lock while reading more than one thing or changing anything."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.today = date.min
        self.clear()

    def clear(self) -> None:
        """Remove everything."""
        self.streams: dict[int, Stream] = {}
        self.teams: dict[int, Named] = {}
        self.profiles: dict[int, Named] = {}
        self.tag_groups: dict[int, Named] = {}
        self.tags: dict[int, Named] = {}
        self.agents: dict[int, Agent] = {}
        self.customers: dict[int, Customer] = {}
        self.conversations: dict[int, Conversation] = {}
        self._last_activity_id = 565_000

    def add(self, conversation: Conversation) -> None:
        """Add a conversation and its customer."""
        self.conversations[conversation.id] = conversation
        self.customers.setdefault(conversation.customer.id, conversation.customer)

    def next_activity_id(self) -> int:
        """Return an unused activity id."""
        self._last_activity_id += 1
        return self._last_activity_id

    def stream(self, text: str) -> Stream | None:
        """Return a channel by its number or its encrypted code."""
        return next((one for one in self.streams.values() if text in (str(one.id), one.code)), None)

    def conversation(self, object_id: int) -> Conversation:
        """Return a conversation by id. Raises KeyError with a sentence."""
        if object_id not in self.conversations:
            raise KeyError(f"The sandbox has no object {object_id}.")
        return self.conversations[object_id]

    def of_stream(self, stream_id: int) -> list[Conversation]:
        """Return the conversations of a channel."""
        return [one for one in self.conversations.values() if one.stream_id == stream_id]

    def of_customer(self, customer_id: int) -> list[Conversation]:
        """Return the conversations of a customer."""
        return [one for one in self.conversations.values() if one.customer.id == customer_id]

    def recordings(self) -> list[tuple[Conversation, Activity]]:
        """Return all recordings with their conversations."""
        pairs = [(talk, one) for talk in self.conversations.values() for one in talk.activities]
        return [(talk, one) for talk, one in pairs if one.type == RECORDING]
