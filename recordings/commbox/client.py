"""The CommBox client: read-only and thread-safe. Every failure is a CommBoxError of its own class."""

import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import quote

import stamina

from recordings.commbox.counters import Priority
from recordings.commbox.errors import BadRequest, BadResponse, CommBoxError, NotFound, Throttled, Unauthorized
from recordings.commbox.inflight import SharedCalls
from recordings.commbox.paging import Order, walk_pages
from recordings.commbox.parsing.charsets import UnknownCharset, decode
from recordings.commbox.parsing.document import Unreadable, read_json
from recordings.commbox.parsing.envelope import failure_of
from recordings.commbox.parsing.objects import parse_objects
from recordings.commbox.parsing.people import (
    parse_agents,
    parse_stream_stats,
    parse_teams,
)
from recordings.commbox.parsing.recordings import RECORDING_TYPE, parse_recordings
from recordings.commbox.records import (
    AgentItem,
    ObjectItem,
    Parsed,
    RecordingItem,
    StreamStat,
    TeamItem,
    Window,
)
from recordings.commbox.retry import INTERACTIVE, Backoff, RetryBudget, RetryDecision, retry_after_seconds
from recordings.commbox.transport import RawAnswer, Timeouts, Transport
from recordings.db import BIGGEST_ID

_ID = re.compile(r"[1-9][0-9]{0,18}")
_KEY = re.compile(r"[\x21-\x7e]+")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Limiter(Protocol):
    """Limits the client's calls; implemented in limits.py."""

    def acquire(self, priority: Priority, longest: float) -> AbstractContextManager[None]:
        """Hold one of the account's places. Raises Throttled when none is free within `longest` seconds."""

    def pause(self, seconds: float | None) -> None:
        """Handle a 429. `seconds`: the pause CommBox asked for, None when it did not say."""


