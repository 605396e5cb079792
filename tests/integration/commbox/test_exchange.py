"""One exchange with CommBox: what is sent, what comes back, how it fails, and what never leaves."""

import gzip
import json
import threading
import time
import tracemalloc
import zlib
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from recordings.commbox import (
    BadRequest,
    BadResponse,
    CommBox,
    CommBoxError,
    Forbidden,
    NotFound,
    ServerError,
    Throttled,
    Timeouts,
    Unauthorized,
    Unreachable,
    Window,
)
from recordings.commbox.retry import Backoff
from tests.integration.commbox.conftest import KEY, Connect
from tests.integration.commbox.stub import Stub, reply, serving, wire
from tests.thorough import amount
from tests.unit.commbox.examples import OBJECT_ID, conversation, envelope, flat

OK = envelope(None)
DAY = Window(datetime(2026, 5, 13, tzinfo=UTC), datetime(2026, 5, 14, tzinfo=UTC))


def test_what_each_call_sends(stub: Stub, connect: Connect) -> None:
    client = connect(request_id=lambda: "req-42")
    stub.answer(reply(body=envelope([])))
    client.system_status()
    client.stream_stats()
    client.recordings(OBJECT_ID)
    client.agents()
    client.teams()
    list(client.stream_objects(31245, DAY, order="updatedtime", status=(1, 8)))
    list(client.stream_objects("a+/b==", DAY))
    with pytest.raises(NotFound):
        client.get_object(31245, OBJECT_ID)

    window = "unixStartTime=1778630400&unixEndTime=1778716800"
    assert [seen.path for seen in stub.seen] == [
        "/core/systemstatus",
        "/stats/streams",
        f"/objects/{OBJECT_ID}/activities?activityType=27",
        "/managers",
        "/managers/teams",
        f"/streams/31245/objects?{window}&order=updatedtime&sort=asc&pageSize=100&status=1%2C8&pageNumber=0",
        f"/streams/a%2B%2Fb%3D%3D/objects?{window}&order=createdtime&sort=asc&pageSize=100&pageNumber=0",
        f"/streams/31245/objects/{OBJECT_ID}",
    ]
    for seen in stub.seen:
        assert (seen.key, seen.headers["x-request-id"]) == (KEY, "req-42")


def test_a_base_url_keeps_its_path(stub: Stub) -> None:
    stub.answer(reply(body=OK))
    with CommBox(stub.url + "tenant/api", [KEY]) as client:
        client.system_status()
    assert stub.seen[0].path == "/tenant/api/core/systemstatus"


@pytest.mark.parametrize("given", ["", "two words", "a\r\nX-Evil: 1", "é", "x" * 65])
def test_a_request_id_that_is_none_is_replaced(stub: Stub, connect: Connect, given: str) -> None:
    stub.answer(reply(body=OK))
    connect(request_id=lambda: given, request_id_header="X-Trace").system_status()
    assert len(stub.seen[0].headers["x-trace"]) == 32


STATUSES: list[tuple[int, type[CommBoxError], int]] = [
    (400, BadRequest, 1),
    (401, Unauthorized, 1),
    (403, Forbidden, 1),
    (404, NotFound, 1),
    (429, Throttled, 5),
    (500, ServerError, 5),
    (501, BadRequest, 1),
    (502, ServerError, 5),
    (503, ServerError, 5),
]


@pytest.mark.parametrize(("status", "kind", "tries"), STATUSES)
@pytest.mark.parametrize("where", ["http", "body", "html"])
def test_one_class_per_kind_and_a_bounded_number_of_tries(
    stub: Stub, connect: Connect, status: int, kind: type[CommBoxError], tries: int, where: str
) -> None:
    answers = {
        "http": reply(status, envelope("", status, "Operation failed")),
        "body": reply(200, envelope("", str(status), "Operation failed")),
        "html": reply(status, raw=b"<html>no envelope</html>", headers={"Content-Type": "text/html"}),
    }
    stub.answer(answers[where])
    with pytest.raises(CommBoxError) as failure:
        connect().system_status()
    assert (type(failure.value), failure.value.status, len(stub.seen)) == (kind, status, tries)
    assert failure.value.request_id == stub.seen[-1].headers["x-request-id"]


def test_rule_n_over_the_wire(stub: Stub, connect: Connect) -> None:
    stub.answer(reply(400, envelope("", 400, "Object not found")))
    with pytest.raises(NotFound):
        connect().recordings(OBJECT_ID)


