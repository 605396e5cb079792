"""Verify the signatures and cosignatures of the log's checkpoints with the keys of the trust policy."""

from recordings.proof.verification.findings import plural
from recordings.proof.verification.log import Log
from recordings.tlog.checkpoint import Checkpoint
from recordings.tlog.notes import Note, NoteError, Signature, VerifierKey

_CHECKPOINTS = "SELECT size, root, origin, note FROM audit.checkpoint ORDER BY size"
_COSIGNATURES = """
SELECT s.size, s.witness, s.line, s.time, c.note FROM audit.cosignature s JOIN audit.checkpoint c USING (size)
ORDER BY s.size
"""
_BY_SIZE = """
SELECT size, array_agg(DISTINCT witness) FROM audit.cosignature GROUP BY size ORDER BY size DESC LIMIT 10000
"""
_UNWITNESSED = """
SELECT count(*) FROM audit.checkpoint WHERE size > %s AND signed_at < clock_timestamp() - make_interval(secs => %s)
"""
_PAGE = 1000
# Witnesses may be unreachable for this long. Older checkpoints must have a quorum.
QUORUM_WITHIN_SECONDS = 3600


def check_signatures(log: Log) -> str:
    """Check that every checkpoint's note matches its row and is signed by a key of the policy."""
    keys, count = [party.key for party in log.policy.logs] if log.policy else [], 0
    with log.connection.cursor("notes", binary=True) as cursor:
        cursor.itersize = _PAGE
        for size, root, origin, note in cursor.execute(_CHECKPOINTS):
            count += 1
            if log.policy is not None and (
                problem := _signature_problem(note, Checkpoint(origin, size, root), keys)
            ):
                log.add("signatures", f"The checkpoint of size {size:,}: {problem}")
    if count and log.policy is None:
        log.add("signatures", "No trust policy names the log's keys (AUDIT_POLICY_FILE).")
    return plural(count, "checkpoint") + " signed by the log's key"


def _signature_problem(text: str, checkpoint: Checkpoint, keys: list[VerifierKey]) -> str:
    """Return what is error with a checkpoint's note; empty when a key of the log signed it."""
    try:
        note = Note.parse(text)
        if note.text != checkpoint.text():
            return "its note does not match its row."
        note.verify([key.named(checkpoint.origin) for key in keys])
    except NoteError as error:
        return str(error)
    return ""


def check_cosignatures(log: Log) -> str:
    """Check every cosignature with the key that the policy has for its witness."""
    counts: dict[str, int] = {}
    with log.connection.cursor("cosignatures", binary=True) as cursor:
        cursor.itersize = _PAGE
        for size, witness, line, time, note in cursor.execute(_COSIGNATURES):
            counts[witness] = counts.get(witness, 0) + 1
            if problem := _cosignature_problem(log, witness, line, time, note):
                log.add("cosignatures", f"{witness} on size {size:,}: {problem}")
    unknown = sorted(set(counts) - set(log.policy.witnesses if log.policy else ()))
    counted = ", ".join(f"{count:,} of {witness}" for witness, count in sorted(counts.items())) or "none"
    return counted + (f"; no longer in the policy: {', '.join(unknown)}" if unknown else "")


def _cosignature_problem(log: Log, witness: str, line: str, time: int, note: str) -> str:
    """Return what is wrong with a cosignature; empty when it verifies, or when the policy does not name the witness."""
    party = log.policy.witnesses.get(witness) if log.policy else None
    if party is None:
        return ""
    try:
        cosigned = Note(Note.parse(note).text, (Signature.parse(line.rstrip("\n")),))
        (signed,) = cosigned.verify([party.key])
    except NoteError as error:
        return str(error)
    # PostgreSQL counts from 2000, the witness from 1970.
    agrees = signed.time is not None and (signed.time - 946_684_800) * 1_000_000 == time
    return "" if agrees else "the time in its row is not the signed time."


def check_quorum(log: Log) -> str:
    """Check that every checkpoint older than an hour is covered by one with a quorum of cosignatures."""
    if log.policy is None or log.policy.met_by(()):
        return "the policy requires no witness"
    sizes = (size for size, names in log.rows(_BY_SIZE) if log.policy.met_by(names))
    witnessed_size = next(sizes, 0)
    ((unwitnessed,),) = log.rows(_UNWITNESSED, witnessed_size, QUORUM_WITHIN_SECONDS)
    if unwitnessed:
        what = f"{plural(unwitnessed, 'checkpoint')} older than an hour"
        log.add("quorum", f"{what} without the quorum of cosignatures that the policy requires.")
    return f"the first {witnessed_size:,} leaves are witnessed"
