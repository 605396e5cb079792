"""The drawn steps are the proof: for every leaf of every small tree they end at its root."""

from hashlib import sha256

import pytest

from recordings.proof.evidence.pages.proof_steps import proof_steps
from recordings.tlog import merkle
from recordings.tlog.texts import encode64


def hashes(size: int) -> list[bytes]:
    return [sha256(b"\x00%d" % n).digest() for n in range(size)]


@pytest.mark.parametrize("size", range(1, 34))
def test_the_last_step_of_every_leaf_is_the_root(size: int) -> None:
    tree = hashes(size)
    root = merkle.root(tree)
    for index, leaf in enumerate(tree):
        walked = proof_steps(leaf, index, size, merkle.inclusion_path(tree, index), root)
        assert (walked[-1].result if walked else encode64(leaf)) == encode64(root)
        assert not walked or walked[-1].leaves == f"0–{size - 1}"


def test_a_step_says_what_stands_beside_it() -> None:
    tree = hashes(7)
    walked = proof_steps(tree[6], 6, 7, merkle.inclusion_path(tree, 6), merkle.root(tree))
    assert [(step.side, step.sibling_leaves, step.leaves) for step in walked] == [
        ("left", "4–5", "4–6"),
        ("left", "0–3", "0–6"),
    ]
    walked = proof_steps(tree[2], 2, 7, merkle.inclusion_path(tree, 2), merkle.root(tree))
    assert [(step.side, step.sibling_leaves, step.leaves) for step in walked] == [
        ("right", "3", "2–3"),
        ("left", "0–1", "0–3"),
        ("right", "4–6", "0–6"),
    ]


def test_a_path_that_leads_elsewhere_is_not_drawn() -> None:
    tree = hashes(5)
    with pytest.raises(merkle.ProofError):
        proof_steps(tree[1], 2, 5, merkle.inclusion_path(tree, 2), merkle.root(tree))
