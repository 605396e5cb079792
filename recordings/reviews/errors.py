"""Why a change of a scorecard is refused."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from recordings.exceptions import PortalError
from recordings.scorecards.lint import Finding


class UnknownScorecard(PortalError):
    """There is no version with this id."""

    status = 404
    sentence = _("There is no scorecard with this id.")


class NotADraft(PortalError):
    """The version is active or retired, so it cannot be changed or activated."""

    status = 409
    sentence = _("This version is not a draft. Nothing was changed. Load the page again.")


class NotActive(PortalError):
    """The version is a draft or retired, so it cannot be retired."""

    status = 409
    sentence = _("This version is not active. Nothing was changed. Load the page again.")


class FaultyForm(PortalError):
    """The form has faults, so it cannot be activated."""

    status = 422
    sentence = _("The scorecard has faults and was not activated.")

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__()
        self.findings = findings