TWICE = gzip.compress(gzip.compress(json.dumps(OK).encode()))
BAD_ANSWERS: dict[str, dict[str, Any]] = {
    "html": {"raw": b"<html></html>"},
    "empty": {"raw": b""},
    "cut": {"raw": b'{"status":"200","data":[{"ob'},
    "nan": {"raw": b'{"status":"200","data":NaN}'},
    "too deep": {"raw": b"[" * 65 + b"]" * 65},
    "no charset": {"raw": b'{"status":"200","data":"\xff\xfe\xfa"}'},
    "broken gzip": {"raw": b"not gzip", "headers": {"Content-Encoding": "gzip"}},
    "cut gzip": {"raw": gzip.compress(json.dumps(OK).encode())[:-4], "headers": {"Content-Encoding": "gzip"}},
    "gzip in gzip": {"raw": TWICE, "headers": {"Content-Encoding": "gzip, gzip"}},
    "gzip in gzip without a word": {"raw": TWICE, "headers": {"Content-Encoding": "gzip"}},
    "brotli": {"raw": json.dumps(OK).encode(), "headers": {"Content-Encoding": "br"}},
    "punycode": {
        "raw": b'{"data":"\xff' + b"a" * (1 << 20) + b'-b"}',
        "headers": {"Content-Type": "application/json; charset=punycode"},
    },
    "thirty mebibytes of objects": {"raw": b"[" + b"{}," * (10 << 20) + b"{}]"},
    "two lists": {"raw": b'{"status":"200","data":[1],"data":[]}'},
    "a status that is none": {"body": envelope([], status="maybe")},
    "another kind of json": {"body": {"hello": "world"}},
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_a_success_that_is_no_answer_is_asked_for_three_times(
    stub: Stub, connect: Connect, name: str
) -> None:
    """F07: and nothing is returned that could change what we hold."""
    stub.answer(reply(200, **BAD_ANSWERS[name]))
    with pytest.raises(BadResponse):
        connect().recordings(OBJECT_ID)
    assert len(stub.seen) == (1 if name in ("another kind of json", "two lists") else 3)


@pytest.mark.parametrize("status", [201, 202, 203, 206])
def test_another_status_than_200_never_says_that_there_is_nothing(
    stub: Stub, connect: Connect, status: int
) -> None:
    stub.answer(reply(status, envelope([])))
    with pytest.raises(BadResponse) as failure:
        connect().recordings(OBJECT_ID)
    assert (failure.value.status, len(stub.seen)) == (status, 3)


@pytest.mark.parametrize(
    "headers_and_body",
    [
        ({"Content-Encoding": "gzip"}, gzip.compress(json.dumps(envelope([flat()])).encode())),
        ({"Content-Encoding": "X-GZIP "}, gzip.compress(json.dumps(envelope([flat()])).encode())),
        ({"Content-Encoding": "deflate"}, zlib.compress(json.dumps(envelope([flat()])).encode())),
        ({"Content-Encoding": "identity"}, json.dumps(envelope([flat()])).encode()),
        (
            {"Content-Type": "application/json; charset=utf-16"},
            json.dumps(envelope([flat()])).encode("utf-16"),
        ),
        ({"Content-Type": "text/plain"}, b"\xef\xbb\xbf" + json.dumps(envelope([flat()])).encode()),
    ],
)
def test_decoding_is_liberal(
    stub: Stub, connect: Connect, headers_and_body: tuple[dict[str, str], bytes]
) -> None:
    headers, body = headers_and_body
    stub.answer(reply(200, raw=body, headers=headers))
    assert len(connect().recordings(OBJECT_ID).items) == 1


def test_an_answer_beyond_32_mib_is_not_read_to_its_end(stub: Stub, connect: Connect) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"
    stub.answer(wire(head + b" " * (33 << 20)))
    with pytest.raises(BadResponse, match="longer than 32 MiB"):
        connect().system_status()
    assert len(stub.seen) == 1


def test_an_answer_of_exactly_32_mib_is_read(stub: Stub, connect: Connect) -> None:
    body = json.dumps(OK).encode()
    stub.answer(reply(200, raw=body + b" " * ((32 << 20) - len(body))))
    connect().system_status()


def test_a_small_answer_that_unfolds_beyond_32_mib_is_refused(stub: Stub, connect: Connect) -> None:
    stub.answer(reply(200, raw=gzip.compress(b" " * (40 << 20)), headers={"Content-Encoding": "gzip"}))
    with pytest.raises(BadResponse, match="longer than 32 MiB"):
        connect().system_status()


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip"])
def test_a_bomb_takes_no_more_memory_than_an_honest_answer(
    stub: Stub, connect: Connect, encoding: str
) -> None:
    """What becomes a hundred times larger is cut off on the way; what is compressed twice is not opened at all."""
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(bomb.compress(bytes(16 << 20)) for _ in range(amount(8, 64))) + bomb.flush()
    for _ in encoding.split(",")[1:]:
        body = gzip.compress(body)
    stub.answer(reply(200, raw=body, headers={"Content-Encoding": encoding}))
    commbox = connect()
    tracemalloc.start()
    with pytest.raises(BadResponse):
        commbox.system_status()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 96 << 20


@pytest.mark.parametrize("where", ["headers", "body"])
def test_a_drip_of_bytes_ends_with_the_total_deadline(stub: Stub, connect: Connect, where: str) -> None:
    """F03: no single wait is long, the whole is."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"
    drip = wire(b"x" * 10_000, each=1, pause=0.05, stop=stub.stopping)
    start = wire(b"HTTP/1.1 200 OK\r\nX-Slow: " if where == "headers" else head)

    def both(handler: Any) -> None:
        start(handler)
        drip(handler)

    stub.answer(both)
    started = time.monotonic()
    with pytest.raises(Unreachable, match="did not respond in time"):
        connect(timeout=Timeouts(connect=1, read=1, total=0.6), attempts=1).system_status()
    assert 0.5 < time.monotonic() - started < 240  # the drip lasts for eight minutes


@pytest.mark.parametrize(
    "answer",
    [wire(b""), wire(b"garbage\r\n\r\n"), wire(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")],
)
def test_a_connection_that_breaks_off_is_unreachable(stub: Stub, connect: Connect, answer: Any) -> None:
    stub.answer(answer)
    with pytest.raises(Unreachable, match="connection was lost"):
        connect(attempts=2).system_status()


def test_nobody_listening_is_unreachable() -> None:
    """F01."""
    with (
        CommBox("http://127.0.0.1:1/", [KEY], backoff=Backoff(initial=0.001)) as client,
        pytest.raises(Unreachable, match="No connection could be made"),
    ):
        client.system_status()


@pytest.mark.parametrize("drips", [False, True])
def test_tries_end_with_the_whole_call(stub: Stub, connect: Connect, drips: bool) -> None:
    """Of a CommBox that is silent or drips, the second exchange gets what the first has left; there is no third."""

    def drip(handler: Any) -> None:
        wire(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")(handler)
        wire(b" " * 10_000, each=1, pause=0.05, stop=stub.stopping)(handler)  # for eight minutes

    for _ in range(3):
        stub.answer(drip if drips else lambda handler: time.sleep(1.2))
    started = time.monotonic()
    with pytest.raises(Unreachable, match="did not respond in time"):
        connect(
            timeout=Timeouts(connect=1, read=1, total=1), backoff=Backoff(initial=0.001, total=1.5)
        ).system_status()
    assert (len(stub.seen), time.monotonic() - started < 10) == (2, True)


def test_a_failure_that_passes_is_not_noticed(stub: Stub, connect: Connect) -> None:
    stub.answer(reply(500), reply(503, raw=b"<html>"), wire(b""), reply(429), reply(body=OK))
    connect().system_status()
    assert len(stub.seen) == 5


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(stub: Stub, connect: Connect, status: int) -> None:
    """The key goes to the configured host only."""
    with serving() as elsewhere:
        elsewhere.answer(reply(body=OK))
        stub.answer(reply(status, headers={"Location": elsewhere.url}))
        with pytest.raises(BadResponse, match="redirect, which is not followed"):
            connect().system_status()
        assert (len(stub.seen), elsewhere.seen) == (1, [])


def test_a_retry_after_is_waited_for(stub: Stub, connect: Connect) -> None:
    stub.answer(reply(429, headers={"Retry-After": "1"}), reply(body=OK))
    started = time.monotonic()
    connect().system_status()
    assert time.monotonic() - started > 0.95


@pytest.mark.parametrize(("header", "seconds"), [("11", 11.0), ("9" * 5000, 3600.0), ("7200", 3600.0)])
def test_a_long_retry_after_is_handed_to_the_caller(
    stub: Stub, connect: Connect, header: str, seconds: float
) -> None:
    """F05: the worker reschedules instead of sleeping."""
    stub.answer(reply(429, headers={"Retry-After": header}))
    with pytest.raises(Throttled) as refusal:
        connect().system_status()
    assert (refusal.value.retry_after, len(stub.seen)) == (seconds, 1)


def test_who_waits_in_front_of_a_page_waits_little(stub: Stub, connect: Connect) -> None:
    stub.answer(reply(503))
    with pytest.raises(ServerError):
        connect().recordings(OBJECT_ID, interactive=True)
    assert len(stub.seen) == 2


def test_the_limiter_is_asked_by_priority_and_told_of_throttling(stub: Stub, connect: Connect) -> None:
    told: list[object] = []

    class Limiter:
        @contextmanager
        def acquire(self, priority: str, longest: float) -> Any:
            assert 7 < longest <= (50 if priority == "background" else 8)
            told.append(priority)
            yield
            told.append("back")

        def pause(self, seconds: float | None) -> None:
            told.append(seconds)

    stub.answer(reply(429, headers={"Retry-After": "0"}), reply(429), reply(body=envelope([])))
    client = connect(limiter=Limiter())
    client.system_status()
    client.recordings(OBJECT_ID, interactive=True)
    assert told == [
        *("background", "back", 0.0, "background", "back", None, "background", "back"),
        *("playback", "back"),
    ]


def test_a_retry_that_our_own_budget_refuses_does_not_hide_how_commbox_failed(
    stub: Stub, connect: Connect
) -> None:
    class SpentAfterOne:
        acquired = 0

        @contextmanager
        def acquire(self, priority: str, longest: float) -> Any:
            self.acquired += 1
            if self.acquired > 1:
                raise Throttled("The portal's own call budget is used up.", retry_after=1.0)
            yield

    stub.answer(reply(503))
    limiter = SpentAfterOne()
    with pytest.raises(ServerError):
        connect(limiter=limiter).system_status()
    assert (limiter.acquired > 1, len(stub.seen)) == (True, 1)


def test_identical_calls_in_flight_are_one_exchange(stub: Stub, connect: Connect) -> None:
    def slowly(handler: Any) -> None:
        time.sleep(0.3)
        reply(body=envelope([flat()]))(handler)

    stub.answer(slowly)
    client = connect()
    results: list[Any] = []
    threads = [
        threading.Thread(target=lambda: results.append(client.recordings(OBJECT_ID, interactive=True)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(stub.seen), len(results), {len(result.items) for result in results}) == (1, 8, {1})


def test_many_threads_share_one_client(stub: Stub, connect: Connect) -> None:
    stub.answer(reply(body=OK))
    client = connect()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                client.system_status()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (errors, len(stub.seen)) == ([], 80)


def test_get_object_gives_the_object_asked_for(stub: Stub, connect: Connect) -> None:
    client = connect()
    stub.answer(reply(body=envelope([conversation()])))
    assert client.get_object(31245, OBJECT_ID).object_id == int(OBJECT_ID)
    with pytest.raises(BadResponse, match="unreadable or another one"):
        client.get_object(31245, 7)


def test_teams_are_asked_for_again_with_an_empty_name(stub: Stub, connect: Connect) -> None:
    stub.answer(reply(400, envelope("", 400, "Invalid parameters")), reply(body=envelope([{"teamId": 1}])))
    assert [team.team_id for team in connect().teams().items] == [1]
    assert [seen.path for seen in stub.seen] == ["/managers/teams", "/managers/teams?Name="]


@pytest.mark.parametrize(
    "value", ["", "x", "-1", "0", "1.0", "9" * 40, 2**63, 0, -5, True, "１", "1/../2", "1?x"]
)
def test_an_id_that_is_none_is_never_sent(stub: Stub, connect: Connect, value: Any) -> None:
    for call in (connect().recordings, lambda value: connect().get_object(1, value)):
        with pytest.raises(ValueError, match="An id is a whole positive number"):
            call(value)
    assert stub.seen == []


@pytest.mark.parametrize("stream", ["", ".", "..", True])
def test_a_stream_that_is_none_is_never_sent(stub: Stub, connect: Connect, stream: Any) -> None:
    with pytest.raises(ValueError, match="A stream is named"):
        connect().get_object(stream, 1)
    assert stub.seen == []
