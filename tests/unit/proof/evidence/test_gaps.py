"""The hashes between shipped leaves lead to the root, in the way that a reader folds them."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from recordings.tlog import merkle
from recordings.tlog.texts import HASH_BYTES
from recordings.tlog.tiles import Tiles, tile_width

LEAVES = [merkle.leaf_hash(b"%d" % n) for n in range(1500)]


def tree(size: int) -> Tiles:
    def read(level: int, position: int, width: int) -> bytes:
        assert width == tile_width(level, position, size)
        start, step = position * 256, 256**level
        nodes = [merkle.root(LEAVES[n * step : (n + 1) * step]) for n in range(start, start + width)]
        return b"".join(nodes)

    assert len(LEAVES[0]) == HASH_BYTES
    return Tiles(read, size)


@given(st.data(), st.integers(1, 1500))
def test_a_reader_s_stack_ends_with_the_root(data: st.DataObject, size: int) -> None:
    shipped = sorted({*data.draw(st.sets(st.integers(0, size - 1), max_size=20)), size - 1})
    stack: list[tuple[int, bytes]] = []

    def push(height: int, node: bytes) -> None:
        stack.append((height, node))
        while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
            (_, right), (height, left) = stack.pop(), stack.pop()
            stack.append((height + 1, sha256(b"\1" + left + right).digest()))

    at, of = 0, tree(size)
    for n in shipped:
        for node in of.between(at, n):
            height = next(h for h in reversed(range(12)) if at % 2**h == 0 and at + 2**h <= n)
            push(height, node)
            at += 2**height
        assert at == n
        push(0, LEAVES[n])
        at += 1
    assert merkle.fold([node for _, node in stack]) == merkle.root(LEAVES[:size])


def test_there_is_nothing_between_neighbours() -> None:
    assert tree(900).between(300, 300) == []
