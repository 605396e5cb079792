"""What the pages say while storage refuses the portal because of the portal itself."""

from datetime import timedelta

from django.utils import timezone

from recordings.media_urls import troubles
from recordings.storage import StorageOutcome, key_ends_at

WARN_BEFORE = timedelta(hours=1)
CLOCK_AHEAD = "This server's clock is {seconds} seconds ahead of storage's."
CLOCK_BEHIND = "This server's clock is {seconds} seconds behind storage's."
CLOCK_TEXT = "Storage refuses links that are signed with a wrong time. Is the clock synchronised (NTP)?"
# What to do, for what the portal's operator has to put right. {place} is the bucket.
REMEDIES = {
    StorageOutcome.CLOCK_SKEWED: "{place} refused a link for its time. Is this server's clock synchronised (NTP)?",
    StorageOutcome.KEY_REFUSED: "{place} refused the key. Is AWS_ACCESS_KEY_ID still valid, and its token not ended?",
    StorageOutcome.WRONG_REGION: "Add ?region=… to {place} in RECORDING_BUCKETS.",
    StorageOutcome.MOVED: "{place} is on RECORDING_BUCKETS. Put in the address that the storage's owner names.",
    StorageOutcome.NO_BUCKET: "{place} is on RECORDING_BUCKETS. Is its name right, and does the bucket still exist?",
}

Banner = dict[str, str]


def storage_banners() -> list[Banner]:
    """List what is wrong with the access to storage now, and warn before the temporary key expires."""
    return [*_key_banners(), *_trouble_banners()]


def _key_banners() -> list[Banner]:
    ends_at, now = key_ends_at(), timezone.now()
    if ends_at is None or ends_at - now > WARN_BEFORE:
        return []
    when = f"{ends_at:%-d %b %Y, %H:%M} UTC"
    text = "Set the new key with its secret, token and end, and restart; or let S3_USE_ROLE renew keys."
    if ends_at <= now:
        title = f"The temporary storage key ended on {when}."
        return [{"level": "bad", "title": title, "text": text}]
    return [{"level": "warn", "title": f"The temporary storage key ends on {when}.", "text": text}]


def _trouble_banners() -> list[Banner]:
    trouble = troubles.current()
    if trouble is None:
        return []
    title, text = (
        trouble.outcome.sentence,
        REMEDIES.get(trouble.outcome, "{place}").format(place=trouble.place),
    )
    ahead = trouble.clock_ahead or 0.0
    if trouble.outcome is StorageOutcome.CLOCK_SKEWED and abs(ahead) > troubles.CLOCK_TOLERANCE_SECONDS:
        words = CLOCK_BEHIND if ahead > 0 else CLOCK_AHEAD
        title, text = words.format(seconds=f"{abs(ahead):,.0f}"), CLOCK_TEXT
    return [{"level": "bad", "title": title, "text": text}]
