"""Checkpoints that somebody kept, and proofs of one event."""

from tests.forge import Log
from tests.forge_parts import Signer, b64
from tests.forge_tools import changed_extra
from tests.forgeries.base import INVALID, SEVEN, Case, bad, files_of, forged, log, mine


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
    return bad(files_of("all"), "older", older=note, proof=log().request(4))


@forged
def _older_with_a_proof_from_another_size() -> Case:
    return bad(files_of("all"), "older", older=log().note(4), proof=log().request(5))


@forged
def _older_with_a_damaged_proof() -> Case:
    lines = log().request(4).split("\n")
    lines[1] = b64(bytes(32))
    return bad(files_of("all"), "older", older=log().note(4), proof="\n".join(lines))


@forged
def _older_that_is_no_checkpoint() -> Case:
    return bad(files_of("all"), "older", older="hello", proof=log().request(4))


@forged
def _proof_without_policy() -> Case:
    return Case(log().proof(3, log().note()), "policy")


@forged
def _proof_of_an_edited_event() -> Case:
    data = files_of(*SEVEN)
    files = changed_extra(data, 3, lambda x: x.update(body=x["body"].replace("granted", "denied")))
    return Case(files["events/000000000003.tlog-proof"], "bodies", INVALID, mine())


@forged
def _proof_with_another_index() -> Case:
    data = log().proof(3, log().note()).replace(b"\nindex 3\n", b"\nindex 2\n")
    return Case(data, "inclusion", INVALID, mine())


@forged
def _proof_without_body() -> Case:
    return Case(log().proof(3, log().note(), body=False), "bodies", INVALID, mine())


@forged
def _proof_cut_short() -> Case:
    return Case(log().proof(3, log().note())[:200], "checkpoint", INVALID, mine())