class CommBox:
    """One CommBox account. `keys`: its API keys, newest first, or a function that returns them at each call."""

    def __init__(
        self,
        base_url: str,
        keys: Sequence[str] | Callable[[], Sequence[str]],
        *,
        limiter: Limiter | None = None,
        timeout: Timeouts | None = None,
        attempts: int = 5,
        backoff: Backoff | None = None,
        request_id: Callable[[], str] | None = None,
        request_id_header: str = "X-Request-ID",
    ) -> None:
        self._key_source = keys if callable(keys) else lambda: keys
        self._keys: list[str] = []
        self._first_key = 0
        self._read_keys()
        self._transport = Transport(base_url)
        self._limiter = limiter
        self._timeouts = timeout or Timeouts()
        self._backoff = replace(backoff or Backoff(), attempts=attempts)
        self._retries = RetryBudget()
        self._in_flight: SharedCalls[tuple[str, bool], Parsed[RecordingItem]] = SharedCalls()
        self._request_id = request_id or (lambda: "")
        self._request_id_header = request_id_header

    def system_status(self) -> None:
        """Test connection and key. Raises CommBoxError."""
        self._get("core/systemstatus")

    def stream_stats(self) -> Parsed[StreamStat]:
        """Count objects by module, stream, sub-stream and status. No other call names streams."""
        return parse_stream_stats(self._get("stats/streams"))

    def stream_objects(
        self,
        stream_id: int | str,
        window: Window,
        *,
        order: Order = "createdtime",
        newest_first: bool = False,
        status: Sequence[int] = (),
    ) -> Iterator[Parsed[ObjectItem]]:
        """List the objects of a stream in a time window, page by page, each object once.

        Oldest first, so that new objects do not shift the pages. `newest_first` suits callers that stop early.
        """
        path = f"streams/{_segment(stream_id)}/objects"
        number = stream_id if isinstance(stream_id, int) else None

        def fetch(query: dict[str, str]) -> Parsed[ObjectItem]:
            return parse_objects(self._get(path, query), stream_id=number)

        filters = {"status": ",".join(map(str, status))} if status else {}
        filters |= {"sort": "desc"} if newest_first else {}
        return walk_pages(fetch, window, order=order, filters=filters)

    def get_object(
        self, stream_id: int | str, object_id: int | str, *, interactive: bool = False
    ) -> ObjectItem:
        """Get one object. Raises NotFound, or BadResponse when CommBox sends another object."""
        number = int(_object_id(object_id))
        path = f"streams/{_segment(stream_id)}/objects/{number}"
        known = stream_id if isinstance(stream_id, int) else None
        parsed = parse_objects(self._get(path, interactive=interactive), stream_id=known)
        for item in parsed.items:
            if item.object_id == number:
                return item
        if parsed.items or parsed.problems:
            raise BadResponse("The object in the response is unreadable or another one.")
        raise NotFound("The response contains no object.")

    def recordings(self, object_id: int | str, *, interactive: bool = False) -> Parsed[RecordingItem]:
        """List the recordings of one object. `interactive`: a person waits, so fewer retries and a shorter deadline.

        Identical concurrent calls share one exchange.
        """
        number = _object_id(object_id)

        def exchange() -> Parsed[RecordingItem]:
            query = {"activityType": str(RECORDING_TYPE)}
            document = self._get(f"objects/{number}/activities", query, interactive=interactive)
            return parse_recordings(document, object_id=number)

        return self._in_flight.call((number, interactive), exchange)

    def agents(self) -> Parsed[AgentItem]:
        """List every agent of the account."""
        return parse_agents(self._get("managers"))

    def teams(self) -> Parsed[TeamItem]:
        """List every team. The documentation requires a name, probably by mistake; on a 400 an empty one is sent."""
        try:
            return parse_teams(self._get("managers/teams"))
        except BadRequest:
            return parse_teams(self._get("managers/teams", {"Name": ""}))

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _get(self, path: str, query: Mapping[str, str] | None = None, *, interactive: bool = False) -> Any:
        """Call until success, a permanent error, or the end of the retries."""
        backoff = INTERACTIVE if interactive else self._backoff
        priority: Priority = "playback" if interactive else "background"
        retry = RetryDecision(backoff, self._retries)
        failure: CommBoxError | None = None
        for attempt in stamina.retry_context(on=retry, attempts=backoff.attempts, timeout=None):
            with attempt:
                try:
                    return self._with_either_key(path, query or {}, priority, retry)
                except CommBoxError as error:
                    # When our own budget refuses a retry, raise CommBox's earlier failure instead.
                    is_ours = isinstance(error, Throttled) and error.status is None
                    if is_ours and failure is not None:
                        raise failure from None
                    failure = error
                    raise
        raise AssertionError("the last attempt either returns or raises")

    def _with_either_key(
        self, path: str, query: Mapping[str, str], priority: Priority, retry: RetryDecision
    ) -> Any:
        """Call with the key that worked last; on a 401 try the next one."""
        keys, first = self._read_keys(), self._first_key
        for index in range(first, first + len(keys)):
            number = index % len(keys)
            try:
                document = self._exchange(path, query, keys[number], priority, retry)
            except Unauthorized as error:
                refusal = error
                continue
            self._first_key = number
            return document
        raise refusal

    def _read_keys(self) -> list[str]:
        """Read the current keys. When they have changed, start with the newest again."""
        keys = list(dict.fromkeys(self._key_source()))
        if not keys or not all(_KEY.fullmatch(key) for key in keys):
            raise ValueError("CommBox needs an API key of printable characters without spaces.")
        if keys != self._keys:
            self._keys, self._first_key = keys, 0
        return keys

    def _exchange(
        self, path: str, query: Mapping[str, str], key: str, priority: Priority, retry: RetryDecision
    ) -> Any:
        request_id = self._request_id()
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = uuid.uuid4().hex
        headers = {"Authorization": f"Bearer {key}", self._request_id_header: request_id}
        try:
            with self._limiter.acquire(priority, retry.seconds_left()) if self._limiter else nullcontext():
                total = min(self._timeouts.total, max(0.1, retry.seconds_left()))
                answer = self._transport.get(path, query, headers, replace(self._timeouts, total=total))
            return self._document_of(answer)
        except CommBoxError as error:
            error.request_id = request_id
            raise

    def _document_of(self, answer: RawAnswer) -> Any:
        """Return the document of a successful response; raise CommBoxError for any other."""
        success = 200 <= answer.status < 300
        document, problem = None, ""
        try:
            text = decode(answer.body, answer.charset or "")
            # A response that repeats our key must not carry it into errors, rows or logs.
            for key in self._keys:
                text = text.replace(key, "…")
            document = read_json(text)
        except (UnknownCharset, Unreadable) as reason:
            problem = str(reason)
        if problem and success:
            raise BadResponse(f"It is not valid JSON: {problem}.", status=answer.status)
        if error := failure_of(answer.status, document):
            error.retry_after = retry_after_seconds(answer.retry_after, datetime.now(UTC))
            if isinstance(error, Throttled) and self._limiter:
                self._limiter.pause(error.retry_after)
            raise error
        return document

    def __repr__(self) -> str:
        return f"<CommBox with {len(self._keys)} key(s)>"


def _segment(stream_id: int | str) -> str:
    """Encode a stream's number or encrypted code as one path segment."""
    text = str(stream_id)
    if not text or isinstance(stream_id, bool) or text in (".", ".."):
        raise ValueError("A stream is named by its number or its encrypted code.")
    return quote(text, safe="")


def _object_id(value: int | str) -> str:
    text = "" if isinstance(value, bool) else str(value)
    if not _ID.fullmatch(text) or int(text) > BIGGEST_ID:
        raise ValueError("An id is a whole positive number of at most 64 bits.")
    return text
