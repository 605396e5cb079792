"""Changes of signatures, policies, checkpoints and time stamps."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.forge import AUDITOR, INTERNAL, summed
from tests.forge_parts import START, Signer
from tests.forge_stamps import Stamper
from tests.forge_tools import resigned
from tests.forgeries.base import MAKERS, Case, bad, files_of, forged, good, log


@forged
def _a_witness_line_damaged() -> Case:
    last = log().note().splitlines()[-1]
    flipped = last[:-6] + ("A" if last[-6] != "A" else "B") + last[-5:]
    return bad(resigned(files_of("all"), log().note().replace(last, flipped)), "witnesses")


@forged
def _too_few_witnesses() -> Case:
    files = resigned(files_of("all"), log().note(witnesses=[INTERNAL]))
    return bad(files, "witnesses", policy_text=log().policy("group all all w0 w1\nquorum all\n"))


@forged
def _one_of_two_witnesses() -> Case:
    files = resigned(files_of("all"), log().note(witnesses=[AUDITOR]))
    return good(files, "WITNESSED by w1")


@forged
def _lines_of_strangers() -> Case:
    text = log().text()
    stranger = Signer("stranger.example", 4).line(text) + Signer("witness.example/auditor", 4, "x").line(text)
    return good(resigned(files_of("all"), log().note() + stranger))


@forged
def _a_policy_for_another_log() -> Case:
    policy = log().policy().replace(log().key.vkey, Signer("elsewhere.example").vkey)
    return bad(files_of("all"), "checkpoint", policy_text=policy)


def _policies() -> dict[str, str]:
    """Policies that are none."""
    good, key = log().policy(), Signer("x", 4, "y").vkey
    return {
        "empty": "",
        "without_quorum": good.replace("quorum enough\n", ""),
        "with_two_quorums": good + "quorum none\n",
        "with_a_quorum_of_nobody": good.replace("quorum enough", "quorum nobody"),
        "with_a_group_of_nobody": good.replace("any w0 w1", "any w0 w2"),
        "with_an_empty_group": good.replace("any w0 w1", "any"),
        "with_too_high_a_number": good.replace("any w0 w1", "3 w0 w1"),
        "with_zero": good.replace("any w0 w1", "0 w0 w1"),
        "with_a_zero_before": good.replace("any w0 w1", "01 w0 w1"),
        "with_a_member_twice": good.replace("any w0 w1", "2 w0 w0"),
        "with_a_member_of_two_groups": good + "group more any w0\n",
        "with_none_as_a_member": good.replace("any w0 w1", "any w0 none"),
        "with_a_name_twice": good + f"witness w0 {key}\n",
        "with_a_witness_called_none": good + f"witness none {key}\n",
        "with_a_key_twice": good + f"witness w2 {AUDITOR.vkey}\n",
        "with_a_log_twice": good + f"log {log().key.vkey}\n",
        "with_a_log_key_as_witness": good + f"witness w2 {Signer('x').vkey}\n",
        "with_a_witness_key_as_log": good + f"log {key}\n",
        "with_a_key_id_of_another": good.replace(AUDITOR.id.hex(), INTERNAL.id.hex()),
        "with_a_key_cut_short": good.replace(AUDITOR.vkey, AUDITOR.vkey[:-4]),
        "with_a_word_too_many": good.replace("quorum enough", "quorum enough now"),
        "with_an_unknown_line": good + "trust me\n",
        "with_a_control_character": good + "# \x07\n",
        "with_carriage_returns": good.replace("\n", "\r\n"),
    }


def _policy_case(name: str) -> Callable[[], Case]:
    return lambda: bad(files_of("all"), "policy", policy_text=_policies()[name])


MAKERS.update({f"policy_{name}": _policy_case(name) for name in _policies()})


@forged
def _policy_with_tabs_comments_and_spaces() -> Case:
    text = "\n \t# c\n" + log().policy().replace(" ", " \t ").replace("\n", "  \n") + "\t\n# ünï \xff\n"
    return good(files_of("all"), policy_text=text.rstrip("\n"))


def _notes() -> dict[str, str]:
    """Checkpoints that are none, the signature aside."""
    good, text = log().note(), log().text()
    own = log().key.line
    return {
        "without_signature": text + "\n",
        "without_empty_line": good.replace("\n\n", "\n"),
        "without_last_line_end": good[:-1],
        "with_a_control_character": good.replace(log().origin, log().origin + "\t", 1),
        "with_carriage_returns": good.replace("\n", "\r\n"),
        "with_a_malformed_line": good + "hello\n",
        "with_a_line_of_three_bytes": good + "— x AAAA\n",
        "with_a_plus_in_a_name": good + "— x+y AAAAAAAA\n",
        "with_a_space_in_a_name": good + "— x\u2003y AAAAAAAA\n",
        "with_another_dash": good.replace("—", "-"),
        "with_an_empty_line_in_its_text": (changed := text + "\nmore\n") + "\n" + own(changed),
        "with_a_size_of_another_form": (changed := text.replace("\n10\n", "\n010\n")) + "\n" + own(changed),
        "with_a_short_root": (changed := re.sub("\n[^\n]+\n$", "\nAAAA\n", text)) + "\n" + own(changed),
        "of_two_lines": (changed := "\n".join(text.split("\n")[:2]) + "\n") + "\n" + own(changed),
        "without_origin": (changed := text.replace(log().origin, "")) + "\n" + own(changed),
    }


def _note_case(name: str) -> Callable[[], Case]:
    return lambda: bad(resigned(files_of("all"), _notes()[name]), "checkpoint")


MAKERS.update({f"note_{name}": _note_case(name) for name in _notes()})


@forged
def _note_with_an_extension_line() -> Case:
    """Opaque, signed and allowed."""
    text = log().text() + "more\n"
    note = f"{text}\n{log().key.line(text)}{INTERNAL.line(text)}{AUDITOR.line(text)}"
    return good(resigned(files_of("all"), note))


@forged
def _a_cosignature_of_time_zero() -> Case:
    text = log().text()
    line = INTERNAL.line(text, START - timedelta(seconds=START.timestamp()))
    return bad(resigned(files_of("all"), log().note(witnesses=()) + line), "witnesses")


def _stamped(reply: bytes, **brought: Any) -> Case:
    return bad(summed(files_of("all") | {"anchors/7.tsr": reply}), "anchors", **brought)


@forged
def _a_stamp_over_something_else() -> Case:
    return _stamped(log().stamper.stamp(b"another checkpoint", START))


@forged
def _a_stamp_that_is_none() -> Case:
    return _stamped(b"\x30\x82\xff\xff no stamp")


@forged
def _an_empty_stamp() -> Case:
    return _stamped(b"")


@forged
def _a_stamp_with_a_wrong_signature() -> Case:
    reply = bytearray(files_of("all")["anchors/7.tsr"])
    reply[-9] ^= 1
    return _stamped(bytes(reply), tsa_pem=log().stamper.pem)


@forged
def _a_stamp_with_another_time() -> Case:
    reply = files_of("all")["anchors/7.tsr"]
    return _stamped(reply.replace(b"20261120090009Z", b"20261120090019Z"), tsa_pem=log().stamper.pem)


@forged
def _a_stamp_under_sha512() -> Case:
    stamper = Stamper("Forge TSA 512", "sha512")
    note = files_of("all")["anchors/7.txt"]
    files = summed(files_of("all") | {"anchors/7.tsr": stamper.stamp(note, START + timedelta(seconds=9))})
    verdict = "ANCHORED (time-stamped 2026-11-20 09:00:09Z, leaves below 7)"
    return good(files, verdict, policy_text=log().policy("quorum none\n"), tsa_pem=stamper.pem)


@forged
def _an_anchor_that_was_not_signed() -> Case:
    files = files_of("all")
    note = files["anchors/7.txt"].replace(b"\n7\n", b"\n6\n")
    stamp = log().stamper.stamp(note, START + timedelta(seconds=9))
    return bad(summed(files | {"anchors/7.txt": note, "anchors/7.tsr": stamp}), "anchors")
