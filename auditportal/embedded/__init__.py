"""PostgreSQL and Redis from wheels, for the demo and the tests."""

from auditportal.embedded.errors import EmbeddedError
from auditportal.embedded.services import Embedded, Services

__all__ = ["Embedded", "EmbeddedError", "Services"]
