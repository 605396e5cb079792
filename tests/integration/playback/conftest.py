"""Playing, against the real client, the sandbox's CommBox and its storage that verifies every signature."""

from collections.abc import Iterator
from typing import Any

import pytest

from auditportal.sandbox import Sandbox
from auditportal.sandbox.control.control import Control


@pytest.fixture(autouse=True)
def _fresh_client() -> Iterator[None]:
    """A client of this test's CommBox."""
    from recordings.commbox import assembly

    assembly.client.cache_clear()
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
def direct(db: None, upstream: Control) -> Any:
    """A recording with a direct URL: the portal signs it itself."""
    from tests.integration.playback.helpers import recorded

    return recorded(upstream)


@pytest.fixture
def presigned(db: None, upstream: Control) -> Any:
    """A recording whose URLs only CommBox can sign."""
    from tests.integration.playback.helpers import recorded

    return recorded(upstream, presigned=True)


@pytest.fixture
def noa(db: None, client: Any) -> Any:
    """A compliance officer at her browser."""
    from tests.integration.playback.helpers import signed_in

    return signed_in("compliance_officer", client, username="noa.levi")
