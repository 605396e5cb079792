"""Real logs for tests: all committed events are sealed and signed in the test's own process.

Most tests need only `seal_all(services)`. `signer_of(services)` has the keys, the policy and, on request, witnesses
that cosign what the signer signed.
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from auditportal.embedded import Services
from recordings.tlog.client import Conflict, Refused, Unreachable
from recordings.tlog.cosigner import SIZE, Cosigner, Response
from recordings.tlog.notes import LOG, WITNESS, SigningKey
from recordings.tlog.policy import Policy
from recordings.tlog.signer import Signer as LogSigner
from recordings.tlog.state import State
from recordings.tlog.texts import encode64
from recordings.tlog.witness import Witness

if TYPE_CHECKING:
    from recordings.proof.sealing.log import Log
    from recordings.proof.sealing.seal import SealResult

ORIGIN = "audit.example.com/trail"


class InProcess:
    """A cosigner with the methods of `recordings.tlog.client.Client`, without a socket between."""

    def __init__(self, cosigner: Cosigner) -> None:
        self._cosigner = cosigner

    def add_checkpoint(self, old: int, path: Sequence[bytes], note: str) -> list[str]:
        lines = [f"old {old}", *map(encode64, path)]
        answer = self._cosigner.add_checkpoint(("\n".join(lines) + "\n\n" + note).encode())
        if answer.status == 409 and answer.content_type == SIZE:
            raise Conflict(int(answer.body))
        return _body(answer).removesuffix("\n").split("\n")

    def latest(self, origin: str) -> str | None:
        from hashlib import sha256

        answer = self._cosigner.latest(sha256(origin.encode()).hexdigest())
        return None if answer.status == 404 else _body(answer)

    def close(self) -> None:
        pass


def _body(answer: Response) -> str:
    if answer.status != 200:
        raise Refused(answer.status, answer.body.strip())
    return answer.body


class Signer(InProcess):
    """The log's signer with a new key, and the requested witnesses. All state is deleted with the object."""

    def __init__(self, origin: str = ORIGIN, witnesses: Sequence[str] = ()) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="signer-")
        self.key = SigningKey.generate(origin, LOG)
        self._states = {name: State(Path(self._folder.name) / name) for name in ("log", *witnesses)}
        super().__init__(LogSigner(self._states["log"], self.key))
        self.witness_keys = {name: SigningKey.generate(f"{name}.example", WITNESS) for name in witnesses}
        self.witnesses = {
            name: InProcess(Witness(self._states[name], key, [self.key.verifier]))
            for name, key in self.witness_keys.items()
        }

    def remove(self) -> None:
        """Delete the state of a signer that a test created itself."""
        for state in self._states.values():
            state.close()
        self._folder.cleanup()

    @property
    def origin(self) -> str:
        return self.key.name

    @property
    def vkey(self) -> str:
        return self.key.vkey

    @property
    def policy_text(self) -> str:
        """A tlog-policy that trusts this log and requires all of its witnesses, if there are any."""
        named = [f"witness {name} {key.vkey}" for name, key in self.witness_keys.items()]
        group = [f"group everybody all {' '.join(self.witness_keys)}"] if named else []
        return (
            "\n".join([f"log {self.vkey}", *named, *group, f"quorum {'everybody' if named else 'none'}"])
            + "\n"
        )

    @property
    def policy(self) -> Policy:
        return Policy.parse(self.policy_text)


# By database. The oldest are closed as new ones are added.
_signers: dict[int, Signer] = {}
_KEPT = 4


def signer_of(services: Services, witnesses: Sequence[str] = ()) -> Signer:
    """Return the signer of this database's log; created, with these witnesses, on the first call."""
    with psycopg.connect(services.sealer_url) as connection:
        found = connection.execute("SELECT oid::int8 FROM pg_database WHERE datname = current_database()")
        ((oid,),) = found.fetchall()
    if oid not in _signers:
        _signers[oid] = Signer(witnesses=witnesses)
        for old in list(_signers)[:-_KEPT]:
            _signers.pop(old).remove()
    return _signers[oid]


def seal_all(services: Services, *, manifest: bool = False, signer: Signer | None = None) -> int:
    """Open the log if needed, seal and sign every committed event, and have it cosigned; returns the log's size.

    With `manifest`, the log ends with a heads manifest. The log is loaded from its leaves each time.
    """
    from recordings.proof.sealing.seal import seal_batch
    from recordings.proof.sealing.signing import Signing
    from recordings.proof.sealing.stable_prefix import StablePrefixTracker

    signer = signer or signer_of(services)
    signing, tracker = Signing(signer, [signer.key.verifier]), StablePrefixTracker()
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        log = load_log(connection, signer)
        while True:
            sealed = seal_batch(connection, log, signing, stable=tracker.update(connection))
            if sealed.failure:
                raise sealed.failure
            if not (sealed.count or sealed.unsigned) and log.signed == log.size:
                break
        if manifest:
            seal_batch(connection, log, signing, stable=tracker.update(connection), manifest=True)
            while log.signed != log.size:
                signing.sign_and_publish(connection, log)
        _cosign(connection, signer)
    return log.size


def seal_unsigned(connection: psycopg.Connection[Any], log: "Log", **options: Any) -> "SealResult":
    """Seal a batch with `seal_batch` while the signer does not answer."""
    from recordings.proof.sealing.seal import seal_batch
    from recordings.proof.sealing.signing import Signing

    return seal_batch(connection, log, Signing(_UnreachableSigner(), []), **options)


