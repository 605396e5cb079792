"""Any change to a proof is detected; exhaustive up to size 64 (tree sizes up to 32)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from recordings.tlog import merkle
from recordings.tlog.merkle import ProofError, check_consistency, check_inclusion
from tests.unit.tlog.grown import leaves, root

STRANGER = merkle.leaf_hash(b"a stranger")


def _accepts(check: Callable[..., None], *arguments: Any) -> bool:
    try:
        check(*arguments)
    except ProofError:
        return False
    return True


def _damaged(path: list[bytes]) -> Iterator[list[bytes]]:
    """Yield paths with each element changed, dropped, repeated or swapped, or one added at either end."""
    for at, node in enumerate(path):
        rest = path[at + 1 :]
        yield [*path[:at], STRANGER, *rest]
        yield [*path[:at], node[:-1] + bytes([node[-1] ^ 1]), *rest]
        yield [*path[:at], *rest]
        yield [*path[:at], node, node, *rest]
        yield [*path[:at], node[:-1], *rest]
        if rest:
            yield [*path[:at], rest[0], node, *rest[1:]]
    yield [*path, STRANGER]
    yield [STRANGER, *path]


def test_no_damaged_inclusion_proof_is_accepted() -> None:
    for size in range(1, 65):
        for index in range(size):
            leaf, path = leaves(size)[index], merkle.inclusion_path(leaves(size), index)
            assert not _accepts(check_inclusion, STRANGER, index, size, path, root(size))
            assert not _accepts(check_inclusion, leaf, index, size, path, STRANGER)
            assert not _accepts(check_inclusion, leaf, index, size, path, root(size - 1))
            for damaged in _damaged(path):
                assert not _accepts(check_inclusion, leaf, index, size, damaged, root(size)), (index, size)


def test_no_inclusion_proof_is_accepted_for_another_index() -> None:
    for size in range(1, 65):
        for index in range(size):
            path = merkle.inclusion_path(leaves(size), index)
            for other in (*range(-2, index), *range(index + 1, size + 3)):
                leaf = leaves(size)[index]
                assert not _accepts(check_inclusion, leaf, other, size, path, root(size)), (
                    index,
                    other,
                    size,
                )


def _turns(index: int, size: int) -> list[bool]:
    return [sibling < index >> height for height, sibling in merkle.inclusion_nodes(index, size)]


def test_an_inclusion_proof_for_another_size_is_refused_if_its_turns_differ() -> None:
    """A path depends on the size only through its turns; the checkpoint's signature binds size and root."""
    for size in range(1, 33):
        for index in range(size):
            path = merkle.inclusion_path(leaves(size), index)
            for other in (*range(size), *range(size + 1, 70)):
                accepted = _accepts(check_inclusion, leaves(size)[index], index, other, path, root(size))
                same_turns = index < other and _turns(index, other) == _turns(index, size)
                assert accepted == same_turns, (index, size, other)


def test_no_damaged_consistency_proof_is_accepted() -> None:
    for size in range(65):
        for old in range(size + 1):
            path = merkle.consistency_path(leaves(size), old)
            assert not _accepts(check_consistency, old, STRANGER, size, root(size), path)
            assert old == 0 < size or not _accepts(check_consistency, old, root(old), size, STRANGER, path)
            for damaged in _damaged(path):
                assert not _accepts(check_consistency, old, root(old), size, root(size), damaged), (old, size)


def test_no_consistency_proof_is_accepted_for_another_old_size() -> None:
    for size in range(33):
        for old in range(size + 1):
            path = merkle.consistency_path(leaves(size), old)
            for other in (*range(-1, old), *range(old + 1, size + 3)):
                accepted = _accepts(check_consistency, other, root(old), size, root(size), path)
                assert not accepted, (old, other, size)


def test_a_rewritten_history_has_no_proof() -> None:
    """Leaf 1 and all later leaves are different: no proof leads there from an honest old root."""
    for size in range(3, 33):
        for old in range(2, size + 1):
            for history in ("true", "false"):
                path = merkle.consistency_path(leaves(size, history), old)
                assert not _accepts(check_consistency, old, root(old), size, root(size, "false"), path)


def test_a_path_has_the_length_that_the_size_requires() -> None:
    for size in range(1, 65):
        path = merkle.inclusion_path(leaves(size), 0)
        for above in (merkle.node_hash(STRANGER, root(size)), merkle.node_hash(root(size), STRANGER)):
            assert not _accepts(check_inclusion, leaves(size)[0], 0, size, [*path, STRANGER], above)


def test_no_byte_can_move_from_one_hash_to_its_neighbour() -> None:
    """The concatenated bytes would be the same."""
    one, two = leaves(2)
    moved = one + two[:1], [two[1:]]
    assert merkle.node_hash(moved[0], *moved[1]) == root(2)
    assert not _accepts(check_inclusion, moved[0], 0, 2, moved[1], root(2))
    assert not _accepts(check_consistency, 1, moved[0], 2, root(2), moved[1])


@pytest.mark.parametrize(("old", "new"), [(2, 1), (-1, 1), (-2, -1)])
def test_a_log_never_shrinks(old: int, new: int) -> None:
    with pytest.raises(ProofError, match="did not grow"):
        check_consistency(old, STRANGER, new, STRANGER, [])


def test_the_empty_tree_has_one_root() -> None:
    check_consistency(0, merkle.EMPTY_ROOT, 0, merkle.EMPTY_ROOT, [])
    for old_root, new_root in (
        (STRANGER, merkle.EMPTY_ROOT),
        (merkle.EMPTY_ROOT, STRANGER),
        (STRANGER, STRANGER),
    ):
        assert not _accepts(check_consistency, 0, old_root, 0, new_root, [])
    assert not _accepts(check_consistency, 0, STRANGER, 3, root(3), [])
    assert not _accepts(check_inclusion, STRANGER, 0, 0, [], STRANGER)
