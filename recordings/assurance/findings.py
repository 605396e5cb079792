"""What can be wrong with an expected recording: the closed list, its words and its tone."""

from recordings.worded import Worded


class Finding(Worded):
    """A finding; `label` names it, `meaning` says when it is made. A late one has cleared itself and stands for nothing
    that is still to be done."""

    label: str
    tone: str
    meaning: str

    MISSING = (
        "missing",
        "Missing",
        "bad",
        "A closed conversation without a recording, in a channel that records nearly all of its conversations.",
    )
    LATE = ("late", "Late", "info", "CommBox listed it later than it should have. It is there now.")
    ZERO_LENGTH = (
        "zero_length",
        "Zero length",
        "bad",
        "CommBox reports no seconds, no bytes or fewer than none.",
    )
    OUTLIER = (
        "outlier",
        "Outlier",
        "warn",
        "Its length, or its bytes per second, are far from what was usual in the calendar month before: for its agent"
        " in its channel or, where the agent had fewer than 20 recordings, for the channel.",
    )
    DUPLICATE = (
        "duplicate",
        "Duplicate",
        "warn",
        "The same file stands behind another recording, or its object has another of the same time and length.",
    )
    UNPLAYABLE = (
        "unplayable",
        "Unplayable",
        "bad",
        "It has no file that may be played, storage refuses it, or the nightly sample could not open it.",
    )
    VANISHED = ("vanished", "Vanished", "bad", "CommBox no longer reports it.")
    DIFFERS = ("differs", "File differs", "bad", "The file is not the one that was first seen.")


FINDINGS = {finding.value: finding for finding in Finding}
# What is still wrong: everything but what has cleared itself.
OPEN = tuple(finding for finding in Finding if finding is not Finding.LATE)
# Expected, and not found.
NOT_FOUND = (Finding.MISSING, Finding.VANISHED)
