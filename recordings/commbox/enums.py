"""Labels of CommBox's open enumerations. An unknown value is shown as its number."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

ACTIVITY_TYPES = {
    1: "Remark",
    2: "Status change",
    3: "Forward",
    4: "Forward reply",
    5: "Stream change",
    6: "Assignment change",
    7: "Tags updated",
    8: "Follow-up",
    9: "Intent updated",
    10: "Attachment",
    11: "Rule executed",
    12: "Custom",
    13: "Publicity updated",
    14: "Debug",
    15: "Invalid file extension",
    16: "Invalid file size",
    17: "Disallowed file upload",
    18: "Inactivity logout",
    19: "Participant change",
    20: "Target stream change",
    21: "Conversation summary",
    22: "Error logged",
    23: "Redaction",
    27: "Video call recording",
}
STATUSES = {
    1: pgettext_lazy("object status", "Open"),
    2: pgettext_lazy("object status", "Resolved"),
    3: pgettext_lazy("object status", "Forward"),
    4: pgettext_lazy("object status", "Irrelevant"),
    5: pgettext_lazy("object status", "Deleted"),
    6: pgettext_lazy("object status", "Forward reply"),
    7: pgettext_lazy("object status", "Draft"),
    8: pgettext_lazy("object status", "In process"),
    9: pgettext_lazy("object status", "Scheduled"),
    10: pgettext_lazy("object status", "Follow up"),
    11: pgettext_lazy("object status", "Automated"),
    13: pgettext_lazy("object status", "Sent"),
    14: pgettext_lazy("object status", "Archive"),
    15: pgettext_lazy("object status", "Pending"),
}
OBJECT_TYPES = {
    0: pgettext_lazy("object type", "Text"),
    1: pgettext_lazy("object type", "Link"),
    2: pgettext_lazy("object type", "Photo"),
    3: pgettext_lazy("object type", "Video"),
    4: pgettext_lazy("object type", "Conversation"),
    5: pgettext_lazy("object type", "Mail"),
    6: pgettext_lazy("object type", "Audio"),
    7: pgettext_lazy("object type", "Location"),
    8: pgettext_lazy("object type", "Voice"),
    9: pgettext_lazy("object type", "Review"),
    10: pgettext_lazy("object type", "Form"),
    11: pgettext_lazy("object type", "System message"),
    12: pgettext_lazy("object type", "Option"),
    13: pgettext_lazy("object type", "Input data"),
    14: pgettext_lazy("object type", "Contacts"),
    15: pgettext_lazy("object type", "Album"),
    16: pgettext_lazy("object type", "Template message"),
    17: pgettext_lazy("object type", "Campaign message"),
    18: pgettext_lazy("object type", "Survey message"),
}
STREAM_PROVIDERS = {
    0: "CommBox",
    1: "Facebook",
    2: "Twitter",
    3: "YouTube",
    4: "Mail",
    5: "Telephone",
    6: "Anonymous",
    7: "WhatsApp",
    8: "Web",
    9: "Apple App Store",
    10: "Instagram",
    11: "Google",
    12: "Telegram",
    13: "Google My Business",
    14: "Microsoft 365",
    15: "Gmail",
    16: "WhatsApp Cloud",
    17: "Salesforce",
}
PERMISSIONS = {0: "Unauthorized", 1: "Customer", 2: "Agent", 3: "Admin", 5: "Bot"}
MODULES = {
    9: "Chat",
    15: "Voice",
    16: "Single sign-on",
    26: "Video chat",
    27: "Audio chat",
    40: "Privacy and security",
    60: "API",
}
VIDEO_CHAT_MODULE = 26


def label(words: Mapping[int, str | Promise], value: int | None) -> str:
    """Write a value in words, in the reader's language; an unknown one as its number, none as an empty text."""
    return "" if value is None else str(words.get(value, value))
