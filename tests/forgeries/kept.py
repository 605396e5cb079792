"""Checkpoints that somebody kept, and proofs of one event."""

from typing import Any

from tests.forge import Log
from tests.forge_parts import Signer, b64, canonical
from tests.forgeries.base import (
    INVALID,
    NOT_CHECKED,
    WITNESSED,
    Case,
    asked,
    bad,
    files_of,
    forged,
    log,
    mine,
)


@forged
def _older_without_proof() -> Case:
    return bad(files_of("all"), "older", older=log().note(4))


@forged
def _older_of_another_log() -> Case:
    return bad(files_of("all"), "older", older=Log(origin="elsewhere.example").note())


@forged
def _older_that_nobody_signed() -> Case:
    text = log().text(4)
    note = f"{text}\n{Signer(log().origin, seed='x').line(text)}"
    return bad(files_of("all"), "older", older=note, proof=asked().request(4))


@forged
def _older_with_a_proof_from_another_size() -> Case:
    return bad(files_of("all"), "older", older=log().note(4), proof=asked().request(5))


@forged
def _older_with_a_damaged_proof() -> Case:
    lines = asked().request(4).split("\n")
    lines[1] = b64(bytes(32))
    return bad(files_of("all"), "older", older=log().note(4), proof="\n".join(lines))


@forged
def _older_with_a_proof_that_is_too_long() -> Case:
    lines = asked().request(4).split("\n")
    lines.insert(1, lines[1])
    return bad(files_of("all"), "older", older=log().note(4), proof="\n".join(lines))


@forged
def _older_that_is_no_checkpoint() -> Case:
    return bad(files_of("all"), "older", older="hello", proof=asked().request(4))


def _proof(n: int = 3, **extra: Any) -> bytes:
    return log().proof(n, log().note(), **extra)


@forged
def _one_proof() -> Case:
    return Case(_proof(), "", WITNESSED, mine())


@forged
def _one_proof_of_a_leaf_that_reveals_nothing() -> Case:
    return Case(_proof(0), "", WITNESSED, mine(), states={"values": "none"})


@forged
def _proof_without_policy() -> Case:
    return Case(_proof(), "policy")


@forged
def _proof_of_an_edited_event() -> Case:
    edited = log().leaves[3].body.decode().replace("granted", "denied")
    return Case(_proof(body=edited), "bodies", INVALID, mine())


@forged
def _proof_of_an_edited_entry() -> Case:
    edited = log().leaves[3].entry.decode().replace("granted", "denied")
    return Case(_proof(entry=edited), "inclusion", INVALID, mine())


@forged
def _proof_of_another_name() -> Case:
    reveal = {**log().leaves[3].reveal, "actor.name": {"salt": "00" * 16, "value": "Sam"}}
    return Case(_proof(reveal=reveal), "values", INVALID, mine())


@forged
def _proof_with_another_key() -> Case:
    return Case(_proof(memo="x"), "inclusion", INVALID, mine())


@forged
def _proof_whose_entry_is_an_object() -> Case:
    return Case(_proof(entry=log().leaves[3].said), "inclusion", INVALID, mine())


@forged
def _proof_with_another_index() -> Case:
    return Case(_proof().replace(b"\nindex 3\n", b"\nindex 2\n"), "inclusion", INVALID, mine())


@forged
def _proof_of_a_checkpoint_that_nobody_signed() -> Case:
    text = log().text()
    note = f"{text}\n{Signer('x').line(text)}"
    return Case(log().proof(3, note), "checkpoint", INVALID, mine())


@forged
def _proof_dated_behind_its_witnesses() -> Case:
    late = Log()
    late.clock = late.clock.replace(hour=11)
    late.add()
    late.clock = late.clock.replace(hour=10)
    return Case(late.proof(1, late.note()), "times", INVALID, mine())


@forged
def _proof_cut_short() -> Case:
    return Case(_proof()[:200], "", NOT_CHECKED, mine())


@forged
def _proof_of_another_version() -> Case:
    return Case(_proof().replace(b"proof@v1", b"proof@v2"), "", NOT_CHECKED, mine())


@forged
def _proof_whose_extra_is_no_json() -> Case:
    found = canonical({"entry": log().leaves[3].entry.decode()})
    data = _proof().split(b"\n")
    data[1] = b"extra " + b64(found[:-1]).encode()
    return Case(b"\n".join(data), "inclusion", INVALID, mine())
