"""What the courier carries out: one errand per outside party."""

from datetime import timedelta
from typing import Any, Protocol

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]


class Trouble(Exception):
    """Why an outside party could not be served, as a sentence for people. Holds no credential."""


class Errand(Protocol):
    """One outside party and how it is served."""

    name: str  # its row in audit.outside
    every: timedelta  # how long it may go without what is newest
    poll: float  # seconds between two looks for something to do

    def due(self, connection: Connection) -> bool:
        """Whether there is something to do now. Cheap: asked every `poll` seconds."""

    def visit(self, connection: Connection) -> "Visit":
        """Do it. Raises Trouble."""


class Visit:
    """A visit that succeeded: the size the party now knows, and what is still worth saying."""

    def __init__(self, size: int, remark: str = "") -> None:
        self.size, self.remark = size, remark
