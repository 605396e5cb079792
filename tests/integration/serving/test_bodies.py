"""Bodies that come slowly, are too large or say two lengths: nobody else waits, and nothing of them is kept."""

import http.client
from collections.abc import Callable

import httpx
import pytest

from tests.factories import PASSWORD, person
from tests.integration.serving.conftest import WEBHOOK_TOKEN, Served, read_to_end
from tests.waiting import wait_for

SIGN_IN = "/accounts/login/"
DELIVERY = f"/webhooks/commbox/{WEBHOOK_TOKEN}"


def head(*lines: str, method: str = "POST", path: str = SIGN_IN) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def status(said: bytes) -> int:
    return int(said.split(b" ", 2)[1])


def test_slow_bodies_hold_nobody_up_and_are_refused(served: Served) -> None:
    """More slow bodies than threads: health, pages and monitoring answer while they are held."""
    held = [served.connect() for _ in range(40)]
    for number, connection in enumerate(held):
        if number % 2:
            connection.sendall(head("Content-Length: 60000") + b"x")
        else:
            connection.sendall(head("Transfer-Encoding: chunked", path=DELIVERY) + b"1\r\nx")
    for path in ("/health/live", "/health/ready", SIGN_IN, "/static/portal/css/base.css"):
        assert httpx.get(served.url + path, timeout=60).status_code == 200
    for connection in held:
        said = read_to_end(connection)
        connection.close()
        assert status(said) == 408
        assert b"too slowly" in said


def test_a_slow_body_of_a_steady_drip_is_refused_too(served: Served) -> None:
    """A byte now and then does not reset the clock."""
    with served.connect() as connection:
        connection.sendall(head("Content-Length: 60000"))
        connection.settimeout(0.5)
        said = b""

        def refused() -> bool:
            nonlocal said
            try:
                connection.sendall(b"x")
                said += connection.recv(65536)
            except (TimeoutError, ConnectionError):
                pass
            return bool(said)

        wait_for(refused)
    assert status(said) == 408


@pytest.mark.parametrize(
    ("path", "size"), [(SIGN_IN, 64 * 1024 + 1), (SIGN_IN, 99_000_000), ("/audit/verify/", 99_000_000)]
)
def test_a_large_body_without_a_session_is_refused_by_its_length(
    served: Served, path: str, size: int
) -> None:
    said = served.ask(head(f"Content-Length: {size}", "Cookie: session=forged", path=path))
    assert status(said) == 413


def test_a_large_delivery_that_names_no_length_is_refused_by_reading(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(head("Transfer-Encoding: chunked", path=DELIVERY))
        sent = 0
        try:
            for _ in range(2000):
                connection.sendall(b"10000\r\n" + bytes(65536) + b"\r\n")
                sent += 65536
        except ConnectionError:
            pass
        said = read_to_end(connection)
    assert sent < 2000 * 65536, "all of it was read"
    assert not said or status(said) == 413
    assert '"reason": "large"' in served.log()


@pytest.mark.parametrize("path", ["/webhooks/commbox/x", f"{DELIVERY}x", f"{DELIVERY}/", "/webhooks/"])
def test_only_the_paths_token_makes_a_body_a_delivery(served: Served, path: str) -> None:
    """Whoever does not know it holds 64 KiB at most, as at any other address, and names the length."""
    assert status(served.ask(head("Content-Length: 100000", path=path))) == 413
    chunked = head("Transfer-Encoding: chunked", "Connection: close", path=path)
    assert status(served.ask(chunked + b"0\r\n\r\n")) == 400
    assert httpx.post(served.url + path, content=b"{}", timeout=60).status_code == 404
    read = httpx.post(served.url + DELIVERY, content=b" " * 100_000, timeout=60)
    assert read.status_code in (200, 400)  # the same once more is a duplicate


def test_a_signed_in_person_sends_a_megabyte_and_a_file_to_check(serve: Callable[..., Served]) -> None:
    served = serve(DEMO="true")
    auditor = person("external_auditor")
    with httpx.Client(base_url=served.url, timeout=60) as client:
        token = client.get(SIGN_IN).text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        form = {"login": auditor.username, "password": PASSWORD, "csrfmiddlewaretoken": token}
        assert client.post(SIGN_IN, data=form).status_code == 302
        csrf = {"X-CSRFToken": client.cookies["csrf"]}
        padding = {"padding": "x" * 500_000}
        assert client.post("/audit/compare/", data=padding, headers=csrf).status_code == 400
        upload = {"bundle": ("report.zip", bytes(3_000_000))}
        checked = client.post("/audit/verify/", files=upload, headers=csrf)
        assert checked.status_code == 200
        assert "INVALID" in checked.text or "NOT CHECKED" in checked.text
        # Elsewhere a form has a megabyte at most.
        assert client.post("/reports/request/", data={"x": "x" * 1_100_000}, headers=csrf).status_code == 413


@pytest.mark.parametrize("path", [SIGN_IN, "/", "/audit/verify/"])
def test_a_request_says_its_length_and_says_it_once(served: Served, path: str) -> None:
    """Chunks, and a length beside them in either order; a length that comes twice or is none."""
    length, chunked = "Content-Length: 5", "Transfer-Encoding: chunked"
    for lines in ((length, chunked), (chunked, length), (chunked,), (length, "Content-Length: 6")):
        assert status(served.ask(head(*lines, "Connection: close", path=path) + b"0\r\n\r\n")) == 400
    assert status(served.ask(head("Content-Length: -1", "Connection: close", path=path))) == 400


def test_no_other_protocol_is_spoken(served: Served) -> None:
    said = served.ask(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))
    assert b"HTTP/1.1 400" in said or said == b""


def test_long_heads_are_refused(served: Served) -> None:
    for request in (
        head("X-Long: " + "x" * 100_000, method="GET"),
        head(method="GET", path="/?" + "q" * 100_000),
        head(*(f"X-{n}: 1" for n in range(200)), method="GET"),
    ):
        assert status(served.ask(request)) in (400, 414, 431)


def test_a_refusal_has_the_headers_of_every_answer(served: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    connection.putrequest("POST", SIGN_IN)
    connection.putheader("Content-Length", "70000")
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(answer.headers["X-Request-ID"]) == 32
    connection.close()
