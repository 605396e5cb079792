"""A reader of the trail, and a log of each test's own. (Read before Django is set up: models are imported late.)"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditportal.embedded import Services


@pytest.fixture
def eva(committed_db: None) -> Any:
    from tests.factories import person

    return person("external_auditor", "eva.lang")


@pytest.fixture
def client(eva: Any) -> Any:
    from django.test import Client

    client = Client()
    client.force_login(eva)
    return client


@pytest.fixture
def opened(eva: Any, services: Services, settings: Any, tmp_path: Path) -> Callable[..., Any]:
    """Start a log, with these witnesses; the portal's policy names log and witnesses."""
    from tests.integration.proof.evidence.pages import Log
    from tests.sealing import settings_for, signer_of

    def act(*witnesses: str) -> Log:
        signer = signer_of(services, witnesses)
        for name, value in settings_for(services, signer, tmp_path).items():
            setattr(settings, name, value)
        return Log(services, signer, eva)

    return act
