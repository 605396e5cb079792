"""The parties of an attack: the superuser, the thief of the log's key, and the auditor, with what each of them sees."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from recordings.models import Checkpoint
from recordings.proof.evidence.bundle.scope import Scope
from recordings.proof.evidence.check.verify_audit import Result, verify
from recordings.proof.sealing.tree import Tree
from recordings.proof.verification.findings import Verification
from recordings.proof.verification.verify import verify as verify_log
from recordings.tlog.merkle import Frontier
from recordings.tlog.notes import SigningKey
from recordings.tlog.signer import Signer as LogSigner
from recordings.tlog.state import State
from recordings.tlog.texts import encode64
from tests.integration.proof.evidence.bundles import Bundle, Log, on_recording
from tests.sealing import InProcess, Signer, seal_all

RECORDING_1 = on_recording("1")
TABLES = ("anchor", "checkpoint", "cosignature", "event", "incident", "leaf", "tile")
# What a rewrite begins with: the log's tables empty, its end gone, another tag key drawn.
_FORGET = "; ".join(
    f"DELETE FROM audit.{table}"
    for table in ("cosignature", "anchor", "checkpoint", "tile", "leaf", "log_head")
)
# What the log said of itself would not be sealed a second time.
_FORGET_ITSELF = "DELETE FROM audit.event WHERE actor_ref = 'system:sealer'"

# The second view of recording 1, by Tom, is leaf 2.
TOMS = "(SELECT event_no FROM audit.leaf WHERE n = 2)"
BLAME_NOA = f"""
UPDATE audit.event SET body = b, body_hash = sha256(b), actor_ref = 'user:7' FROM (
    SELECT replace(convert_from(body, 'UTF8'), '"user:8"', '"user:7"')::bytea AS b FROM audit.event WHERE id = {TOMS}
) AS forged WHERE id = {TOMS}
"""
DELETE_TOMS = "DELETE FROM audit.event WHERE id = (SELECT event_no FROM audit.leaf WHERE n = 2)"


class Thief(InProcess):
    """An attacker with the log's own key, and an own state instead of the signer's."""

    def __init__(self, key: SigningKey, folder: Path) -> None:
        self.state = State(folder)
        super().__init__(LogSigner(self.state, key))
        self.key, self.origin, self.witnesses = key, key.name, dict[str, InProcess]()


@dataclass
class Scene:
    """The portal and all parties that look at it."""

    log: Log
    folder: Path

    @property
    def signer(self) -> Signer:
        return self.log.signer

    # --- attackers

    @contextmanager
    def superuser(self) -> Iterator[psycopg.Connection[Any]]:
        """Connect as a superuser who disables the triggers and enables them again afterwards."""
        with psycopg.connect(self.log.services.admin_url, autocommit=True) as connection:
            for table in TABLES:
                connection.execute(f"ALTER TABLE audit.{table} DISABLE TRIGGER ALL")
            yield connection
            for table in TABLES:
                for trigger in (f"{table}_is_kept", f"{table}_table_is_kept"):
                    connection.execute(f"ALTER TABLE audit.{table} ENABLE ALWAYS TRIGGER {trigger}")

    def rewrite(self, *statements: str) -> None:
        """Change events, delete the log, and seal it again from its first leaf with the stolen key."""
        with self.superuser() as connection:
            for statement in (*statements, _FORGET_ITSELF, _FORGET):
                connection.execute(statement)
        shutil.rmtree(self.folder / "thief", ignore_errors=True)
        self.seal_with_stolen_key(manifest=True)

    def seal_with_stolen_key(self, *, manifest: bool = False) -> int:
        """Continue sealing, signed by the thief."""
        thief: Any = Thief(self.signer.key, self.folder / "thief")
        try:
            return seal_all(self.log.services, manifest=manifest, signer=thief)
        finally:
            thief.state.close()

    def fit_the_end(self, connection: psycopg.Connection[Any]) -> None:
        """Make the log_head row agree with the leaves as they are now."""
        hashes = [row[0] for row in connection.execute("SELECT hash FROM audit.leaf ORDER BY n").fetchall()]
        edge = Frontier()
        edge.extend(hashes)
        connection.execute("UPDATE audit.log_head SET size = %s, root = %s", [edge.size, edge.root()])

    # --- those who look

    def verified(self) -> list[str]:
        """List the checks of `manage.py verify_trail` that fail."""
        return [check.name for check in self.verification().checks if not check.ok]

    def verification(self) -> Verification:
        return verify_log(self.log.services.database_url, policy=self.signer.policy)

    def audited(self, bundle: Bundle | None = None, policy: str = "", **brought: Any) -> Result:
        """Run the auditor's verifier on a bundle about recording 1, with the auditor's policy."""
        bundle = bundle or self.bundle()
        return verify(bundle.file, policy=policy or self.signer.policy_text, **brought)

    def bundle(self, scope: Scope = RECORDING_1) -> Bundle:
        """Build a bundle as the portal does now."""
        return self.log.bundle(scope)

    def bundle_of_thief(self, scope: Scope = RECORDING_1) -> Bundle:
        """Build a bundle from a log that the thief seals."""
        order = self.log.order(scope)
        self.seal_with_stolen_key()
        return self.log.build(order)

    def note(self, size: int | None = None) -> str:
        """Return a signed checkpoint; the newest when no size is given."""
        found = Checkpoint.objects.filter(size=size) if size else Checkpoint.objects.order_by("-size")
        return found[0].note

    def consistency(self, old: int) -> tuple[int, list[bytes], str]:
        """Return old size, proof and checkpoint as the portal gives them to anyone now."""
        newest = Checkpoint.objects.order_by("-size")[0]
        with psycopg.connect(self.log.services.sealer_url) as connection:
            tree = Tree(connection.cursor()).at(newest.size)
            return old, tree.consistency_path(old), newest.note

    def proof_from(self, old: int) -> str:
        """Return the same as a tlog-witness request, as an auditor downloads it."""
        size, path, note = self.consistency(old)
        return "\n".join([f"old {size}", *map(encode64, path)]) + f"\n\n{note}"

    def evidence(self) -> Sequence[Path]:
        """Return what the witness has kept as evidence against the log."""
        return sorted(self.signer._states["internal-audit"].folder.glob("evidence/*.request"))


def failing(result: Result) -> list[str]:
    """List the verifier's checks that fail."""
    return [check.name for check in result.checks if check.state == "fail"]
