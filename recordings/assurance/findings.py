"""The findings about an expected recording: a closed list with labels and tones."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from recordings.worded import Worded


class Finding(Worded):
    """A finding. `meaning` says when it is made. All but LATE are open: a late recording has arrived since."""

    label: str | Promise
    tone: str
    meaning: str | Promise

    MISSING = (
        "missing",
        gettext_lazy("Missing"),
        "bad",
        gettext_lazy(
            "A closed conversation without a recording, in a channel that records nearly all of its conversations."
        ),
    )
    LATE = (
        "late",
        gettext_lazy("Late"),
        "info",
        gettext_lazy("CommBox listed the recording later than expected. It has arrived since."),
    )
    ZERO_LENGTH = (
        "zero_length",
        gettext_lazy("Zero length"),
        "bad",
        gettext_lazy("CommBox reports a length or a size of zero or less."),
    )
    OUTLIER = (
        "outlier",
        gettext_lazy("Outlier"),
        "warn",
        gettext_lazy(
            "Its length, or its bytes per second, are far from what was usual in the calendar month before: for its "
            "agent in its channel or, if the agent had fewer than 20 recordings, for the channel."
        ),
    )
    DUPLICATE = (
        "duplicate",
        gettext_lazy("Duplicate"),
        "warn",
        gettext_lazy(
            "Another recording has the same file, or its object has another recording with the same time and length."
        ),
    )
    UNPLAYABLE = (
        "unplayable",
        gettext_lazy("Unplayable"),
        "bad",
        gettext_lazy(
            "It has no file that may be played, storage refuses it, or the nightly sample could not open it."
        ),
    )
    VANISHED = (
        "vanished",
        gettext_lazy("Missing at source"),
        "bad",
        gettext_lazy("CommBox no longer reports it."),
    )
    DIFFERS = (
        "differs",
        gettext_lazy("File differs"),
        "bad",
        gettext_lazy("The file is not the one that was first seen."),
    )


FINDINGS = {finding.value: finding for finding in Finding}
OPEN = tuple(finding for finding in Finding if finding is not Finding.LATE)
# Expected, but not found.
NOT_FOUND = (Finding.MISSING, Finding.VANISHED)
