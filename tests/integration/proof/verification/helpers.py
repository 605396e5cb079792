"""A sealed log to be verified, made once and copied for each test, and SQL by whoever wants to change it."""

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
    """A sealed log in a database of its own."""

    services: Services
    signer: Signer

    def verified(self, **how: Any) -> Verification:
        """Verified with the policy of its signer."""
        return verify(self.services.database_url, policy=self.signer.policy, **how)

    @contextmanager
    def superuser(self) -> Iterator[psycopg.Connection[Any]]:
        """A superuser who takes the triggers away, does as they please, and puts them back so that nobody sees it."""
        with psycopg.connect(self.services.admin_url, autocommit=True) as connection:
            for table in TABLES:
                connection.execute(f"ALTER TABLE audit.{table} DISABLE TRIGGER ALL")
            yield connection
            for table in TABLES:
                for trigger in ("is_kept", "table_is_kept"):
                    connection.execute(f"ALTER TABLE audit.{table} ENABLE ALWAYS TRIGGER {table}_{trigger}")


def failed(result: Verification) -> list[str]:
    """The names of the checks that do not hold."""
    return [check.name for check in result.checks if not check.ok]


def build(databases: Databases, name: str) -> Signer:
    """742 leaves, six checkpoints, three manifests, a witness, in a new database."""
    databases.clone(name)
    signer, services = Signer(witnesses=["auditor"]), databases.addresses(name)
    for number in range(6):
        write_events(services, 120, actor=f"user:{number % 2}", target=f"recording:{number % 3}")
        write_events(services, 3, actor="system:refresh", target="")
        seal_all(services, manifest=number % 2 == 0, signer=signer)
    return signer
