"""A sealed log to verify, created once and copied for each test, and SQL run by an attacker."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from auditportal.embedded import Services
from recordings.proof.verification.findings import Verification
from recordings.proof.verification.verify import verify
from tests.sealing import Signer, seal_all, write_events
from tests.services import Databases

TABLES = ("leaf", "event", "tile", "checkpoint", "cosignature", "incident")


@dataclass(frozen=True)
class Log:
    """A sealed log in its own database."""

    services: Services
    signer: Signer

    def verified(self, **options: Any) -> Verification:
        """Verify the log with its signer's policy."""
        return verify(self.services.database_url, policy=self.signer.policy, **options)

    @contextmanager
    def superuser(self) -> Iterator[psycopg.Connection[Any]]:
        """Connect as a superuser who disables the triggers and enables them again afterwards, so that nothing shows."""
        with psycopg.connect(self.services.admin_url, autocommit=True) as connection:
            for table in TABLES:
                connection.execute(f"ALTER TABLE audit.{table} DISABLE TRIGGER ALL")
            yield connection
            for table in TABLES:
                for trigger in ("is_kept", "table_is_kept"):
                    connection.execute(f"ALTER TABLE audit.{table} ENABLE ALWAYS TRIGGER {table}_{trigger}")


def failed(result: Verification) -> list[str]:
    """List the names of the failed checks."""
    return [check.name for check in result.checks if not check.ok]


def build(databases: Databases, name: str) -> Signer:
    """Create a database with 742 leaves, six checkpoints, three manifests and a witness."""
    databases.clone(name)
    signer, services = Signer(witnesses=["auditor"]), databases.addresses(name)
    for number in range(6):
        write_events(services, 120, actor=f"user:{number % 2}", target=f"recording:{number % 3}")
        write_events(services, 3, actor="system:refresh", target="")
        seal_all(services, manifest=number % 2 == 0, signer=signer)
    return signer
