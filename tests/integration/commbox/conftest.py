"""A stub that answers to the letter, and the sandbox that answers like CommBox."""

from collections.abc import Callable, Iterator

import pytest

from auditportal.sandbox import Sandbox
from recordings.commbox import CommBox
from recordings.commbox.retry import Backoff
from tests.integration.commbox.stub import Stub, serving

QUICK = Backoff(initial=0.001, greatest=0.002)
KEY = "key-one-7f3a"
OTHER_KEY = "key-two-9c1b"

Connect = Callable[..., CommBox]


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving() as server:
        yield server


@pytest.fixture
def connect(stub: Stub) -> Iterator[Connect]:
    """Makes clients of the stub that hardly wait between tries."""
    opened: list[CommBox] = []

    def open_client(*keys: str, **options: object) -> CommBox:
        client = CommBox(stub.url, keys or (KEY,), **{"backoff": QUICK, **options})  # type: ignore[arg-type]
        opened.append(client)
        return client

    yield open_client
    for client in opened:
        client.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(throttle_rate=0.0) as running:
        yield running


@pytest.fixture
def commbox(sandbox: Sandbox) -> Iterator[CommBox]:
    """A client of the sandbox as it was started."""
    sandbox.control.reset()
    with CommBox(sandbox.api_url, [sandbox.api_key], backoff=QUICK) as client:
        yield client
