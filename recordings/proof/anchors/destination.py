"""What the courier carries out: one errand per outside party."""

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import NamedTuple

from recordings.proof.anchors import ledger
from recordings.proof.anchors.ledger import Connection


class Trouble(Exception):
    """Why an outside party could not be served, as a sentence for people. Holds no credential."""


class Visit(NamedTuple):
    """A visit that succeeded: the size the party now knows, and what is still worth saying."""

    size: int
    remark: str = ""


class Errand(ABC):
    """One outside party and how it is served."""

    name: str  # its row in audit.outside
    every: timedelta  # how long it may go without what is newest
    poll: float = 1.0  # seconds between two looks for something to do
    longest_pause: float = 300.0  # seconds between two attempts while it fails

    def due(self, connection: Connection) -> bool:
        """Whether there is something to do now. Cheap: asked every `poll` seconds."""
        return ledger.due(connection, self.name, self.every)

    @abstractmethod
    def visit(self, connection: Connection) -> Visit:
        """Do it. Raises Trouble."""

    def close(self) -> None:  # noqa: B027  (most have nothing to close)
        """Hang up."""
