"""CommBox's open enumerations in words. An unknown value is shown as its number, never an error."""

from collections.abc import Mapping

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
    1: "Open",
    2: "Resolved",
    3: "Forward",
    4: "Irrelevant",
    5: "Deleted",
    6: "Forward reply",
    7: "Draft",
    8: "In process",
    9: "Scheduled",
    10: "Follow up",
    11: "Automated",
    13: "Sent",
    14: "Archive",
    15: "Pending",
}
OBJECT_TYPES = {
    0: "Text",
    1: "Link",
    2: "Photo",
    3: "Video",
    4: "Conversation",
    5: "Mail",
    6: "Audio",
    7: "Location",
    8: "Voice",
    9: "Review",
    10: "Form",
    11: "System message",
    12: "Option",
    13: "Input data",
    14: "Contacts",
    15: "Album",
    16: "Template message",
    17: "Campaign message",
    18: "Survey message",
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


def label(words: Mapping[int, str], value: int | None) -> str:
    """The word for a value, its number when there is no word, and empty text for none."""
    return "" if value is None else words.get(value, str(value))
