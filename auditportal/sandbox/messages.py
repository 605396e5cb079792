"""A request as it came over the wire, and the answer with the way its bytes are to leave."""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qsl, unquote


@dataclass(frozen=True)
class Request:
    """One HTTP request; path and query are kept undecoded because signatures are made over them."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    client: str

    @cached_property
    def params(self) -> dict[str, str]:
        """Decoded query parameters; of a repeated one the last counts."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """Path segments, split first and decoded once after, so that an encoded slash stays inside its segment."""
        return tuple(unquote(part) for part in self.path.strip("/").split("/"))

    @property
    def host(self) -> str:
        """The Host header as sent, port included."""
        return self.headers.get("host", "")

    @property
    def is_loopback(self) -> bool:
        """Whether the caller is this machine."""
        return ipaddress.ip_address(self.client).is_loopback


@dataclass(frozen=True)
class Transmission:
    """How the bytes of an answer leave: late, cut after some bytes of the body, dripping, in chunks, or not at all."""

    delay_seconds: float = 0.0
    cut_after: int | None = None
    unanswered: bool = False
    reset: bool = False
    bytes_per_second: float | None = None
    chunked: bool = False


PLAIN = Transmission()


@dataclass
class Response:
    """Status, headers and body of an answer; `cut_short` hears how much of the body left when not all of it did."""

    status: int
    body: bytes | memoryview = b""
    headers: dict[str, str] = field(default_factory=dict)
    delivery: Transmission = PLAIN
    cut_short: Callable[[int], None] | None = None
