"""Who signed the log's checkpoints, and who cosigned them: against the keys of the trust policy."""

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
_LONELY = """
SELECT count(*) FROM audit.checkpoint WHERE size > %s AND signed_at < clock_timestamp() - make_interval(secs => %s)
"""
_PAGE = 1000
# A witness may be away for a while; what nobody else has seen for so long is only our own word.
PATIENCE_SECONDS = 3600


def check_signatures(log: Log) -> str:
    """Every checkpoint says what its row says, and a key of the policy has signed it."""
    keys, count = [party.key for party in log.policy.logs] if log.policy else [], 0
    with log.connection.cursor("notes", binary=True) as cursor:
        cursor.itersize = _PAGE
        for size, root, origin, note in cursor.execute(_CHECKPOINTS):
            count += 1
            if log.policy is not None and (
                trouble := _signature_trouble(note, Checkpoint(origin, size, root), keys)
            ):
                log.add("signatures", f"The checkpoint of size {size:,}: {trouble}")
    if count and log.policy is None:
        log.add("signatures", "No trust policy says whose signatures to expect (AUDIT_POLICY_FILE).")
    return plural(count, "checkpoint") + " signed by the log's key"


def _signature_trouble(text: str, checkpoint: Checkpoint, keys: list[VerifierKey]) -> str:
    """What is wrong with a checkpoint's note; empty when a key of the log signed it."""
    try:
        note = Note.parse(text)
        if note.text != checkpoint.text():
            return "its note says something else than its row."
        note.verify([key.named(checkpoint.origin) for key in keys])
    except NoteError as wrong:
        return str(wrong)
    return ""


def check_cosignatures(log: Log) -> str:
    """Every witness's line verifies with the key that the policy has of it."""
    counts: dict[str, int] = {}
    with log.connection.cursor("cosignatures", binary=True) as cursor:
        cursor.itersize = _PAGE
        for size, witness, line, time, note in cursor.execute(_COSIGNATURES):
            counts[witness] = counts.get(witness, 0) + 1
            if trouble := _cosignature_trouble(log, witness, line, time, note):
                log.add("cosignatures", f"{witness} on size {size:,}: {trouble}")
    unknown = sorted(set(counts) - set(log.policy.witnesses if log.policy else ()))
    counted = ", ".join(f"{count:,} of {witness}" for witness, count in sorted(counts.items())) or "none"
    return counted + (f"; not in the policy any more: {', '.join(unknown)}" if unknown else "")


def _cosignature_trouble(log: Log, witness: str, line: str, time: int, note: str) -> str:
    """What is wrong with a witness's line; empty when it verifies, or the policy does not know the witness."""
    party = log.policy.witnesses.get(witness) if log.policy else None
    if party is None:
        return ""
    try:
        cosigned = Note(Note.parse(note).text, (Signature.parse(line.rstrip("\n")),))
        (signed,) = cosigned.verify([party.key])
    except NoteError as wrong:
        return str(wrong)
    # PostgreSQL's times count from 2000, the witness's from 1970.
    agrees = signed.time is not None and (signed.time - 946_684_800) * 1_000_000 == time
    return "" if agrees else "the time in its row is not the time that it signed."


def check_quorum(log: Log) -> str:
    """As many witnesses as the policy asks for have seen the log, all but the newest hour of it."""
    if log.policy is None or log.policy.met_by(()):
        return "the policy asks for no witness"
    sizes = (size for size, names in log.rows(_BY_SIZE) if log.policy.met_by(names))
    seen = next(sizes, 0)
    ((lonely,),) = log.rows(_LONELY, seen, PATIENCE_SECONDS)
    if lonely:
        what = f"{plural(lonely, 'checkpoint')} older than an hour"
        log.add("quorum", f"{what}, none of them signed by as many witnesses as the policy asks for.")
    return f"the policy's witnesses have seen the first {seen:,} leaves"
