"""No credential reaches a log line, whatever the line is made of."""

import json
import logging
from collections import UserDict
from pathlib import Path

import pytest
import structlog
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from structlog.processors import JSONRenderer

from auditportal import logging as logging_
from auditportal.logging import redact, redact_event

SIGNATURE = "0f1e2d3c4b5a6978" * 4


@pytest.mark.parametrize(
    "text",
    [
        f"https://s3.example.com/b/k?X-Amz-Credential=A%2F2026&X-Amz-Signature={SIGNATURE}",
        f"GET /b/k?x-amz-signature={SIGNATURE} 403",
        f"https://b.s3.amazonaws.com/k?AWSAccessKeyId=AKIA&Signature={SIGNATURE}&Expires=1",
        f"https://cdn.example.com/k?Policy=abc&Signature={SIGNATURE}&Key-Pair-Id=K1",
        f"Authorization: Bearer {SIGNATURE}",
        f"/webhooks/commbox/{SIGNATURE}",
        f"postgresql://web:{SIGNATURE}@db/portal",
        f"redis://:{SIGNATURE}@redis/0",
    ],
)
def test_a_credential_is_replaced_wherever_it_stands(text):
    assert SIGNATURE not in redact(text)
    nested = redact_event(None, "info", {"event": text, "more": {"list": [text, ("x", text)]}})
    assert SIGNATURE not in json.dumps(nested)


class Odd:
    """An object whose text holds a credential."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return f"<Odd: POST '{self.text}'>"


class Silent:
    def __repr__(self):
        raise RuntimeError("no text")


class Fields(UserDict):
    """A mapping that is no dict."""


@pytest.mark.parametrize(
    "wrap",
    [
        *(lambda text: text, Odd, ValueError, str.encode, lambda text: {text}, lambda text: (Odd(text),)),
        *(lambda text: {text: 1}, lambda text: Fields(a=[Odd(text)]), lambda text: {"a": {"b": Path(text)}}),
        *(lambda text: RequestFactory().post(text), lambda text: [Silent(), Odd(text)]),
    ],
)
def test_no_object_brings_a_credential_into_a_line(wrap):
    """Also one that only becomes text when the line is made, such as a request."""
    made = redact_event(None, "error", {"event": "x", "request": wrap(f"/webhooks/commbox/{SIGNATURE}")})
    assert SIGNATURE not in JSONRenderer()(None, "error", made)


def test_a_secret_of_the_settings_is_found_wherever_somebody_put_it(monkeypatch):
    monkeypatch.setattr(logging_, "_known", ())
    logging_.hide(["short", SIGNATURE, f"{SIGNATURE}-and-more"])
    made = redact_event(
        None,
        "info",
        {"path": f"/webhook/{SIGNATURE}", "meta": Odd({"HTTP_X": f"{SIGNATURE}-and-more", "a": "short"})},
    )
    assert made == {"path": "/webhook/***", "meta": "<Odd: POST '{'HTTP_X': '***', 'a': 'short'}'>"}


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz ./:?=-", max_size=200))
def test_text_without_credentials_is_left_alone(text):
    if not any(word in text for word in ("signature=", "policy=", "bearer ", "webhooks", "://", "-")):
        assert redact(text) == text


def test_a_line_is_one_json_object_with_the_request_id():
    handlers = logging.getLogger().handlers
    formatter = next(
        h.formatter for h in handlers if isinstance(h.formatter, structlog.stdlib.ProcessorFormatter)
    )
    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        record = logging.LogRecord(
            "x", logging.INFO, "f", 1, "url %s", (f"?X-Amz-Signature={SIGNATURE}",), None
        )
        line = json.loads(formatter.format(record))
    assert line["request_id"] == "r-1"
    assert SIGNATURE not in json.dumps(line)
    assert line["event"] == "url ?X-Amz-Signature=***"


@pytest.mark.parametrize("client", ["httpx", "httpcore", "botocore", "botocore.auth"])
def test_a_client_does_not_write_the_urls_it_asks_for(client: str) -> None:
    import recordings.proof.anchors.locked_bucket
    import recordings.storage.presign  # noqa: F401 (no file that uses a client may allow it more)

    assert not logging.getLogger(client).isEnabledFor(logging.INFO)
