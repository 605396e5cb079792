"""The refresh against the real client, the sandbox and PostgreSQL; only its patience is shortened.

Django's models are imported inside: this file is read before Django is set up when it is named on the command line.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from auditportal.sandbox import Sandbox
from auditportal.sandbox.control.control import Control


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two tries, milliseconds apart; a client of this test's own."""
    from recordings.commbox import CommBox, Timeouts, assembly
    from recordings.commbox.retry import Backoff

    client = partial(
        CommBox,
        attempts=2,
        timeout=Timeouts(connect=1, read=0.5, total=1),
        backoff=Backoff(initial=0.01, greatest=0.02),
    )
    monkeypatch.setattr(assembly, "CommBox", client)
    assembly.client.cache_clear()
    from recordings import breaker
    from recordings.refresh import absence

    monkeypatch.setattr(absence, "SECOND_LOOK", timedelta(0))
    monkeypatch.setattr(breaker._success, "seconds", 0.0)
    yield
    if assembly.client.cache_info().currsize:
        assembly.client().close()
    assembly.client.cache_clear()


@pytest.fixture
def upstream(sandbox: Sandbox) -> Control:
    """CommBox without a throttle."""
    sandbox.control.switch(throttle_rate=0)
    return sandbox.control


@pytest.fixture
def held(db: None, upstream: Control) -> Any:
    """An object of the first video stream in the catalog, with no recording known here or there."""
    from tests.integration.refresh.helpers import hold

    return hold(upstream)
