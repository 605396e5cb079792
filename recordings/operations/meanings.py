"""What an unreadable item means and what somebody can do about it: words for each reason the parser gives."""

import re
from dataclasses import dataclass

_ANSWER = "Send CommBox's support the object's id and the field; a later refresh takes the item in by itself."
_FIELD = "Send CommBox's support the object's id and the field; a later refresh takes the right value in by itself."
_SHAPE = "Compare one answer of CommBox with the API's documentation; if the shape is new, the parser must learn it."
_HARMLESS = (
    "Nothing is lost: it is kept with its own object or channel. Tell CommBox's support that answers mix."
)


@dataclass(frozen=True)
class Meaning:
    """`field` is CommBox's name for what could not be read; `remedy` says what a person can do."""

    field: str
    means: str
    remedy: str


UNKNOWN = Meaning("not told", "This version of the portal has no more to say about it.", _ANSWER)

_EXACT = {
    "It is not an object with fields.": Meaning(
        "the item", "Where an item should be there is a number, a text or a list.", _SHAPE
    ),
    "One of its texts is longer than 64 KiB.": Meaning(
        "any text", "No field of CommBox is that long; such a text may be meant to fill our storage.", _ANSWER
    ),
    "It describes no recording: link, length, size and time are all missing.": Meaning(
        "recordingUrl, duration, fileSize, timestamp",
        "CommBox lists an activity of type 27 and says nothing about its file. It may still be on its way.",
        "Ask again in some minutes. If it stays, the file never came: CommBox's support knows why.",
    ),
    "Its data is not an object with fields.": Meaning(
        "data", "The recording's own fields should be inside it, and are not.", _SHAPE
    ),
    "Its data is text that is not JSON.": Meaning(
        "data", "The recording's own fields should be inside it as JSON, and it is cut or garbled.", _ANSWER
    ),
    "Nothing in it says that it is a recording.": Meaning(
        "activityType",
        "Recordings were asked for, and this one has neither type nor link of a recording.",
        _SHAPE,
    ),
    "Its activity type is no number.": Meaning(
        "activityType", "Whether it is a recording cannot be told.", _SHAPE
    ),
    "It names two activity types, of which one is a recording's.": Meaning(
        "type, activityType",
        "The activity and the data in it disagree about what it is. It is not listed as a recording.",
        _ANSWER,
    ),
    "One of its fields stands in it twice.": Meaning(
        "any field", "Which of the two values was meant cannot be told.", _ANSWER
    ),
    "It belongs to another object.": Meaning(
        "objectId", "CommBox sent it in the answer for an object that it says it is not of.", _HARMLESS
    ),
    "It belongs to another channel than the one that was listed.": Meaning(
        "streamId", "CommBox sent it in the listing of a channel that it says it is not of.", _HARMLESS
    ),
    "Its moduleId or count is missing or no whole number.": Meaning(
        "moduleId, count",
        "A channel is discovered by them; this one may stay unknown.",
        "Name it in COMMBOX_STREAMS.",
    ),
}
_NO_ID = re.compile(r"Its (\w+) is missing or no whole 64-bit number\.")

# Flags of recordings: the item was kept, and one of its fields is unknown or odd.
_FIELDS = {
    "duration": "duration",
    "file_size": "fileSize",
    "recorded_at": "timestamp",
    "created_at": "createdTime",
    "recording_url": "recordingUrl",
    "recording_type": "recordingType",
}
_ODD = {
    "bad": ("is not what it should be: another type, or no number or time.", "The field counts as unknown."),
    "negative": ("is below zero.", "The field counts as unknown."),
    "huge": ("is more than any recording has, such as a length of a month.", "The field counts as unknown."),
    "improbable": ("is more than nearly any recording has: a day, or 1 TiB.", "The value is kept."),
    "fractional": ("is no whole number.", "What follows the point is cut off."),
    "contradictory": (
        "is told in two ways by one answer.",
        "The greater value counts; the other is kept in the raw copy.",
    ),
    "future": (
        "lies more than a day ahead.",
        "It is kept, and lists sort by when we first saw the recording.",
    ),
}


_TWO_FILES = Meaning(
    "id, recordingUrl",
    "One answer names two files for one activity. Both are listed, each as a recording of its own.",
    _FIELD,
)


def meaning_of(reason: str) -> Meaning:
    """The meaning of a reason; for one that an older version left behind, that there is none."""
    if found := _NO_ID.fullmatch(reason):
        return Meaning(found[1], "Without it the item cannot be told from any other.", _ANSWER)
    return _EXACT.get(reason, UNKNOWN)


def meaning_of_flag(flag: str) -> Meaning:
    """The meaning of a flag such as `negative_duration`."""
    if flag == "activity_with_two_files":
        return _TWO_FILES
    kind, _, name = flag.partition("_")
    if kind not in _ODD or name not in _FIELDS:
        return UNKNOWN
    odd, kept = _ODD[kind]
    return Meaning(_FIELDS[name], f"{_FIELDS[name]} {odd} {kept}", _FIELD)
