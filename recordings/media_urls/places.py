"""Find where a recording's file is, and its media type."""

from pathlib import PurePosixPath

from django.conf import settings

from recordings.media_urls.errors import NoUrl
from recordings.models import Recording
from recordings.storage import Location, NotPlayable, locate

# The media types that a file may be served with, whatever storage calls it: never HTML (ASVS 3.2.1).
MEDIA_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
}


def location_of(url: str, *, plus_is_blank: bool = False) -> Location:
    """Return the location that a URL names. Raises NoUrl when it is not on the allow-list."""
    try:
        return locate(url, settings.RECORDING_BUCKETS, plus_is_blank=plus_is_blank)
    except NotPlayable as error:
        raise NoUrl(error.reason.value, error.reason.sentence) from None


def media_type_of(recording: Recording, location: Location) -> str:
    """Return the media type by the file's extension; with an unknown one, video unless CommBox says audio."""
    by_name = MEDIA_TYPES.get(PurePosixPath(location.key).suffix.lower())
    return by_name or ("audio/mp4" if recording.recording_type.lower() == "audio" else "video/mp4")
