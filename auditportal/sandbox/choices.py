"""The alternative formats that the sandbox can send."""

from typing import Literal

Spelling = Literal["first", "second", "mixed"]
ActivityShape = Literal["A", "B", "C", "list", "mixed"]
DataForm = Literal["text", "object"]
ActivityTimes = Literal["naive", "z"]
Missing = Literal["404", "400"]
TranscriptForm = Literal["list", "object"]
Transfer = Literal["plain", "chunked", "gzip", "bom"]
RetryAfter = Literal["off", "seconds", "date", "past", "garbage", "year", "endless"]
WebhookForm = Literal["json", "json_text", "json_several", "payload", "xml"]
WebhookDates = Literal["day_first", "year_first"]
