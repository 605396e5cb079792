"""The errors of playback, each with its HTTP status and sentence.

PortalError                    recordings.exceptions
├── Denied                     401, 403, 404, 409: a rule forbids it (Denial names the rule); in the trail
├── NoUrl                      recordings.media_urls; 409, or 503 when a retry may succeed; in the trail
│   └── FileRefused            storage_check; storage does not serve the file
├── TooSoon                    429: nothing was decided
├── UnknownRecording           404
├── UnknownViewing             404: the same sentence as Denial.NOT_YOURS, so that a stranger learns nothing
├── BadReport                  400: the player's report
└── AuditUnavailable           recordings.exceptions; 503: the trail cannot be written
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.exceptions import PortalError
from recordings.worded import Worded


class Denial(Worded):
    """A rule that forbids a viewing. When several rules forbid it, the first one in this order is the reason.

    The value goes to the trail, the sentence to the person.
    """

    sentence: str | Promise
    status: int

    CROSS_SITE = "cross_site", _("The request came from another web site, so it was refused."), 403
    SIGNED_OUT = "signed_out", _("You are signed out, so this viewing has ended. Sign in to continue."), 401
    NOT_YOURS = "not_yours", _("You have no viewing with this id."), 404
    NO_RIGHT = "no_right", _("Your role does not allow you to play recordings."), 403
    OUT_OF_REACH = (
        "out_of_reach",
        _("Your access to this recording has ended, so it stops here. What you watched so far is recorded."),
        403,
    )
    OTHER_SESSION = (
        "other_session",
        _("This viewing belongs to an earlier session. Press Play to start a new one."),
        403,
    )
    ENDED = "ended", _("This viewing has ended. Press Play to start a new one."), 409
    NOT_PLAYABLE = "not_playable", _("This recording cannot be played."), 409


class Denied(PortalError):
    """Starting or continuing a viewing was refused. Raised by `events.deny`, after the refusal is in the trail."""

    def __init__(self, denial: Denial, sentence: str | Promise = "") -> None:
        super().__init__(sentence or denial.sentence)
        self.denial = denial
        self.status = denial.status


class TooSoon(PortalError):
    """The player sent the same request a moment ago."""

    status = 429
    sentence = _("Too many requests. Try again in a few seconds.")


class UnknownRecording(PortalError):
    """No recording of this id is in the catalog."""

    status = 404
    sentence = _("There is no recording with this id.")


class UnknownViewing(PortalError):
    """No viewing has this id. The answer is the same for another person's viewing."""

    status = Denial.NOT_YOURS.status
    sentence = Denial.NOT_YOURS.sentence


class BadReport(PortalError):
    """The player's report cannot be true; the sentence says why. No person reads it, so it is not translated."""

    status = 400
    sentence = "The player's report could not be read."
