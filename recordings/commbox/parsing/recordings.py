"""Parse recordings (activities of type 27) in every shape that CommBox may send."""

from datetime import UTC, datetime, timedelta
from typing import Any

from recordings.commbox.parsing.copies import without_copies
from recordings.commbox.parsing.document import Unreadable, check_believable, unwrap_json
from recordings.commbox.parsing.envelope import read_items
from recordings.commbox.parsing.fields import Fields, Refused, int64, is_missing, rounded
from recordings.commbox.parsing.objects import name_of
from recordings.commbox.parsing.secrets import scrubbed, without_queries
from recordings.commbox.records import Parsed, RecordingItem
from recordings.storage.s3_urls import expiry_of, fingerprint, kind_of

RECORDING_TYPE = 27
# A recorded time further ahead than this means a wrong clock.
CLOCK_ALLOWANCE = timedelta(days=1)
LONGEST_WORD = 200
# Beyond the first limit a value is improbable but kept: a call of a day, a file of 1 TiB. Beyond the second it counts
# as unknown: no call lasts a month, and milliseconds sent as seconds look like this.
LONGEST_SECONDS = (24 * 3600, 31 * 24 * 3600)
LARGEST_BYTES = (2**40, 2**63 - 1)

_METADATA_KEYS = ("recordingUrl", "recordingType", "duration", "timestamp", "fileSize")


def parse_recordings(document: Any, *, object_id: str, now: datetime | None = None) -> Parsed[RecordingItem]:
    """Parse the recordings of one object. Copies of a recording are merged, and differences flagged.

    Activities of other types are skipped. An item of another object is refused. Raises BadResponse when the response
    as a whole cannot be read.
    """
    moment = now or datetime.now(UTC)
    parsed = read_items(
        document,
        lambda fields, item: _recording(fields, item, object_id, moment),
        is_other=_is_other_activity,
    )
    return Parsed(without_copies(parsed.items), parsed.problems)


def _recording(fields: Fields, item: dict[str, Any], object_id: str, now: datetime) -> RecordingItem:
    metadata, contents = _metadata(fields, item)
    _check_type(fields, metadata)
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
        recording_type=reader.word(metadata, "recordingType", "recording_type"),
        recording_url=url,
        url_kind=kind_of(url),
        url_expires_at=expiry_of(url),
        duration_seconds=reader.amount(metadata, "duration", "duration", LONGEST_SECONDS),
        file_size_bytes=reader.amount(metadata, "fileSize", "file_size", LARGEST_BYTES),
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
    """Reads metadata that may be missing or invalid. An invalid value becomes unknown and leaves a flag."""

    def __init__(self, now: datetime) -> None:
        self.flags: list[str] = []
        self._latest = now + CLOCK_ALLOWANCE

    def amount(self, fields: Fields, key: str, name: str, limits: tuple[int, int]) -> int | None:
        """Read a number of seconds or bytes, rounded down. Beyond the first limit it is flagged, beyond the second
        unknown."""
        value = fields.value(key)
        if value is None:
            return None
        number, is_whole = rounded(value)
        if number is None:
            self.flags.append(f"bad_{name}")
        elif number < 0:
            self.flags.append(f"negative_{name}")
        elif number > limits[1]:
            self.flags.append(f"huge_{name}")
        else:
            self.flags += [f"fractional_{name}"] * (not is_whole) + [f"improbable_{name}"] * (
                number > limits[0]
            )
            return number
        return None

    def word(self, fields: Fields, key: str, name: str) -> str:
        """Read a word of an open set, unchanged; anything but text is flagged."""
        value = fields.value(key)
        if isinstance(value, str):
            return value.strip()[:LONGEST_WORD]
        if value is not None:
            self.flags.append(f"bad_{name}")
        return ""

    def moment(self, fields: Fields, key: str, name: str) -> datetime | None:
        """Read a time. One in the future is kept and flagged."""
        moment = fields.time(key)
        if moment is None and fields.value(key) is not None:
            self.flags.append(f"bad_{name}")
        if moment is not None and moment > self._latest:
            self.flags.append(f"future_{name}")
        return moment

    def url(self, fields: Fields) -> str:
        """Read the link to the file, unchanged except for leading spaces. It is checked only when it is played.

        Trailing spaces stay, because they may be part of the file's name.
        """
        value = fields.value("recordingUrl")
        if isinstance(value, str):
            return value.lstrip(" ")
        if value is not None:
            self.flags.append("bad_recording_url")
        return ""


def _metadata(fields: Fields, item: dict[str, Any]) -> tuple[Fields, Any]:
    """Return the recording's own fields: in `data` (JSON text or object), else on the item itself."""
    contents = fields.value("data")
    if isinstance(contents, str):
        try:
            contents = unwrap_json(contents)
        except Unreadable:
            raise Refused("Its data is text that is not JSON.") from None
        check_believable(contents)
    if isinstance(contents, list) and len(contents) == 1:
        contents = contents[0]
    if is_missing(contents):
        return fields, None
    if not isinstance(contents, dict):
        raise Refused("Its data is not an object with fields.")
    return Fields(contents, item), contents


def _is_other_activity(fields: Fields) -> bool:
    """Return whether the item names another type, before its data is parsed."""
    types = _types(fields.value("type"), fields.value("activityType"))
    return bool(types) and None not in types and RECORDING_TYPE not in types


def _check_type(fields: Fields, metadata: Fields) -> None:
    """Raise Refused unless the item is a recording: every type it names must be this one."""
    types = _types(fields.value("type"), fields.value("activityType"), metadata.value("activityType"))
    if None in types:
        raise Refused("Its activity type is no number.")
    if types - {RECORDING_TYPE}:
        raise Refused("It names two activity types, of which one is a recording's.")
    # Only recordings were requested, so an item without a type is one if it has a recording's link or type.
    if not types and metadata.value("recordingUrl", "recordingType") is None:
        raise Refused("Nothing in it says that it is a recording.")


def _types(*values: Any) -> set[int | None]:
    """Return the numbers among the values, and None for a value that is not a number."""
    return {int64(value) for value in values if value is not None}


def _upstream_id(fields: Fields) -> str | None:
    """Return CommBox's id of the activity, if present: the documentation of this call names none."""
    text = fields.text("id", "activityId")[:LONGEST_WORD]
    return text if text not in ("", "0") else None


def _raw(item: dict[str, Any], contents: Any) -> dict[str, Any]:
    """Return the item as received, with `data` parsed and signatures removed from every text."""
    opened = {key: contents if key.lower() == "data" and contents else item[key] for key in item}
    return scrubbed(opened, without_queries)
