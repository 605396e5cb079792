"""The key that the portal signs with: from the settings, or the temporary one of the machine's or container's role."""

from datetime import UTC, datetime, timedelta

import botocore.session
import structlog
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from django.conf import settings

from recordings.storage.presign import MIN_TTL_SECONDS
from recordings.timed import TimedValue

logger = structlog.get_logger("portal.storage")

# A missing role is looked for again after 30 seconds. An existing one renews its keys automatically.
_no_role = TimedValue[bool](30.0)
_role = TimedValue[Credentials](float("inf"))


def current_key() -> tuple[Credentials, datetime | None] | None:
    """Return the key to sign with now, and when it expires (None: never or unknown); None without a key.

    A key that expires before the shortest URL would is not used.
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
    """Return when the temporary key of the settings expires; None for a permanent key or a role's."""
    ends_at: datetime | None = settings.AWS_CREDENTIAL_EXPIRATION
    return None if settings.S3_USE_ROLE else ends_at


def time_left(ends_at: datetime) -> timedelta:
    return ends_at - datetime.now(UTC)


def _role_credentials() -> Credentials | None:
    """Return the role's current key. botocore renews it a quarter of an hour before it expires."""
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
