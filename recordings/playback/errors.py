"""Why a viewing is refused, and what else goes wrong in playback: each with its HTTP status and sentence.

PortalError                    recordings.exceptions
├── Denied                     401, 403, 404, 409: a rule of ours forbids it (Denial says which); in the trail
├── NoUrl                      recordings.media_urls; 409, or 503 when a later try may work; in the trail
│   └── FileRefused            storage_check; storage does not give the file out
├── TooSoon                    429: nothing was decided
├── UnknownRecording           404
├── UnknownViewing             404: the words of Denial.NOT_YOURS, so that a stranger learns nothing
├── BadReport                  400: the player's report
└── AuditUnavailable           recordings.exceptions; 503: what must be in the trail cannot be written
"""

from recordings.exceptions import PortalError
from recordings.worded import Worded


class Denial(Worded):
    """A rule that forbids a viewing, the gravest first: of several that forbid it the first is given as the reason.

    The value goes into the trail, the sentence to the person.
    """

    sentence: str
    status: int

    CROSS_SITE = "cross_site", "Another web site asked for this, so it was refused.", 403
    SIGNED_OUT = "signed_out", "You are signed out, so this viewing has ended. Sign in to go on.", 401
    NOT_YOURS = "not_yours", "There is no such viewing of yours.", 404
    NO_RIGHT = "no_right", "Your role does not allow playing recordings.", 403
    OTHER_SESSION = (
        "other_session",
        "This viewing belongs to an earlier session. Press play to start another.",
        403,
    )
    ENDED = "ended", "This viewing has ended. Press play to start another.", 409
    NOT_PLAYABLE = "not_playable", "This recording cannot be played.", 409


class Denied(PortalError):
    """A viewing, or its going on, was refused. Raised by `events.deny`, after the refusal is in the trail."""

    def __init__(self, denial: Denial, sentence: str = "") -> None:
        super().__init__(sentence or denial.sentence)
        self.denial = denial
        self.status = denial.status


class TooSoon(PortalError):
    """The player asked for the same thing moments ago."""

    status = 429
    sentence = "A moment: the last request was only just answered."


class UnknownRecording(PortalError):
    """No recording of this id is in the catalog."""

    status = 404
    sentence = "The portal knows no recording of this id."


class UnknownViewing(PortalError):
    """There is no viewing of this id. The answer is the same for somebody else's viewing."""

    status = Denial.NOT_YOURS.status
    sentence = Denial.NOT_YOURS.sentence


class BadReport(PortalError):
    """What the player posted cannot be what was watched; the sentence says why."""

    status = 400
    sentence = "The player's report could not be read."
