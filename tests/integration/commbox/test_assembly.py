"""The client and the storage as the installation's settings make them."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from auditportal.sandbox import Sandbox
from recordings.commbox import CommBox
from recordings.commbox.assembly import client
from recordings.storage import can_presign, locate, presign


@pytest.fixture
def portal(db: None, sandbox: Sandbox, settings: Any) -> Iterator[Any]:
    """Django's settings for a portal that works with the sandbox. (Keys are asked of the database as well.)"""
    sandbox.control.reset()
    for name, value in sandbox.settings().items():
        setattr(settings, name, tuple(value.split(",")) if name == "RECORDING_BUCKETS" else value)
    client.cache_clear()
    yield settings
    client().close()
    client.cache_clear()


def test_one_client_per_process_with_both_keys_and_our_request_id(portal: Any, sandbox: Sandbox) -> None:
    sandbox.control.revoke_key(sandbox.api_key)
    with structlog.contextvars.bound_contextvars(request_id="req-7"):
        client().system_status()
    assert isinstance(client(), CommBox)
    assert client() is client()
    assert [(one.status, one.request_id) for one in sandbox.control.requests()] == [
        (401, "req-7"),
        (200, "req-7"),
    ]


def test_redis_gone_stops_no_call(portal: Any, sandbox: Sandbox) -> None:
    portal.REDIS_URL = "redis://127.0.0.1:1/0"
    client().system_status()


def test_presigning_with_the_installations_credentials(portal: Any, sandbox: Sandbox) -> None:
    place = locate(f"{portal.RECORDING_BUCKETS[0]}/2026/1.mp4", portal.RECORDING_BUCKETS)
    issued = presign(place, ttl_seconds=60, viewing_id="v-1", media_type="video/mp4")
    signed = "response-cache-control=no-store&response-content-disposition=inline&x-grant=v-1"
    assert issued.url.startswith(f"{place.url}?{signed}")
    assert can_presign()


def test_without_credentials_nothing_is_signed(portal: Any) -> None:
    place = locate(f"{portal.RECORDING_BUCKETS[0]}/1.mp4", portal.RECORDING_BUCKETS)
    portal.AWS_ACCESS_KEY_ID = portal.AWS_SECRET_ACCESS_KEY = ""
    assert not can_presign()
    with pytest.raises(ValueError, match="holds no storage credentials"):
        presign(place, ttl_seconds=60, viewing_id="v-1")
