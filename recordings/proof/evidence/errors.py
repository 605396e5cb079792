"""Why a bundle cannot be built. Each sentence says what to do about it."""

from django.utils.translation import gettext_lazy as _

from recordings.exceptions import PortalError
from recordings.wording import filled


class CannotBuild(PortalError):
    """The bundle cannot be built, now or with these filters."""


class CannotProve(CannotBuild):
    """No checkpoint covers the events that the bundle is about."""

    status = 503


class TooMuch(CannotBuild):
    """The scope has more leaves than a bundle may contain."""

    status = 400


class NotOneScope(CannotBuild):
    """A bundle cannot be built for this combination of filters."""

    status = 400
    sentence = _(
        "A bundle proves that no event is missing, so it covers one recording, one object, one person or one period. "
        "Remove the other filters, or export CSV."
    )


class CannotBeLimited(CannotBuild):
    """The person may export with a scope only, and a bundle of this kind cannot be limited to it."""

    status = 403
    sentence = _(
        "A bundle of a period, of a person or of the whole log proves that no event is missing, so it cannot be "
        "limited to a scope. Your permission to export reports has a scope. Choose one recording or one object in it, "
        "or export CSV."
    )


class UnknownReference(CannotBuild):
    """A reference that cannot be read, or to something that does not exist."""

    status = 400


class NotPassed(CannotBuild):
    """A period that is not over yet."""

    status = 400


class LogBroken(CannotBuild):
    """A part of the log is missing from the database, so no proof can be made."""

    sentence = _(
        "A part of the log is missing, so nothing can be proved with it. "
        "Ask the operator to run manage.py verify_trail: it names the missing part."
    )


class EventGone(CannotBuild):
    """The leaf exists but its event does not: the leaf was restored from a published copy after a loss."""

    def __init__(self, n: int) -> None:
        super().__init__(
            filled(
                _(
                    "The event of leaf %(leaf)s is no longer in the database; only its leaf was restored from a "
                    "published copy. No report that covers it can be complete."
                ),
                leaf=n,
            )
        )
