"""Errors of calls to CommBox, one class per kind. No message ever contains a key or a recording's URL."""


def gettext_noop(message: str) -> str:
    """Mark a message for translation, as Django's function of this name, which needs settings."""
    return message


class CommBoxError(Exception):
    """A call to CommBox failed.

    `sentence` says so in English; it is stored, and translated when it is shown. `status` is the status that decided
    the class (HTTP or body). `request_id` is the id we sent, for CommBox's log and ours. `retry_after`: seconds after
    which CommBox allows another call. `retriable`: the same call may succeed later without a change.
    """

    sentence = gettext_noop("The call to CommBox failed.")
    retriable = False
    # Set once the circuit breaker has counted it: all callers that shared one exchange get the same error.
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
    """400, every other 4xx without a class of its own, and 501: our call is wrong, so a retry is useless."""

    sentence = gettext_noop("CommBox rejected the request.")


class NotFound(CommBoxError):
    """404, and a 400 whose description says "not found"."""

    sentence = gettext_noop("CommBox did not find what was requested.")


class Unauthorized(CommBoxError):
    """401 with each of our keys: all calls of the account should stop until an operator acts."""

    sentence = gettext_noop("CommBox rejected the API key.")


class Forbidden(CommBoxError):
    """403: most likely this server's address is not on the account's allow-list."""

    sentence = gettext_noop("CommBox denied access to this server.")


class Throttled(CommBoxError):
    """429, or our own call budget is spent. `retry_after` is at most an hour."""

    sentence = gettext_noop("Too many calls to CommBox. The portal waits before it calls again.")
    retriable = True


class ServerError(CommBoxError):
    """500, 502, 503, 504 and the like."""

    sentence = gettext_noop("CommBox reported an internal error.")
    retriable = True


class BadResponse(CommBoxError):
    """A success status with a body that is not a CommBox response. Nothing stored may change because of it."""

    sentence = gettext_noop("The response from CommBox could not be read.")
    retriable = True


class Unreachable(CommBoxError):
    """No response: connection refused or reset, or a timeout."""

    sentence = gettext_noop("CommBox could not be reached.")
    retriable = True
