"""A bucket on two servers: the sandbox, and Ceph RGW as an independent one."""

from collections.abc import Iterator

import pytest

from auditportal.sandbox import Sandbox
from recordings.storage import Location
from tests.integration.storage.stores import FILM, Store, in_ceph, in_sandbox


@pytest.fixture(scope="session")
def own_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="session", params=["sandbox", pytest.param("ceph", marks=pytest.mark.ceph)])
def store(request: pytest.FixtureRequest) -> Store:
    """The same bucket on either server."""
    if request.param == "ceph":
        return in_ceph(request.getfixturevalue("ceph"))
    return in_sandbox(request.getfixturevalue("own_sandbox"))


@pytest.fixture
def film(store: Store) -> Location:
    """A file of 1,024 bytes and its location."""
    store.put("2026/05/call 1.mp4", FILM)
    return store.place("2026/05/call 1.mp4")
