"""HTTP requests as received, and responses with the way their bytes are sent."""

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
        """Return the decoded query parameters. If one is repeated, the last value counts."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """Return the path segments, split before decoding, so that an encoded slash stays inside its segment."""
        return tuple(unquote(part) for part in self.path.strip("/").split("/"))

    @property
    def host(self) -> str:
        """Return the Host header as sent, with its port."""
        return self.headers.get("host", "")

    @property
    def is_loopback(self) -> bool:
        """Return whether the caller is this machine."""
        return ipaddress.ip_address(self.client).is_loopback


@dataclass(frozen=True)
class Transmission:
    """How a response is sent: late, truncated, slowly, in chunks, or not at all."""

    delay_seconds: float = 0.0
    cut_after: int | None = None
    unanswered: bool = False
    reset: bool = False
    bytes_per_second: float | None = None
    chunked: bool = False


PLAIN = Transmission()


@dataclass
class Response:
    """A response. `cut_short` is called with the number of body bytes sent when it is truncated."""

    status: int
    body: bytes | memoryview = b""
    headers: dict[str, str] = field(default_factory=dict)
    delivery: Transmission = PLAIN
    cut_short: Callable[[int], None] | None = None
