"""Why an act in a calibration is refused."""

from django.utils.translation import gettext_lazy as _

from recordings.exceptions import PortalError


class UnknownCalibration(PortalError):
    """There is no calibration with this id, or it is not for this person."""

    status = 404
    sentence = _("There is no calibration with this id.")


class ScoringEnded(PortalError):
    """Scoring has ended: a manager closed it, or everybody submitted."""

    status = 409
    sentence = _("Scoring of this calibration has ended. Nothing was changed. Load the page again.")


class StillBlind(PortalError):
    """Answers are compared after scoring has ended."""

    status = 409
    sentence = _("Scoring of this calibration has not ended, so answers cannot be compared yet.")
