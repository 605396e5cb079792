"""What can go wrong with CommBox, one class per kind. No message ever holds a key or a recording's URL."""


class CommBoxError(Exception):
    """A call to CommBox failed.

    `status` is the status that decided the class (HTTP or body), `request_id` the id we sent, for both sides'
    logs. `retriable` says whether the same call may succeed later without anybody's doing.
    """

    sentence = "CommBox could not be asked."
    retriable = False
    # Whether the circuit breaker has counted it: everybody who shared one exchange gets the same error.
    counted = False

    def __init__(
        self,
        detail: str = "",
        *,
        status: int | None = None,
        request_id: str = "",
        retry_after: float | None = None,
        retriable: bool | None = None,
    ) -> None:
        super().__init__(f"{self.sentence} {detail}".strip())
        self.detail = detail
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        if retriable is not None:
            self.retriable = retriable


class BadRequest(CommBoxError):
    """400 and every other 4xx without a class of its own, and 501: our call is wrong; asking again is no use."""

    sentence = "CommBox did not accept the request."


class NotFound(CommBoxError):
    """404, and 400 whose description says "not found" (rule N)."""

    sentence = "CommBox does not know what was asked for."


class Unauthorized(CommBoxError):
    """401 with every key we hold: all calls of the account should stop until somebody looks."""

    sentence = "CommBox does not accept the API key."


class Forbidden(CommBoxError):
    """403: most likely this server's address is not on the account's allow-list."""

    sentence = "CommBox refuses this server."


class Throttled(CommBoxError):
    """429, or our own call budget is spent. `retry_after` says in seconds when to come back (at most an hour)."""

    sentence = "CommBox asks us to wait."
    retriable = True


class ServerError(CommBoxError):
    """500, 502, 503, 504 and the like: CommBox failed."""

    sentence = "CommBox failed to answer."
    retriable = True


class BadResponse(CommBoxError):
    """A success answer that is not what CommBox's answers look like: nothing we hold may change by it."""

    sentence = "CommBox gave an answer that could not be read."
    retriable = True


class Unreachable(CommBoxError):
    """No answer: refused, reset or timed out."""

    sentence = "CommBox could not be reached."
    retriable = True
