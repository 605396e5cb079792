"""People who sign in for real: with a second factor, as in production."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _full(db: None, settings: Any) -> None:
    """The real thing: the other tests sign in with a password alone. Second factors can be added."""
    from django.utils import timezone

    from auditportal.accounts.models import EnrolmentWindow

    settings.EASY_SIGN_IN = False
    EnrolmentWindow.objects.create(until=timezone.now() + timedelta(hours=1))


@pytest.fixture
def app() -> Callable[[Any], bytes]:
    """Give a person an authenticator app; its secret."""
    from auditportal.accounts.factors import totp

    def give(user: Any) -> bytes:
        secret = totp.new_secret()
        totp.add(user, secret, 0)
        return secret

    return give
