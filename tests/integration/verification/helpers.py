"""A sealed log to be verified, and SQL by whoever wants to change it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from auditportal.embedded import Services
from recordings.verification.findings import Verification
from recordings.verification.verify import verify
from tests.sealing import signer_of

TRIGGERS = ("leaf", "event", "tile", "checkpoint", "cosignature", "incident")


def verified(services: Services, **how: Any) -> Verification:
    """The log of this database, verified with the policy of its signer."""
    return verify(services.database_url, policy=signer_of(services).policy, **how)


def failed(result: Verification) -> list[str]:
    """The names of the checks that do not hold."""
    return [check.name for check in result.checks if not check.ok]


@contextmanager
def superuser(services: Services) -> Iterator[psycopg.Connection[Any]]:
    """A superuser who takes the triggers away, does as they please, and puts them back so that nobody sees it."""
    with psycopg.connect(services.admin_url, autocommit=True) as connection:
        for table in TRIGGERS:
            connection.execute(f"ALTER TABLE audit.{table} DISABLE TRIGGER ALL")
        yield connection
        for table in TRIGGERS:
            for trigger in ("is_kept", "table_is_kept"):
                connection.execute(f"ALTER TABLE audit.{table} ENABLE ALWAYS TRIGGER {table}_{trigger}")
