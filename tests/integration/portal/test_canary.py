"""When an address fails, its line and its traceback hold nothing that the request carried in secret."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponseBase
from django.test import Client

from auditportal import logging as portal_logging
from tests.factories import person
from tests.integration.portal.test_rights import DOORS

TOKEN = "canary-in-the-path-" + "t" * 32
SETTING = "canary-of-the-settings-" + "s" * 32
PASSWORD, COOKIE, BEARER, SIGNATURE = (
    f"canary-{name}-{'c' * 32}" for name in ("password", "cookie", "bearer", "signature")
)
CANARIES = (TOKEN, SETTING, PASSWORD, COOKIE, BEARER, SIGNATURE)

# What the address shall fail with; set by each test.
failure: list[Exception] = []


class Failing:
    """A middleware after which every view fails."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        logging.getLogger("portal.test").error("%s failed", request, extra={"meta": {"asked": request}})
        raise failure[0]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that is logged, as the portal's own handler writes it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    (formatter,) = (
        one.formatter
        for one in logging.getLogger().handlers
        if type(one.formatter).__name__ == "ProcessorFormatter"
    )
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    monkeypatch.setattr(portal_logging, "_known", ())
    portal_logging.hide([SETTING])
    yield written
    logging.getLogger().removeHandler(handler)


def address(route: str) -> str:
    """A URL of this pattern that carries the token wherever it takes a text."""
    values = {
        "<uuid:": "0199a5b0-0000-7000-8000-000000000000",
        "<int:": "7",
        "<str:": TOKEN,
        "<path:": TOKEN,
        "<slug:": "he",
    }
    for start, value in values.items():
        while start in route:
            before, _, rest = route.partition(start)
            route = before + value + rest.partition(">")[2]
    return "/" + route


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError(f"it failed with {SETTING}"), 500),
        (OperationalError(f"no connection as {SETTING}"), 503),
    ],
)
def test_no_address_writes_a_secret_when_it_fails(
    db: None, settings: Any, lines: io.StringIO, error: Exception, status: int
) -> None:
    settings.COMMBOX_WEBHOOK_TOKEN = TOKEN
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.Failing"]
    failure[:] = [error]
    client = Client(raise_request_exception=False)
    client.force_login(person("administrator"))
    failed = {}
    for name, (route, _) in DOORS.items():
        client.cookies["other"] = COOKIE
        response = client.post(
            f"{address(route)}?X-Amz-Signature={SIGNATURE}",
            {"password": PASSWORD, "key": PASSWORD},
            headers={"Authorization": f"Bearer {BEARER}", "X-Proxy-Secret": SETTING},
        )
        failed[name] = response.status_code
    assert failed == dict.fromkeys(DOORS, status)

    text = lines.getvalue()
    written = [json.loads(line) for line in text.splitlines()]
    assert len([line for line in written if "failed" in line["event"]]) == len(DOORS)
    assert any("WSGIRequest" in line.get("request", "") for line in written) or status == 503
    for canary in CANARIES:
        holding = [line for line in written if canary in json.dumps(line)]
        if canary == TOKEN:  # elsewhere it is a word in an address like any other
            holding = [line for line in holding if "/webhooks/" in json.dumps(line)]
        assert holding == []
