"""Reasons why the log is not sealed, each with a sentence for the operator."""


class SealingError(Exception):
    """Sealing cannot continue; the text says why and what to do."""


class NotOpened(SealingError):
    """There is no log yet."""


class NotYet(SealingError):
    """Nothing is wrong, but sealing must wait for something; it is tried again."""


class Stopped(SealingError):
    """Something happened that must never happen. An incident records it, and sealing stops until it is closed."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
