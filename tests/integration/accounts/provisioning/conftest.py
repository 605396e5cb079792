"""An administrator, and an identity provider with a token."""

from typing import Any

import pytest


@pytest.fixture
def admin(db: None) -> Any:
    from tests.factories import person

    return person("administrator", "sam.ortiz")


@pytest.fixture
def provider(admin: Any) -> Any:
    from tests.integration.accounts.provisioning.helpers import Provider, token

    return Provider(token(admin))
