"""What can go wrong in the portal's own terms, each with the HTTP status and the sentence it becomes."""


class PortalError(Exception):
    """An error with a sentence for the person in front of it."""

    status = 500
    sentence = "Something went wrong on our side."

    def __init__(self, sentence: str = "") -> None:
        self.sentence = sentence or self.sentence
        super().__init__(self.sentence)


class AuditUnavailable(PortalError):
    """The trail cannot be written: nothing that must be logged may happen."""

    status = 503
    sentence = (
        "The audit trail cannot be written right now, so nothing is shown that would have to be logged."
    )


class NotSealed(PortalError):
    """The log does not take up events, or not fast enough: what must be sealed first is not given out."""

    status = 503
    sentence = (
        "The audit trail is not being sealed right now, so nothing is given out that must be sealed first. "
        "Whoever runs the portal should look at the sealer and the signer."
    )


class NotWitnessed(PortalError):
    """The witnesses that the trust policy asks for have not confirmed the log in time."""

    status = 503
    sentence = (
        "The witnesses of the audit trail have not confirmed it in time, so nothing is given out yet. "
        "Try again in a moment."
    )


class NotPermitted(PortalError):
    """The person's roles do not carry the permission."""

    status = 403
    sentence = "Your role does not allow this."


class UnknownChannel(PortalError):
    """No channel of this id is known."""

    status = 404
    sentence = "The portal knows no channel of this id."


class PageTooOld(PortalError):
    """A page that is open reads itself again, and nobody opened it within a session's life."""

    status = 409
    sentence = "This page was opened too long ago to be kept up to date. Load it again."


class UnknownObject(PortalError):
    """No object of this id is in the catalog."""

    status = 404
    sentence = "The portal knows no object of this id."
