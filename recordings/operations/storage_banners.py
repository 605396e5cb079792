"""Warnings while storage rejects the portal because of the portal's own clock, key or settings."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from recordings.media_urls import troubles
from recordings.operations.times import moment
from recordings.storage import StorageOutcome, key_ends_at

WARN_BEFORE = timedelta(hours=1)
# What to do about what the portal's operator can fix. `bucket` is its address.
REMEDIES = {
    StorageOutcome.CLOCK_SKEWED: gettext_lazy(
        "%(bucket)s rejected a link because of its time. Check that this server's clock is synchronised (NTP)."
    ),
    StorageOutcome.KEY_REFUSED: gettext_lazy(
        "%(bucket)s rejected the key. Check that AWS_ACCESS_KEY_ID is still valid and its token has not expired."
    ),
    StorageOutcome.WRONG_REGION: gettext_lazy("Add ?region=… to %(bucket)s in RECORDING_BUCKETS."),
    StorageOutcome.MOVED: gettext_lazy(
        "RECORDING_BUCKETS contains %(bucket)s. Replace it with the address given by the storage's owner."
    ),
    StorageOutcome.NO_BUCKET: gettext_lazy(
        "RECORDING_BUCKETS contains %(bucket)s. Check the name, and that the bucket still exists."
    ),
}

Banner = dict[str, str]


def storage_banners() -> list[Banner]:
    """List what is wrong with the access to storage now, and warn before the temporary key expires."""
    return [*_key_banners(), *_trouble_banners()]


def _key_banners() -> list[Banner]:
    ends_at, now = key_ends_at(), timezone.now()
    if ends_at is None or ends_at - now > WARN_BEFORE:
        return []
    when = {"time": moment(ends_at)}
    text = gettext(
        "Set the new key with its secret, token and expiry, and restart the portal; or set S3_USE_ROLE, which renews "
        "keys automatically."
    )
    if ends_at <= now:
        title = gettext("The temporary storage key expired at %(time)s.") % when
        return [{"level": "bad", "title": title, "text": text}]
    return [
        {
            "level": "warn",
            "title": gettext("The temporary storage key expires at %(time)s.") % when,
            "text": text,
        }
    ]


def _trouble_banners() -> list[Banner]:
    trouble = troubles.current()
    if trouble is None:
        return []
    ahead = trouble.clock_ahead or 0.0
    if trouble.outcome is StorageOutcome.CLOCK_SKEWED and abs(ahead) > troubles.CLOCK_TOLERANCE_SECONDS:
        title = (
            gettext("This server's clock is %(seconds)s seconds behind storage's.")
            if ahead > 0
            else gettext("This server's clock is %(seconds)s seconds ahead of storage's.")
        ) % {"seconds": f"{abs(ahead):,.0f}"}
        text = gettext(
            "Storage rejects links that are signed with a wrong time. Check that the clock is synchronised (NTP)."
        )
    else:
        title = gettext(str(trouble.outcome.sentence))
        remedy = REMEDIES.get(trouble.outcome)
        text = remedy % {"bucket": trouble.place} if remedy else trouble.place
    return [{"level": "bad", "title": title, "text": text}]
