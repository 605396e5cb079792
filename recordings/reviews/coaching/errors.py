"""Why an act of coaching or training is refused."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.exceptions import PortalError


class UnknownSession(PortalError):
    """There is no such session, or it is not this person's."""

    status = 404
    sentence = _("There is no coaching session with this id.")


class UnknownExemplar(PortalError):
    """There is no such exemplar, or its recording is out of reach."""

    status = 404
    sentence = _("There is no exemplar with this id.")


class UnknownViewing(PortalError):
    """There is no such assigned viewing, or it is another person's."""

    status = 404
    sentence = _("You have no assigned viewing with this id.")


class AlreadyDone(PortalError):
    """Somebody did it before."""

    status = 409
    sentence = _("This was done already. Nothing was changed. Load the page again.")


class NotInUse(PortalError):
    """The exemplar was withdrawn or has expired. The sentence says why."""

    status = 409

    def __init__(self, why: str | Promise) -> None:
        super().__init__(why)


class NotAssignable(PortalError):
    """This person cannot be assigned this exemplar. The sentence says why."""

    status = 409


class NotPassable(PortalError):
    """The attempt cannot be judged: too little was watched, or questions are open. `problems`: by question."""

    status = 422
    sentence = _("The attempt was not submitted. What you answered is kept.")

    def __init__(self, sentence: str | Promise = "", problems: Mapping[str, Any] | None = None) -> None:
        super().__init__(sentence)
        self.problems = problems or {}
