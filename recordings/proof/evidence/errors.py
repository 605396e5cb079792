"""Why there is no bundle. Each sentence says what to do about it."""

from recordings.exceptions import PortalError


class CannotBuild(PortalError):
    """A bundle that cannot be built, now or as it was asked for."""


class CannotProve(CannotBuild):
    """There is no checkpoint to lead to."""

    status = 503


class TooMuch(CannotBuild):
    """More leaves than a bundle carries."""

    status = 400


class NotOneScope(CannotBuild):
    """The filters of a report that a bundle cannot answer for."""

    status = 400
    sentence = (
        "A bundle proves that nothing is left out, so it is about one thing only: one recording or object, one "
        "person, or a period. Take the other filters away, or ask for CSV."
    )


class UnknownReference(CannotBuild):
    """A reference that cannot be read, or to something that does not exist."""

    status = 400


class NotPassed(CannotBuild):
    """A period of which a part has not happened yet."""

    status = 400


class LogBroken(CannotBuild):
    """A part of the sealed log is missing: no proof can be made, and somebody must look."""

    sentence = (
        "A part of the sealed log is missing, so nothing can be proved with it. "
        "Run manage.py verify_trail: it names what is gone."
    )


class EventGone(CannotBuild):
    """The leaf is there, its event is not: it came back from a published copy after a loss."""

    def __init__(self, n: int) -> None:
        super().__init__(
            f"The event of leaf {n} is no longer in this database, only its leaf is: it was restored from a "
            "published copy. No report about it can be shown to be complete."
        )
