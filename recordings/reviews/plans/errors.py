"""Why a plan, a sample or an assignment is refused."""

from django.utils.translation import gettext_lazy as _

from recordings.exceptions import PortalError


class UnknownPlan(PortalError):
    """There is no plan with this id, or it reaches further than the person."""

    status = 404
    sentence = _("There is no sampling plan with this id.")


class UnknownSample(PortalError):
    """There is no sample with this id, or its plan reaches further than the person."""

    status = 404
    sentence = _("There is no sample with this id.")


class UnknownAssignment(PortalError):
    """There is no assignment with this id, it is another person's, or its recording is out of the person's reach."""

    status = 404
    sentence = _("You have no assignment with this id.")


class PlanEnded(PortalError):
    """An ended plan does not draw, and is not changed."""

    status = 409
    sentence = _("This plan has ended. Its open assignments stay; nothing more is drawn.")


class NoActiveVersion(PortalError):
    """The scorecard of the plan is retired, or was never activated."""

    status = 409
    sentence = _(
        "The scorecard of this plan has no active version. Evaluations that were begun can be finished; "
        "activate a version before anything more is drawn or begun."
    )


class NothingMatches(PortalError):
    """The population would be empty, so there is nothing to draw from."""

    status = 409
    sentence = _("No recording of this period can be drawn with this plan. Nothing was frozen.")


class ReasonNeeded(PortalError):
    """This plan and period were drawn before."""

    status = 422
    sentence = _("This period was drawn before. Give a reason for a new draw.")


class AlreadyFrozen(PortalError):
    """A population of this plan and period waits for its draw."""

    status = 409
    sentence = _("A frozen population of this period waits to be drawn. It is drawn automatically.")


class AlreadyDone(PortalError):
    """The pick was evaluated or skipped."""

    status = 409
    sentence = _("This was evaluated, skipped or given to somebody else. Load the page again.")


class CannotTake(PortalError):
    """The person may not evaluate this recording, or has no room for it."""

    status = 409
    sentence = _(
        "This person cannot take the recording: it is a call of their own, outside their access, "
        "or their load is reached."
    )


class RecordBroken(PortalError):
    """The stored population is not the one that was frozen."""

    status = 500
    sentence = _("The stored population is not the one that was frozen. Do not use this sample.")