class _UnreachableSigner:
    """A signer that does not answer."""

    def add_checkpoint(self, old: int, path: Sequence[bytes], note: str) -> list[str]:
        raise Unreachable("It does not answer.")

    def latest(self, origin: str) -> str | None:
        raise Unreachable("It does not answer.")


def load_log(connection: psycopg.Connection[Any], signer: Signer | None = None) -> "Log":
    """Load the log from its leaves; open it when there is none. Without a signer, there are no observers."""
    from recordings.proof.sealing.opening import open_log
    from recordings.proof.sealing.start import SIGNER, Observers, load

    origin, latest = (signer.origin, {SIGNER: signer.latest}) if signer else (ORIGIN, {})
    observers = Observers(origin, latest, [signer.key.verifier] if signer else [])
    log = load(connection, origin, observers) or open_log(connection, origin)
    if log is None:
        raise AssertionError("audit.log_head has a row, but there is no leaf.")
    return log


def open_log_long_ago(services: Services, signer: Signer) -> None:
    """Open the log as if that had happened two years ago, so that it covers the time since."""
    from recordings.proof.sealing.signing import Signing

    definition = "SELECT pg_get_functiondef('audit.record_event(bytea,text[],text[],bytea[])'::regprocedure)"
    with psycopg.connect(services.admin_url, autocommit=True) as admin:
        ((now,),) = admin.execute(definition).fetchall()
        then = now.replace("clock_timestamp()", "clock_timestamp() - interval '2 years'")
        assert then != now
        admin.execute(then)
        try:
            with psycopg.connect(services.sealer_url, autocommit=True) as connection:
                log = load_log(connection, signer)
                Signing(signer, [signer.key.verifier]).sign_and_publish(connection, log)
                _cosign(connection, signer)
        finally:
            admin.execute(now)


def begin_epoch(services: Services, signer: Signer, reason: str = "the disk was lost") -> str:
    """Begin the next epoch and have it signed, as if the leaves here were all that is left; returns its name."""
    from recordings.proof.sealing.batch import Batch
    from recordings.proof.sealing.locking import catch_up, lock
    from recordings.proof.sealing.opening import write_epoch
    from recordings.proof.sealing.signing import Signing
    from recordings.tlog.checkpoint import Checkpoint

    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        log = load_log(connection, signer)
        with connection.transaction():
            lock(connection, log)
            catch_up(connection, log)
            batch = Batch(log, connection)
            origin = write_epoch(batch, Checkpoint(log.origin, log.size, log.frontier.root()), reason)
            batch.save(batch.grow_tree())
        batch.adopt()
        Signing(signer, [signer.key.verifier]).sign_and_publish(connection, log)
    return origin


def _cosign(connection: psycopg.Connection[Any], signer: Signer) -> None:
    """Have every witness cosign the newest checkpoint, as the publisher does."""
    from recordings.proof.sealing.tree import Tree
    from recordings.tlog.notes import Note

    newest = "SELECT size, note FROM audit.checkpoint ORDER BY size DESC LIMIT 1"
    for size, note in connection.execute(newest).fetchall() if signer.witnesses else ():
        for name, witness in signer.witnesses.items():
            known = witness.latest(signer.origin)
            old = int(known.split("\n")[1]) if known else 0
            lines = witness.add_checkpoint(
                old, Tree(connection.cursor()).at(size).consistency_path(old), note
            )
            text = Note.parse(note).text
            both = Note.parse(text + "\n" + "".join(f"{line}\n" for line in lines))
            (signed,) = both.verify([signer.witness_keys[name].verifier])
            connection.execute(
                "INSERT INTO audit.cosignature (size, witness, line, time) VALUES (%s, %s, %s, to_timestamp(%s))"
                " ON CONFLICT DO NOTHING",
                [size, name, signed.line, signed.time],
            )


def write_events(services: Services, count: int = 1, **body: Any) -> list[str]:
    """Commit simple events as the application's role, without Django; returns their ids."""
    return write_bodies(services, [event_body(**body) for _ in range(count)])


def write_bodies(services: Services, bodies: Sequence[tuple[str, bytes]]) -> list[str]:
    """Commit these events (see `event_body`), each in its own transaction; returns their ids."""
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        for _, data in bodies:
            connection.execute("SELECT audit.record_event(%s, '{}', '{}', '{}')", [data])
    return [event_id for event_id, _ in bodies]


def event_body(actor: str = "user:1", target: str = "recording:1", **more: Any) -> tuple[str, bytes]:
    """Build an event; returns its id and bytes. `more` are further parts of its body."""
    from recordings.audit.schema import canonical
    from recordings.models.fields import uuid7

    event_id = str(uuid7())
    body = {
        "v": 1,
        "id": event_id,
        "type": "recording.opened",
        "outcome": "granted",
        "occurred_at": "2026-11-20T09:14:22.123456Z",
        "actor": {"ref": actor, "kind": "person"},
        "asserted_by": "server",
        **({"object": {"ref": target, "kind": "recording"}} if target else {}),
        **more,
    }
    return event_id, canonical(body)


def settings_for(services: Services, signer: Signer, folder: Path) -> dict[str, Any]:
    """Build the portal's settings for this log. The policy file is written to `folder`."""
    policy = folder / f"policy-{os.getpid()}.txt"
    policy.write_text(signer.policy_text)
    return {
        "AUDIT_ORIGIN": signer.origin,
        "AUDIT_POLICY_FILE": policy,
        "DATABASE_SEALER_URL": services.sealer_url,
    }
