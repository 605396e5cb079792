"""The sealed log of these tests."""

from collections.abc import Iterator

import pytest

from tests.integration.proof.verification.helpers import Log, build
from tests.sealing import Signer
from tests.services import Databases


@pytest.fixture(scope="session")
def sealed(databases: Databases, django_db_setup: None, worker_id: str) -> Iterator[tuple[str, Signer]]:
    """A database with a sealed log, for copying only."""
    name = f"portal_{worker_id}_sealed"
    databases.drop(name)
    signer = build(databases, name)
    yield name, signer
    signer.remove()
    databases.drop(name)


@pytest.fixture
def log(databases: Databases, sealed: tuple[str, Signer]) -> Iterator[Log]:
    """A sealed log to do with as one likes."""
    template, signer = sealed
    name = f"{template}_copy"
    databases.drop(name)
    databases.clone(name, template=template)
    yield Log(databases.addresses(name), signer)
    databases.drop(name)
