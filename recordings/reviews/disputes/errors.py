"""Why something is refused that somebody would do with a submitted evaluation."""

from django.utils.translation import gettext_lazy as _

from recordings.exceptions import NotPermitted, PortalError


class UnknownResult(PortalError):
    """There is no submitted evaluation with this id that the person may read."""

    status = 404
    sentence = _("There is no evaluation with this id.")


class AlreadyReleased(PortalError):
    status = 409
    sentence = _("This evaluation was released already. Nothing was changed.")


class NotReleased(PortalError):
    status = 409
    sentence = _("This evaluation was not released yet. Nothing was changed.")


class AlreadySigned(PortalError):
    status = 409
    sentence = _("This score was signed already. Nothing was changed.")


class HasOpenDispute(PortalError):
    status = 409
    sentence = _(
        "A dispute of this evaluation is not decided yet. Sign after the decision. Nothing was changed."
    )


class WindowClosed(PortalError):
    status = 409
    sentence = _("The time to dispute this evaluation is over. Nothing was changed.")


class NotAsked(PortalError):
    status = 422
    sentence = _("This question was not answered in the evaluation, so it cannot be disputed.")


class AlreadyDisputed(PortalError):
    status = 409
    sentence = _("This question was disputed already. A question is disputed once. Nothing was changed.")


class AlreadyDecided(PortalError):
    status = 409
    sentence = _("This dispute was decided already. Nothing was changed.")


class ReasonMissing(PortalError):
    status = 422
    sentence = _("Give a reason. Nothing was changed.")


class NotBlind(PortalError):
    """The person has not answered the question before the scorer's answer was shown."""

    status = 409
    sentence = _("Answer the disputed question first. The scorer's answer is shown after that.")


class NothingToChange(PortalError):
    status = 422
    sentence = _(
        "There is nothing to change: your answer is the same, or the question is no longer asked. Uphold the answer."
    )


class LittleWatched(NotPermitted):
    """The scorer would release a score of their own for which little was watched."""

    sentence = _(
        "You scored this evaluation and watched less than half of the recording, so somebody else releases it."
    )


class ScorersOwn(NotPermitted):
    sentence = _("You scored this evaluation. Somebody else does this. Nothing was changed.")


class OwnDispute(NotPermitted):
    sentence = _("You opened this dispute. Somebody else decides it. Nothing was changed.")


class OwnTeam(NotPermitted):
    sentence = _(
        "You are a supervisor of this agent's team. Somebody from outside the team decides. Nothing was changed."
    )


class HasRead(NotPermitted):
    sentence = _(
        "You have read this evaluation, so you cannot score it blind. Somebody else decides. Nothing was changed."
    )
