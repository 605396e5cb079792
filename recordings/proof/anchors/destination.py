"""The interface of destinations: one for each outside party that the publisher serves."""

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import NamedTuple

from recordings.proof.anchors import ledger
from recordings.proof.anchors.ledger import Connection


class DestinationError(Exception):
    """An outside party could not be served. The text is a sentence for people, without credentials."""


class Published(NamedTuple):
    """The result of a success: the size of the log that the party now has, and an optional remark for people."""

    size: int
    remark: str = ""


class Destination(ABC):
    """An outside party, and how it receives the log's checkpoints."""

    name: str  # its row in audit.outside
    every: timedelta  # the interval between successes
    poll: float = 1.0  # seconds between two calls of `due`
    longest_pause: float = 300.0  # seconds between two attempts while it fails, at most

    def due(self, connection: Connection) -> bool:
        """Tell whether something is to be published now. Must be cheap: it is called every `poll` seconds."""
        return ledger.due(connection, self.name, self.every)

    @abstractmethod
    def publish(self, connection: Connection) -> Published:
        """Publish what the party lacks. Raises DestinationError."""

    def close(self) -> None:  # noqa: B027  (most have no connection)
        """Close the connection to the party."""
