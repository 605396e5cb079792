"""Tiles, the root of the log's end, and the root of every checkpoint: against what the leaves hash to."""

from recordings.tlog import merkle
from recordings.tlog.checkpoint import Checkpoint
from recordings.tlog.merkle import Frontier, ProofError
from recordings.tlog.notes import Note, NoteError, Signature, VerifierKey
from recordings.tlog.tiles import HEIGHT, WIDTH
from recordings.verification.blocks import Roots, full_tiles, split
from recordings.verification.findings import plural
from recordings.verification.log import Log
from recordings.verification.openings import Epochs

_UPPER = "SELECT level, position, hashes FROM audit.tile WHERE level > 0 ORDER BY level, position"
_COUNTS = "SELECT level, count(*), min(position), max(position) FROM audit.tile GROUP BY level ORDER BY level"
_CHECKPOINTS = "SELECT size, root, origin, note, signed_at FROM audit.checkpoint ORDER BY size"
_COSIGNATURES = """
SELECT s.size, s.witness, s.line, s.time, c.note FROM audit.cosignature s JOIN audit.checkpoint c USING (size)
ORDER BY s.size
"""
_PAGE = 1000


def look_at_tiles(log: Log) -> str:
    """Level 0 was checked with its leaves; the levels above, and that there are no tiles too many, here."""
    made = full_tiles(log.part.blocks.roots)
    for level, position, hashes in log.rows(_UPPER):
        tiles = made[level - 1] if level <= len(made) else []
        if position >= len(tiles) or tiles[position] != hashes:
            log.add("tiles", f"The tile {position:,} of level {level} is not what the leaves hash to.")
    there = {level: row for level, *row in log.rows(_COUNTS)}
    levels = max(len(made) + 1, *there, 1) if there else len(made) + 1
    for level in range(levels):
        due = (log.part.leaves >> (HEIGHT * level)) // WIDTH
        count, first, last = there.get(level, (0, 0, due - 1))
        if (count, first, last) != (due, 0, due - 1):
            log.add("tiles", f"At level {level} there are {count:,} tiles; {due:,} are full.")
    return f"{plural(sum(row[0] for row in there.values()), 'full tile')} of {plural(len(there), 'level')}"


def look_at_root(log: Log) -> str:
    """The root that the sealer keeps, and the edge from which it goes on."""
    blocks, head = log.part.blocks, log.head
    edge = Frontier()
    edge.extend(blocks.roots)
    root = merkle.fold((*edge.nodes, merkle.root(split(blocks.rest))) if blocks.rest else edge.nodes)
    if root != head.root:
        log.add("root", f"The leaves have the root {root.hex()}; {head.root.hex()} is kept at the log's end.")
    try:
        kept = Frontier.from_bytes(head.size, head.frontier).root()
    except ProofError:
        kept = b""
    if kept != root:
        log.add("root", "The edge from which the sealer goes on is not that of these leaves.")
    return f"{root.hex()} over {plural(log.part.leaves, 'leaf', 'leaves')}"


def look_at_checkpoints(log: Log) -> str:
    """Every root that was ever signed is the root of the first leaves of this log."""
    roots, epochs, count = Roots(log.part.blocks), Epochs(log), 0
    with log.connection.cursor("checkpoints", binary=True) as cursor:
        cursor.itersize = _PAGE
        for size, root, origin, _, _ in cursor.execute(_CHECKPOINTS):
            count += 1
            if size > log.part.leaves:
                log.add("checkpoints", f"A checkpoint of size {size:,} was signed; there are fewer leaves.")
            elif roots.at(size) != root:
                log.add("checkpoints", f"The first {size:,} leaves do not have the root that was signed.")
            elif origin != epochs.at(size):
                log.add("checkpoints", f"The checkpoint of size {size:,} is signed as {origin}.")
    return f"{plural(count, 'signed root')}"


def look_at_signatures(log: Log) -> str:
    """Every checkpoint says what its row says, and a key of the policy has signed it."""
    keys, count = [party.key for party in log.policy.logs] if log.policy else [], 0
    with log.connection.cursor("notes", binary=True) as cursor:
        cursor.itersize = _PAGE
        for size, root, origin, note, _ in cursor.execute(_CHECKPOINTS):
            count += 1
            if log.policy is not None and (trouble := _unsigned(note, Checkpoint(origin, size, root), keys)):
                log.add("signatures", f"The checkpoint of size {size:,}: {trouble}")
    if count and log.policy is None:
        log.add("signatures", "No trust policy says whose signatures to expect (AUDIT_POLICY_FILE).")
    return plural(count, "checkpoint") + " signed by the log's key"


def _unsigned(text: str, checkpoint: Checkpoint, keys: list[VerifierKey]) -> str:
    try:
        note = Note.parse(text)
        if note.text != checkpoint.text():
            return "its note says something else than its row."
        note.verify([key.named(checkpoint.origin) for key in keys])
    except NoteError as wrong:
        return str(wrong)
    return ""


def look_at_cosignatures(log: Log) -> str:
    """Every witness's line verifies with the key that the policy has of it."""
    counts: dict[str, int] = {}
    with log.connection.cursor("cosignatures", binary=True) as cursor:
        cursor.itersize = _PAGE
        for size, witness, line, time, note in cursor.execute(_COSIGNATURES):
            counts[witness] = counts.get(witness, 0) + 1
            if trouble := _unwitnessed(log, witness, line, time, note):
                log.add("cosignatures", f"{witness} on size {size:,}: {trouble}")
    unknown = sorted(set(counts) - set(log.policy.witnesses if log.policy else ()))
    said = ", ".join(f"{count:,} of {witness}" for witness, count in sorted(counts.items())) or "none"
    return said + (f"; not in the policy any more: {', '.join(unknown)}" if unknown else "")


def _unwitnessed(log: Log, witness: str, line: str, time: int, note: str) -> str:
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
