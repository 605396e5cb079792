"""Why there is no URL to a file."""

from recordings.audit import Outcome
from recordings.exceptions import PortalError


class NoUrl(PortalError):
    """There is no URL to the file now. `code` goes into the trail; `again` says whether a later try may work."""

    def __init__(self, code: str, sentence: str, *, again: bool = False) -> None:
        super().__init__(sentence)
        self.code = code
        self.again = again
        self.status = 503 if again else 409

    @property
    def outcome(self) -> Outcome:
        """Return how the trail names it: a refusal stands until something changes, an outage is an error."""
        return Outcome.ERROR if self.again else Outcome.DENIED
