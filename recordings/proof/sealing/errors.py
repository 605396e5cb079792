"""Why the log is not sealed: each with a sentence for the operator."""


class SealingError(Exception):
    """Sealing cannot go on; the text says why and what to do."""


class NotOpened(SealingError):
    """There is no log yet."""


class NotYet(SealingError):
    """Nothing is wrong, but something must happen first; sealing is tried again."""


class Stopped(SealingError):
    """Something happened that must never happen. It is an incident: nothing is sealed until an operator closes it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
