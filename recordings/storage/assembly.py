"""Storage as this installation is configured: the one file of the package that reads Django's settings."""

from functools import lru_cache

from django.conf import settings

from recordings.storage.locations import Location
from recordings.storage.presign import IssuedUrl, SigningKey, presign_with


def can_presign() -> bool:
    """Whether this installation holds storage credentials of its own."""
    return bool(settings.AWS_ACCESS_KEY_ID and settings.AWS_SECRET_ACCESS_KEY)


def presign(
    location: Location, *, ttl_seconds: int, viewing_id: str, media_type: str | None = None
) -> IssuedUrl:
    """Sign a GET of `location` with the installation's credentials; see `presign_with` for the bounds.

    Raises ValueError when the installation holds no credentials (ask `can_presign` first).
    """
    if not can_presign():
        raise ValueError("This installation holds no storage credentials: set AWS_ACCESS_KEY_ID.")
    key = _signing_key(settings.AWS_ACCESS_KEY_ID, settings.AWS_SECRET_ACCESS_KEY, settings.S3_REGION)
    return presign_with(key, location, ttl_seconds=ttl_seconds, viewing_id=viewing_id, media_type=media_type)


@lru_cache(maxsize=4)
def _signing_key(access_key: str, secret_key: str, region: str) -> SigningKey:
    return SigningKey(access_key, secret_key, region)
