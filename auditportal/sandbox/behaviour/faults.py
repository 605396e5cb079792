"""Cause faults on demand: scripted per path with a count, or by rate with a seeded generator."""

import random
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from typing import Any, Literal

from auditportal.sandbox.messages import Request, Response, Transmission

Target = Literal["api", "s3"]
DEFAULT_SILENCE = 30.0
DEFAULT_SLOWNESS = 10.0
HTML = (
    b"<html><head><title>503 Service Temporarily Unavailable</title></head><body><h1>503</h1></body></html>"
)
GARBAGE = b'{"status": "200", "description": "Operation successful", "data": [{"objectId": 14073'
DELIVERIES = ("slow", "cut", "reset", "drip", "silence")
API_KINDS = (
    "error_500",
    "html_503",
    "bad_gateway",
    "invalid_json",
    "html_200",
    "wrong_charset",
    "body_status",
    "unauthorized",
    "forbidden",
    "not_found",
    "object_not_found",
    "throttled",
    "redirect",
    "oversized",
    "deep_json",
)
S3_KINDS = ("denied", "archived", "missing", "unsatisfiable", "moved", "slow_down", "internal_error", "whole")


@dataclass(frozen=True)
class Fault:
    """One entry of a script.

    `path` is a shell pattern over the undecoded path, `agent` one over the User-Agent; `kind` "pass" lets a request
    through. The entry serves `count` requests after letting `skip` matching ones go by. `seconds` is the delay of slow
    and silence, `bytes` where cut and reset end the body (of the reset none: before anything is sent), or the speed of
    drip in bytes per second.
    """

    kind: str
    path: str = "*"
    target: Target = "api"
    method: str = "*"
    agent: str = "*"
    count: int = 1
    skip: int = 0
    seconds: float | None = None
    bytes: int | None = None
    status: int = 500
    retry_after: str | None = None
    location: str = "http://127.0.0.1:9/elsewhere"

    def matches(self, target: Target, request: Request) -> bool:
        """Return whether this entry applies to the request."""
        same = self.target == target and self.method in ("*", request.method)
        agent = request.headers.get("user-agent", "")
        return same and fnmatchcase(request.path, self.path) and fnmatchcase(agent, self.agent)

    def delivery(self) -> Transmission | None:
        """Return how the normal response is sent, or None when this fault replaces the response."""
        match self.kind:
            case "slow":
                return Transmission(delay_seconds=DEFAULT_SLOWNESS if self.seconds is None else self.seconds)
            case "silence":
                seconds = DEFAULT_SILENCE if self.seconds is None else self.seconds
                return Transmission(delay_seconds=seconds, unanswered=True)
            case "cut":
                return Transmission(cut_after=40 if self.bytes is None else self.bytes)
            case "reset":
                return Transmission(unanswered=self.bytes is None, cut_after=self.bytes, reset=True)
            case "drip":
                return Transmission(bytes_per_second=1 if self.bytes is None else self.bytes)
        return None


def read_fault(entry: Mapping[str, Any]) -> Fault:
    """Read one entry of a script. Raises ValueError with a sentence that says what is wrong."""
    known = {field.name for field in fields(Fault)}
    if unknown := set(entry) - known:
        raise ValueError(f"A fault has no {', '.join(sorted(unknown))}. It has: {', '.join(sorted(known))}.")
    fault = Fault(**entry)
    if fault.target not in ("api", "s3"):
        raise ValueError(f"A fault's target is api or s3, not {fault.target!r}.")
    kinds = ("pass", *DELIVERIES, *(API_KINDS if fault.target == "api" else S3_KINDS))
    if fault.kind not in kinds:
        raise ValueError(
            f"There is no fault {fault.kind!r} for {fault.target}. There are: {', '.join(kinds)}."
        )
    return fault


class Faults:
    """The script and the rate. The script comes first: its first matching entry that is not used up is taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._script: list[Fault] = []
        self._rate = 0.0
        self._kinds: tuple[str, ...] = ("error_500",)
        self._dice = random.Random(0)  # noqa: S311 - repeatable faults, nothing secret

    def script(self, entries: Iterable[Mapping[str, Any] | Fault]) -> None:
        """Add entries to the end of the script; none if one is invalid."""
        read = [entry if isinstance(entry, Fault) else read_fault(entry) for entry in entries]
        with self._lock:
            self._script.extend(read)

    def at_rate(self, rate: float, kinds: Iterable[str] = ("error_500",), seed: int = 0) -> None:
        """Make a share of all API calls (0 to 1) fail with one of `kinds`, reproducible by `seed`."""
        chosen = tuple(read_fault({"kind": kind}).kind for kind in kinds)
        if not 0 <= rate <= 1 or not chosen:
            raise ValueError("A fault rate lies between 0 and 1 and needs at least one kind.")
        with self._lock:
            self._rate, self._kinds, self._dice = rate, chosen, random.Random(seed)  # noqa: S311  (repeatable, nothing secret)

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._script.clear()
            self._rate = 0.0

    def left(self) -> list[Fault]:
        """Return the entries of the script that are not used up."""
        with self._lock:
            return list(self._script)

    def next_for(self, target: Target, request: Request) -> Fault | None:
        """Return the fault for this request, if any, and use it once."""
        with self._lock:
            for index, fault in enumerate(self._script):
                if fault.matches(target, request):
                    return self._use(index, fault)
            if target == "api" and self._rate and self._dice.random() < self._rate:
                return Fault(self._dice.choice(self._kinds))
            return None

    def _use(self, index: int, fault: Fault) -> Fault | None:
        if fault.skip:
            self._script[index] = replace(fault, skip=fault.skip - 1)
            return None
        if fault.count > 1:
            self._script[index] = replace(fault, count=fault.count - 1)
        else:
            del self._script[index]
        return None if fault.kind == "pass" else fault


def raw_answer(fault: Fault) -> Response | None:
    """Return the response of a fault without CommBox's envelope; None for kinds that use the envelope."""
    html = {"Content-Type": "text/html"}
    json = {"Content-Type": "application/json; charset=utf-8"}
    match fault.kind:
        case "html_503":
            return Response(503, HTML, html)
        case "bad_gateway":
            return Response(502, b"Bad Gateway", {"Content-Type": "text/plain"})
        case "html_200":
            return Response(200, HTML, html)
        case "invalid_json":
            return Response(200, GARBAGE, json)
        case "wrong_charset":
            return Response(200, '{"status":"200","data":"ÿ"}'.encode("utf-16"), json)
        case "redirect":
            return Response(302, b"", {"Location": fault.location})
        case "oversized":
            return Response(200, b'{"status":"200","data":"' + b"x" * (33 << 20) + b'"}', json)
        case "deep_json":
            return Response(200, b'{"status":"200","data":' + b"[" * 5000 + b"]" * 5000 + b"}", json)
    return None
