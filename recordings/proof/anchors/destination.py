"""What the publisher serves: one destination for each party outside."""

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import NamedTuple

from recordings.proof.anchors import ledger
from recordings.proof.anchors.ledger import Connection


class Trouble(Exception):
    """Why an outside party could not be served, as a sentence for people. Holds no credential."""


class Published(NamedTuple):
    """What a destination has after a success: the size of the log that it knows, and a remark for people."""

    size: int
    remark: str = ""


class Destination(ABC):
    """One party outside, and how the log's checkpoints reach it."""

    name: str  # its row in audit.outside
    every: timedelta  # how long it may go without what is newest
    poll: float = 1.0  # seconds between two checks whether it is due
    longest_pause: float = 300.0  # seconds between two attempts while it fails

    def due(self, connection: Connection) -> bool:
        """Tell whether something is to be published now. Cheap: called every `poll` seconds."""
        return ledger.due(connection, self.name, self.every)

    @abstractmethod
    def publish(self, connection: Connection) -> Published:
        """Publish what the party lacks. Raises Trouble."""

    def close(self) -> None:  # noqa: B027  (most have nothing to close)
        """Close its connection."""
