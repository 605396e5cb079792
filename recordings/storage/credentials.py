"""The key that the portal signs with: of the settings, or the short-lived one of its machine's or container's role."""

from datetime import UTC, datetime, timedelta

import botocore.session
import structlog
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from django.conf import settings

from recordings.storage.presign import MIN_TTL_SECONDS
from recordings.timed import TimedValue

logger = structlog.get_logger("portal.storage")

# A role that is not there is looked for again; one that is there renews its keys by itself.
_no_role = TimedValue[bool](30.0)
_role = TimedValue[Credentials](float("inf"))


def current_key() -> tuple[Credentials, datetime | None] | None:
    """Return the key to sign with now and when it ends (None: it does not, or that is not known); None without a key.

    A key that ends before the shortest URL would is no key any more.
    """
    if settings.S3_USE_ROLE:
        credentials = _role_credentials()
    elif settings.AWS_ACCESS_KEY_ID and settings.AWS_SECRET_ACCESS_KEY:
        credentials = Credentials(
            settings.AWS_ACCESS_KEY_ID, settings.AWS_SECRET_ACCESS_KEY, settings.AWS_SESSION_TOKEN or None
        )
    else:
        return None
    ends_at = key_ends_at()
    if credentials is None or (
        ends_at is not None and time_left(ends_at) < timedelta(seconds=MIN_TTL_SECONDS)
    ):
        return None
    return credentials, ends_at


def key_ends_at() -> datetime | None:
    """Return when the temporary key of the settings ends; None for a key that does not end or renews itself."""
    ends_at: datetime | None = settings.AWS_CREDENTIAL_EXPIRATION
    return None if settings.S3_USE_ROLE else ends_at


def time_left(ends_at: datetime) -> timedelta:
    return ends_at - datetime.now(UTC)


def _role_credentials() -> Credentials | None:
    """Return the role's key as it is now. botocore renews it a quarter of an hour before it ends."""
    if _no_role.get():
        return None
    try:
        source = _role.get() or botocore.session.Session().get_credentials()
        if source is not None:
            _role.set(source)
            frozen = source.get_frozen_credentials()
            return Credentials(frozen.access_key, frozen.secret_key, frozen.token)
    except BotoCoreError as error:
        logger.warning("no key of a role", error=type(error).__name__)
    _no_role.set(True)
    return None
