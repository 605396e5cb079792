"""PostgreSQL and Redis from Python wheels, for the demo and the tests."""

from auditportal.embedded.errors import EmbeddedError
from auditportal.embedded.services import OWNER, Embedded, Services

__all__ = ["OWNER", "Embedded", "EmbeddedError", "Services"]
