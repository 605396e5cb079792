"""The portal with an identity provider on loopback."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def idp(db: None, settings: Any) -> Iterator[Any]:
    from tests.integration.accounts.single_sign_on import hostile

    with hostile.provider() as made:
        settings.OIDC_ISSUER = made.issuer
        settings.OIDC_CLIENT_ID = hostile.CLIENT_ID
        settings.OIDC_CLIENT_SECRET = hostile.CLIENT_SECRET
        settings.OIDC_GROUPS_CLAIM = "groups"
        yield made
