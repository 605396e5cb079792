"""Parse recordings (activities of type 27) in every shape CommBox may send: enveloped, flat, bare, data as object."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from recordings.commbox.parsing.document import Unreadable, read_json
from recordings.commbox.parsing.envelope import read_items
from recordings.commbox.parsing.fields import MAX_INT32, Fields, Refused, int64
from recordings.commbox.parsing.objects import name_of
from recordings.commbox.parsing.secrets import scrubbed, without_queries
from recordings.commbox.records import Parsed, RecordingItem
from recordings.storage.s3_urls import UrlKind, expiry_of, fingerprint, kind_of

RECORDING_TYPE = 27
# A recorded time further ahead than this is a wrong clock, not a recording to come.
CLOCK_ALLOWANCE = timedelta(days=1)
LONGEST_WORD = 200

_METADATA_KEYS = ("recordingUrl", "recordingType", "duration", "timestamp", "fileSize")
_URL_ORDER = (UrlKind.NONE, UrlKind.DIRECT, UrlKind.PRESIGNED)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def parse_recordings(document: Any, *, object_id: str, now: datetime | None = None) -> Parsed[RecordingItem]:
    """Parse the recordings of one object. Two copies of a recording become one, with the URL that ends later.

    An item of another object is refused. Raises BadResponse when the answer as a whole cannot be read.
    """
    moment = now or datetime.now(UTC)
    parsed = read_items(document, lambda fields, item: _recording(fields, item, object_id, moment))
    return Parsed(_without_copies(parsed.items), parsed.problems)


def _recording(fields: Fields, item: dict[str, Any], object_id: str, now: datetime) -> RecordingItem | None:
    metadata, contents = _metadata(fields, item)
    if not _is_recording(fields, metadata):
        return None
    for named in (fields.value("objectId"), metadata.value("objectId")):
        if named is not None and int64(named) != int64(object_id):
            raise Refused("It belongs to another object.")
    if all(metadata.value(key) is None for key in _METADATA_KEYS):
        raise Refused("It describes no recording: link, length, size and time are all missing.")

    reader = _FlaggingReader(now)
    url = reader.url(metadata)
    upstream_id = _upstream_id(fields)
    recorded_at = reader.moment(metadata, "timestamp", "recorded_at")
    user = fields.group("user")
    return RecordingItem(
        object_id=object_id,
        upstream_activity_id=upstream_id,
        recording_type=metadata.text("recordingType")[:LONGEST_WORD],
        recording_url=url,
        url_kind=kind_of(url),
        url_expires_at=expiry_of(url),
        duration_seconds=reader.amount(metadata, "duration", "duration", MAX_INT32),
        file_size_bytes=reader.amount(metadata, "fileSize", "file_size"),
        recorded_at=recorded_at,
        activity_created_at=reader.moment(fields, "createdTime", "created_at"),
        actor_id=user.identifier("id"),
        actor_name=name_of(user)[:LONGEST_WORD],
        fingerprint=fingerprint(
            object_id=object_id, url=url, recorded_at=recorded_at, upstream_id=upstream_id
        ),
        flags=tuple(reader.flags),
        raw=_raw(item, contents),
    )


class _FlaggingReader:
    """Reads metadata that may be missing or odd; what is odd becomes unknown and leaves a flag."""

    def __init__(self, now: datetime) -> None:
        self.flags: list[str] = []
        self._latest = now + CLOCK_ALLOWANCE

    def amount(self, fields: Fields, key: str, name: str, largest: int | None = None) -> int | None:
        """A number of seconds or bytes: whole, not negative, not beyond `largest`."""
        if fields.value(key) is None:
            return None
        number = fields.integer(key)
        if number is None:
            self.flags.append(f"bad_{name}")
        elif number < 0:
            self.flags.append(f"negative_{name}")
        elif largest is not None and number > largest:
            self.flags.append(f"huge_{name}")
        else:
            return number
        return None

    def moment(self, fields: Fields, key: str, name: str) -> datetime | None:
        """A time; one in the future is kept and flagged."""
        moment = fields.time(key)
        if moment is None and fields.value(key) is not None:
            self.flags.append(f"bad_{name}")
        if moment is not None and moment > self._latest:
            self.flags.append(f"future_{name}")
        return moment

    def url(self, fields: Fields) -> str:
        """The link to the file, as it came; judged only when somebody wants to play it.

        Blanks before it are no part of it. What follows it may be part of the file's name.
        """
        value = fields.value("recordingUrl")
        if isinstance(value, str):
            return value.lstrip(" ")
        if value is not None:
            self.flags.append("bad_recording_url")
        return ""


def _metadata(fields: Fields, item: dict[str, Any]) -> tuple[Fields, Any]:
    """The recording's own fields: inside `data` (JSON text or object), else on the item itself."""
    data = fields.value("data")
    contents = data
    if isinstance(data, str):
        try:
            contents = read_json(data)
        except Unreadable:
            raise Refused("Its data is text that is not JSON.") from None
    if isinstance(contents, list) and len(contents) == 1:
        contents = contents[0]
    if data is None:
        return fields, None
    if not isinstance(contents, dict):
        raise Refused("Its data is not an object with fields.")
    return Fields(contents, item), contents


def _is_recording(fields: Fields, metadata: Fields) -> bool:
    kind = fields.value("type", "activityType")
    kind = metadata.value("activityType") if kind is None else kind
    if kind is None and metadata.value("recordingUrl", "recordingType") is None:
        raise Refused("Nothing in it says that it is a recording.")
    if kind is None:
        return True  # only recordings were asked for
    number = int64(kind)
    if number is None:
        raise Refused("Its activity type is no number.")
    return number == RECORDING_TYPE


def _upstream_id(fields: Fields) -> str | None:
    """CommBox's own id of the activity: none is documented for this call, so it is used only if present."""
    text = fields.text("id", "activityId")[:LONGEST_WORD]
    return text if text not in ("", "0") else None


def _raw(item: dict[str, Any], contents: Any) -> dict[str, Any]:
    """The item as it came, with `data` opened and no signature left in any text."""
    opened = {key: contents if key.lower() == "data" and contents else item[key] for key in item}
    return scrubbed(opened, without_queries)


def _without_copies(items: Iterable[RecordingItem]) -> list[RecordingItem]:
    best: dict[str, RecordingItem] = {}
    for item in items:
        known = best.get(item.fingerprint)
        if known is None or _url_life(item) > _url_life(known):
            best[item.fingerprint] = item
    return list(best.values())


def _url_life(item: RecordingItem) -> tuple[int, datetime]:
    """A URL with its own permission before one without, and of those the one that ends later."""
    return _URL_ORDER.index(item.url_kind), item.url_expires_at or _LONG_AGO
