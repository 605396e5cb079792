"""Compare the tiles, the root in log_head and every signed root with the leaves."""

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
    """Check the tiles above level 0, and the number of tiles at each level. Level 0 was checked with its leaves."""
    expected = full_tiles(log.segment.blocks.roots)
    for level, position, hashes in log.rows(_UPPER):
        tiles = expected[level - 1] if level <= len(expected) else []
        if position >= len(tiles) or tiles[position] != hashes:
            log.add("tiles", f"The tile {position:,} of level {level} is not the hash of its leaves.")
    stored = {level: row for level, *row in log.rows(_COUNTS)}
    levels = max(len(expected) + 1, *stored, 1) if stored else len(expected) + 1
    for level in range(levels):
        full = (log.segment.leaves >> (HEIGHT * level)) // WIDTH
        count, first, last = stored.get(level, (0, 0, full - 1))
        if (count, first, last) != (full, 0, full - 1):
            log.add("tiles", f"At level {level} there are {count:,} tiles; there should be {full:,}.")
    return f"{plural(sum(row[0] for row in stored.values()), 'full tile')} of {plural(len(stored), 'level')}"


def check_root(log: Log) -> str:
    """Compare the root and the size of the log with log_head."""
    blocks, head = log.segment.blocks, log.head
    edge = Frontier()
    edge.extend(blocks.roots)
    root = merkle.fold((*edge.nodes, merkle.root(split(blocks.rest))) if blocks.rest else edge.nodes)
    if root != head.root:
        log.add("root", f"The leaves have the root {root.hex()}, but log_head has {head.root.hex()}.")
    if log.size != head.size:
        log.add("root", f"There are {log.size:,} leaves, but log_head has {head.size:,}.")
    return f"{root.hex()} over {plural(log.segment.leaves, 'leaf', 'leaves')}"


def check_checkpoints(log: Log) -> str:
    """Check that every signed root is the root of the first leaves of this log."""
    roots, epochs, count = Roots(log.segment.blocks), Epochs(log), 0
    with log.connection.cursor("checkpoints", binary=True) as cursor:
        cursor.itersize = _PAGE
        for size, root, origin in cursor.execute(_CHECKPOINTS):
            count += 1
            if size > log.segment.leaves:
                log.add(
                    "checkpoints", f"A checkpoint of size {size:,} was signed, but there are fewer leaves."
                )
            elif roots.at(size) != root:
                log.add("checkpoints", f"The first {size:,} leaves do not have the signed root.")
            elif origin != epochs.at(size):
                log.add("checkpoints", f"The checkpoint of size {size:,} has the wrong origin {origin}.")
    return f"{plural(count, 'signed root')}"
