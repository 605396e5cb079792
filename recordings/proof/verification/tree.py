"""Tiles, the root of the log's end, and the root of every checkpoint: against what the leaves hash to."""

from recordings.proof.verification.blocks import Roots, full_tiles, split
from recordings.proof.verification.findings import plural
from recordings.proof.verification.log import Log
from recordings.proof.verification.openings import Epochs
from recordings.tlog import merkle
from recordings.tlog.merkle import Frontier
from recordings.tlog.tiles import HEIGHT, WIDTH

_UPPER = "SELECT level, position, hashes FROM audit.tile WHERE level > 0 ORDER BY level, position"
_COUNTS = "SELECT level, count(*), min(position), max(position) FROM audit.tile GROUP BY level ORDER BY level"
_CHECKPOINTS = "SELECT size, root, origin FROM audit.checkpoint ORDER BY size"
_PAGE = 1000


def check_tiles(log: Log) -> str:
    """Level 0 was checked with its leaves; the levels above, and that there are no tiles too many, here."""
    made = full_tiles(log.segment.blocks.roots)
    for level, position, hashes in log.rows(_UPPER):
        tiles = made[level - 1] if level <= len(made) else []
        if position >= len(tiles) or tiles[position] != hashes:
            log.add("tiles", f"The tile {position:,} of level {level} is not what the leaves hash to.")
    there = {level: row for level, *row in log.rows(_COUNTS)}
    levels = max(len(made) + 1, *there, 1) if there else len(made) + 1
    for level in range(levels):
        due = (log.segment.leaves >> (HEIGHT * level)) // WIDTH
        count, first, last = there.get(level, (0, 0, due - 1))
        if (count, first, last) != (due, 0, due - 1):
            log.add("tiles", f"At level {level} there are {count:,} tiles; {due:,} are full.")
    return f"{plural(sum(row[0] for row in there.values()), 'full tile')} of {plural(len(there), 'level')}"


def check_root(log: Log) -> str:
    """The root of all leaves, and the one that stands in the row of the log's end."""
    blocks, head = log.segment.blocks, log.head
    edge = Frontier()
    edge.extend(blocks.roots)
    root = merkle.fold((*edge.nodes, merkle.root(split(blocks.rest))) if blocks.rest else edge.nodes)
    if root != head.root:
        log.add("root", f"The leaves have the root {root.hex()}; {head.root.hex()} is kept at the log's end.")
    if log.size != head.size:
        log.add("root", f"There are {log.size:,} leaves; {head.size:,} is kept at the log's end.")
    return f"{root.hex()} over {plural(log.segment.leaves, 'leaf', 'leaves')}"


def check_checkpoints(log: Log) -> str:
    """Every root that was ever signed is the root of the first leaves of this log."""
    roots, epochs, count = Roots(log.segment.blocks), Epochs(log), 0
    with log.connection.cursor("checkpoints", binary=True) as cursor:
        cursor.itersize = _PAGE
        for size, root, origin in cursor.execute(_CHECKPOINTS):
            count += 1
            if size > log.segment.leaves:
                log.add("checkpoints", f"A checkpoint of size {size:,} was signed; there are fewer leaves.")
            elif roots.at(size) != root:
                log.add("checkpoints", f"The first {size:,} leaves do not have the root that was signed.")
            elif origin != epochs.at(size):
                log.add("checkpoints", f"The checkpoint of size {size:,} is signed as {origin}.")
    return f"{plural(count, 'signed root')}"
