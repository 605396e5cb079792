"""People who sign in for real: with a second factor, as in production."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _full(settings: Any) -> None:
    """The real thing: the other tests sign in with a password alone."""
    settings.EASY_SIGN_IN = False


@pytest.fixture
def app() -> Callable[[Any], bytes]:
    """Give a person an authenticator app; its secret."""
    from auditportal.accounts.factors import totp

    def give(user: Any) -> bytes:
        secret = totp.new_secret()
        totp.add(user, secret, 0)
        return secret

    return give
