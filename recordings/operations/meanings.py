"""Explain each reason why an item of CommBox's could not be read: what it means, and what to do.

The parser's reasons are stored with each problem and never translated; this module holds the sentences for them.
"""

import re
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

Text = str | Promise

_REPORT_ITEM = gettext_lazy(
    "Report the object's id and the field to CommBox support. Once CommBox corrects it, a later refresh adds the item "
    "automatically."
)
_REPORT_FIELD = gettext_lazy(
    "Report the object's id and the field to CommBox support. Once CommBox corrects it, a later refresh stores the "
    "right value automatically."
)
_REPORT_SHAPE = gettext_lazy(
    "Compare one CommBox response with the API documentation. If its format is new, the portal needs an update."
)
UNKNOWN = gettext_lazy("This version of the portal cannot explain this reason.")
_HARMLESS = gettext_lazy(
    "Nothing is lost: the item is stored with its own object or channel. Report to CommBox support that responses "
    "contain items of others."
)


@dataclass(frozen=True)
class Meaning:
    """`title`: what is wrong. `field`: CommBox's name for what could not be read. `remedy`: what a person can do."""

    title: Text
    field: str
    means: Text
    remedy: Text


_EXACT = {
    "It is not an object with fields.": Meaning(
        gettext_lazy("The item is not a JSON object."),
        "–",
        gettext_lazy("CommBox sent a number, a text or a list instead of an item."),
        _REPORT_SHAPE,
    ),
    "One of its texts is longer than 64 KiB.": Meaning(
        gettext_lazy("A text is longer than 64 KiB."),
        "*",
        gettext_lazy("No CommBox field is that long. The text may be meant to fill the portal's database."),
        _REPORT_ITEM,
    ),
    "It describes no recording: link, length, size and time are all missing.": Meaning(
        gettext_lazy("The recording has no link, length, size or time."),
        "recordingUrl, duration, fileSize, timestamp",
        gettext_lazy(
            "CommBox lists an activity of type 27 without its file. The file may still be on its way."
        ),
        gettext_lazy("Refresh again in a few minutes. If nothing changes, ask CommBox support for the file."),
    ),
    "Its data is not an object with fields.": Meaning(
        gettext_lazy("The item's data is not a JSON object."),
        "data",
        gettext_lazy("The recording's fields should be in it, but are not."),
        _REPORT_SHAPE,
    ),
    "Its data is text that is not JSON.": Meaning(
        gettext_lazy("The item's data is not valid JSON."),
        "data",
        gettext_lazy("The recording's fields should be in it as JSON. The text is cut off or damaged."),
        _REPORT_ITEM,
    ),
    "Nothing in it says that it is a recording.": Meaning(
        gettext_lazy("The item does not say that it is a recording."),
        "activityType",
        gettext_lazy(
            "The portal asked for recordings. This item has neither the type nor the link of a recording."
        ),
        _REPORT_SHAPE,
    ),
    "Its activity type is no number.": Meaning(
        gettext_lazy("The activity type is not a number."),
        "activityType",
        gettext_lazy("The portal cannot tell whether the item is a recording."),
        _REPORT_SHAPE,
    ),
    "It names two activity types, of which one is a recording's.": Meaning(
        gettext_lazy("The item has two different activity types."),
        "type, activityType",
        gettext_lazy("The activity and its data disagree about the type. It is not listed as a recording."),
        _REPORT_ITEM,
    ),
    "One of its fields stands in it twice.": Meaning(
        gettext_lazy("A field appears twice."),
        "*",
        gettext_lazy("The portal cannot tell which of the two values is right."),
        _REPORT_ITEM,
    ),
    "It belongs to another object.": Meaning(
        gettext_lazy("The item belongs to another object."),
        "objectId",
        gettext_lazy("CommBox sent it in the response for one object, but the item names another."),
        _HARMLESS,
    ),
    "It belongs to another channel than the one that was listed.": Meaning(
        gettext_lazy("The item belongs to another channel."),
        "streamId",
        gettext_lazy("CommBox sent it in the listing of one channel, but the item names another."),
        _HARMLESS,
    ),
    "Its moduleId or count is missing or no whole number.": Meaning(
        gettext_lazy("The channel's module or count is missing or not a whole number."),
        "moduleId, count",
        gettext_lazy("Channels are discovered by these fields. This channel may stay unknown."),
        gettext_lazy("Add the channel's id to COMMBOX_STREAMS."),
    ),
}
_NO_ID = re.compile(r"Its (\w+) is missing or no whole 64-bit number\.")

# Flags of recordings: the item was kept, but one of its fields is unknown or unusual.
_FIELDS = {
    "duration": "duration",
    "file_size": "fileSize",
    "recorded_at": "timestamp",
    "created_at": "createdTime",
    "recording_url": "recordingUrl",
    "recording_type": "recordingType",
}
_UNKNOWN_THEN = gettext_lazy("The portal treats the field as unknown.")
_FLAGS: dict[str, tuple[Text, Text]] = {
    "bad": (gettext_lazy("The field has the wrong type, or is not a number or time."), _UNKNOWN_THEN),
    "negative": (gettext_lazy("The value is below zero."), _UNKNOWN_THEN),
    "huge": (gettext_lazy("The value is impossibly large, such as a length of a month."), _UNKNOWN_THEN),
    "improbable": (
        gettext_lazy("The value is unusually large: over one day, or over 1 TiB."),
        gettext_lazy("The portal keeps the value."),
    ),
    "fractional": (
        gettext_lazy("The value is not a whole number."),
        gettext_lazy("The portal drops the decimals."),
    ),
    "contradictory": (
        gettext_lazy("One response contains two different values."),
        gettext_lazy("The portal uses the greater value and keeps the other in the raw copy."),
    ),
    "future": (
        gettext_lazy("The time is more than a day in the future."),
        gettext_lazy("The portal keeps it, and sorts the recording by when it was first seen."),
    ),
}
_TWO_FILES = Meaning(
    gettext_lazy("One activity has two files."),
    "id, recordingUrl",
    gettext_lazy(
        "One response contains two files for one activity. Each is listed as a recording of its own."
    ),
    _REPORT_FIELD,
)


def meaning_of(reason: str) -> Meaning:
    """Explain a parser's reason. One that an older version stored is shown as it is."""
    if match := _NO_ID.fullmatch(reason):
        title = gettext("The field %(field)s is missing or not a whole 64-bit number.") % {"field": match[1]}
        means = gettext("Without it the portal cannot distinguish the item from others.")
        return Meaning(title, match[1], means, _REPORT_ITEM)
    return _EXACT.get(reason) or _unknown(reason)


def meaning_of_flag(flag: str) -> Meaning:
    """Explain a flag such as `negative_duration`."""
    if flag == "activity_with_two_files":
        return _TWO_FILES
    kind, _, name = flag.partition("_")
    if kind not in _FLAGS or name not in _FIELDS:
        return _unknown(flag)
    title, means = _FLAGS[kind]
    return Meaning(title, _FIELDS[name], means, _REPORT_FIELD)


def _unknown(reason: str) -> Meaning:
    return Meaning(reason, "–", UNKNOWN, _REPORT_ITEM)
