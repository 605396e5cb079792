"""Why a viewing is refused: each reason with its code for the trail, its sentence for a person, its HTTP status."""

from recordings.exceptions import PortalError
from recordings.worded import Worded


class Denial(Worded):
    """What may stand between a person and a recording, the gravest first: the first that holds is said."""

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
    """A viewing, or its going on, was refused; the refusal is in the trail."""

    def __init__(self, denial: Denial, sentence: str = "") -> None:
        super().__init__(sentence or denial.sentence)
        self.denial = denial
        self.status = denial.status


class TooSoon(PortalError):
    """The player asks faster than a player needs to."""

    status = 429
    sentence = "A moment: the last request was only just answered."


class UnknownRecording(PortalError):
    """No recording of this id is in the catalog."""

    status = 404
    sentence = "The portal knows no recording of this id."


class UnknownViewing(PortalError):
    """No viewing of this id: the same answer as for somebody else's."""

    status = Denial.NOT_YOURS.status
    sentence = Denial.NOT_YOURS.sentence


class BadReport(PortalError):
    """What the player posted cannot be read."""

    status = 400
    sentence = "The player's report could not be read."
