"""Storage as configured for this installation. Only this file and credentials.py read settings."""

from collections import defaultdict
from datetime import timedelta

from django.conf import settings

from recordings.storage.credentials import current_key, time_left
from recordings.storage.locations import Location
from recordings.storage.presign import IssuedUrl, SigningKey, presign_with
from recordings.timed import TimedValue

# The region of a bucket, as storage named it.
_regions: defaultdict[str, TimedValue[str]] = defaultdict(lambda: TimedValue(86_400.0))


def can_presign() -> bool:
    """Return whether this installation has a storage key that is valid now."""
    return current_key() is not None


def presign(
    location: Location,
    *,
    ttl_seconds: int,
    viewing_id: str,
    media_type: str | None = None,
    save_as: str = "",
) -> IssuedUrl:
    """Presign a GET of `location` with the installation's key; see `presign_with` for the limits.

    The URL expires no later than a temporary key. Raises ValueError without a key (check `can_presign` first).
    """
    key = current_key()
    if key is None:
        raise ValueError("This installation holds no storage credentials: set AWS_ACCESS_KEY_ID.")
    credentials, ends_at = key
    if ends_at is not None:
        ttl_seconds = min(ttl_seconds, time_left(ends_at) // timedelta(seconds=1))
    signing_key = SigningKey(
        credentials.access_key, credentials.secret_key, region_of(location), credentials.token
    )
    return presign_with(
        signing_key,
        location,
        ttl_seconds=ttl_seconds,
        viewing_id=viewing_id,
        media_type=media_type,
        save_as=save_as,
    )


def region_of(location: Location) -> str:
    """Return the region to sign for: the one storage named, else that of the allow-list or host, else S3_REGION."""
    return _regions[location.place].get() or location.region or settings.S3_REGION


def learn_region(location: Location, region: str) -> None:
    """Remember the region that storage named for this bucket."""
    _regions[location.place].set(region)
