"""What can go wrong in the portal's own terms, each with the HTTP status and the sentence it becomes."""

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class PortalError(Exception):
    """An error with a sentence for the person who meets it. As a text it is English, for logs and commands."""

    status = 500
    sentence: str | Promise = _("Something went wrong on our side.")

    def __init__(self, sentence: str | Promise = "") -> None:
        self.sentence = sentence or self.sentence
        super().__init__(self.sentence)

    def __str__(self) -> str:
        with translation.override("en"):
            return str(self.sentence)


class AuditUnavailable(PortalError):
    """The trail cannot be written: nothing that must be logged may happen."""

    status = 503
    sentence = _(
        "The audit trail cannot be written right now, so nothing is shown that would have to be logged."
    )


class NotSealed(PortalError):
    """Events are not sealed, or not fast enough: nothing is issued that must be sealed first."""

    status = 503
    sentence = _(
        "The audit trail is not being sealed right now, so nothing is issued that must be sealed first. "
        "The portal's operator should check the sealer and the signer."
    )


class NotWitnessed(PortalError):
    """The witnesses that the trust policy requires have not cosigned a checkpoint in time."""

    status = 503
    sentence = _(
        "The required witnesses have not confirmed the audit trail in time, so nothing is issued yet. "
        "Try again in a moment."
    )


class NotPermitted(PortalError):
    """The person's roles do not carry the permission."""

    status = 403
    sentence = _("Your role does not allow this.")


class OwnCall(NotPermitted):
    """Somebody would decide about a call of their own."""

    sentence = _(
        "You are the agent of this conversation. Somebody else decides about it. Nothing was changed."
    )


class NotWithScope(NotPermitted):
    """The person has the permission, but with a scope, and this cannot be limited to a scope."""

    sentence = _(
        "This covers everything without a gap, so it cannot be limited to a scope. Your permission has a scope."
    )


class BeyondLevel(PortalError):
    """The person may list this object and its recordings, but no grant allows what was asked of them."""

    status = 403
    sentence = _(
        "You may see this conversation in lists, but your access does not include what you asked for."
    )


class UnknownChannel(PortalError):
    """No channel of this id is known."""

    status = 404
    sentence = _("There is no channel with this id.")


class PageTooOld(PortalError):
    """A page reloads a part of itself, and it was opened longer ago than a session lives."""

    status = 409
    sentence = _("This page was opened too long ago to be kept up to date. Load it again.")


class UnknownObject(PortalError):
    """No object of this id is in the catalog."""

    status = 404
    sentence = _("There is no object with this id.")
