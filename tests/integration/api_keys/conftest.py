"""The fixtures of the refresh: the real client, the sandbox and PostgreSQL."""

from tests.integration.refresh.conftest import _impatient, held, upstream  # noqa: F401
