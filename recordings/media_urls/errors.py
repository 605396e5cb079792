"""The error of media_urls: no URL to a file."""

from django.utils.functional import Promise

from recordings.audit import Outcome
from recordings.exceptions import PortalError


class NoUrl(PortalError):
    """There is no URL to the file now. `code` goes to the trail. `again`: a retry may succeed."""

    def __init__(self, code: str, sentence: str | Promise, *, again: bool = False) -> None:
        super().__init__(sentence)
        self.code = code
        self.again = again
        self.status = 503 if again else 409

    @property
    def outcome(self) -> Outcome:
        """Return the outcome for the trail: an outage is an error; a refusal lasts until something changes."""
        return Outcome.ERROR if self.again else Outcome.DENIED
