"""Changes of signatures, checkpoints and time stamps."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.forge import AUDITOR, INTERNAL, Files
from tests.forge_parts import START, Signer, b64
from tests.forge_stamps import Stamper
from tests.forgeries.base import MAKERS, Case, asked, bad, files_of, forged, good, log


def _noted(note: str) -> Files:
    return files_of("all") | {"checkpoint.txt": note.encode()}


@forged
def _a_witness_line_damaged() -> Case:
    last = asked().note().splitlines()[-1]
    flipped = last[:-6] + ("A" if last[-6] != "A" else "B") + last[-5:]
    return bad(_noted(asked().note().replace(last, flipped)), "witnesses")


@forged
def _too_few_witnesses() -> Case:
    files = _noted(asked().note(witnesses=[INTERNAL]))
    return bad(files, "witnesses", policy=log().policy("group all all w0 w1\nquorum all\n"))


@forged
def _no_witness() -> Case:
    return bad(_noted(asked().note(witnesses=[])), "witnesses")


@forged
def _one_of_two_witnesses() -> Case:
    return good(_noted(asked().note(witnesses=[AUDITOR])), "WITNESSED by w1")


@forged
def _lines_of_strangers() -> Case:
    text = asked().text()
    stranger = Signer("stranger.example", 4).line(text) + Signer("witness.example/auditor", 4, "x").line(text)
    return good(_noted(asked().note() + stranger))


@forged
def _a_witness_that_signed_twice() -> Case:
    """The earlier of its times counts."""
    again = INTERNAL.line(asked().text(), asked().clock + timedelta(days=1))
    seen = f"w0 ({asked().clock:%Y-%m-%d %H:%M:%S} UTC), w1 ({asked().clock:%Y-%m-%d %H:%M:%S} UTC)"
    return good(_noted(asked().note() + again), says={"Cosigned by": seen})


@forged
def _witnesses_in_another_order_than_the_policy() -> Case:
    return good(_noted(asked().note(witnesses=[AUDITOR, INTERNAL])))


@forged
def _a_witness_that_signed_beyond_all_time() -> Case:
    line = _at(253_402_300_800 + 5)
    return good(_noted(asked().note(witnesses=[AUDITOR]) + line))


def _at(seconds: int) -> str:
    text = asked().text()
    signature = INTERNAL.key.sign(f"cosignature/v1\ntime {seconds}\n{text}".encode())
    return f"— {INTERNAL.name} {b64(INTERNAL.id + seconds.to_bytes(8, 'big') + signature)}\n"


@forged
def _a_cosignature_of_time_zero() -> Case:
    return bad(_noted(asked().note(witnesses=()) + _at(0)), "witnesses")


@forged
def _a_cosignature_of_a_time_that_is_too_large() -> Case:
    return bad(_noted(asked().note(witnesses=()) + _at(2**63)), "witnesses")


@forged
def _a_cosignature_cut_short() -> Case:
    line = f"— {INTERNAL.name} {b64(INTERNAL.id + bytes(9))}\n"
    return bad(_noted(asked().note(witnesses=()) + line), "witnesses")


def _notes() -> dict[str, str]:
    """Checkpoints that are none, the signature aside."""
    good, text = asked().note(), asked().text()
    own = log().key.line
    return {
        "empty": "",
        "without_signature": text + "\n",
        "without_empty_line": good.replace("\n\n", "\n"),
        "without_last_line_end": good[:-1],
        "with_a_control_character": good.replace(log().origin, log().origin + "\t", 1),
        "with_carriage_returns": good.replace("\n", "\r\n"),
        "with_a_malformed_line": good + "hello\n",
        "with_a_line_of_three_bytes": good + "— x AAAA\n",
        "with_a_line_that_is_no_base64": good + "— x AAAAAAAAA\n",
        "with_a_plus_in_a_name": good + "— x+y AAAAAAAA\n",
        "with_a_space_in_a_name": good + "— x\u2003y AAAAAAAA\n",
        "with_another_dash": good.replace("—", "-"),
        "with_101_signatures": good + "— x AAAAAAAA\n" * 98,
        "with_an_extension_line": (changed := text + "more\n") + "\n" + own(changed),
        "with_an_empty_line_in_its_text": (changed := text + "\nmore\n") + "\n" + own(changed),
        "with_a_size_of_another_form": (changed := text.replace("\n12\n", "\n012\n")) + "\n" + own(changed),
        "with_a_size_beyond_2_53": (changed := text.replace("\n12\n", "\n9007199254740992\n"))
        + "\n"
        + own(changed),
        "with_a_short_root": (changed := re.sub("\n[^\n]+\n$", "\nAAAA\n", text)) + "\n" + own(changed),
        "of_two_lines": (changed := "\n".join(text.split("\n")[:2]) + "\n") + "\n" + own(changed),
        "without_origin": (changed := text.replace(log().origin, "")) + "\n" + own(changed),
        "of_another_origin": (changed := text.replace("portal", "another")) + "\n" + own(changed),
    }


def _note_case(name: str) -> Callable[[], Case]:
    return lambda: bad(_noted(_notes()[name]), "checkpoint")


MAKERS.update({f"note_{name}": _note_case(name) for name in _notes()})


@forged
def _note_with_100_signatures() -> Case:
    return good(_noted(asked().note() + "— x AAAAAAAA\n" * 97))


@forged
def _note_that_is_no_utf8() -> Case:
    files = files_of("all")
    return bad(files | {"checkpoint.txt": files["checkpoint.txt"] + b"\xff"}, "checkpoint")


def _stamped(reply: bytes, **brought: Any) -> Case:
    return bad(files_of("all") | {"anchors/7.tsr": reply}, "anchors", **brought)


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
def _a_stamp_of_indefinite_length() -> Case:
    return _stamped(b"\x30\x80" + files_of("all")["anchors/7.tsr"][4:] + b"\0\0")


@forged
def _a_stamp_with_a_byte_behind_it() -> Case:
    return _stamped(files_of("all")["anchors/7.tsr"] + b"\0")


@forged
def _a_stamp_with_a_wrong_signature() -> Case:
    reply = bytearray(files_of("all")["anchors/7.tsr"])
    reply[-9] ^= 1
    return _stamped(bytes(reply), tsa=log().stamper.pem)


@forged
def _a_stamp_with_another_time() -> Case:
    reply = files_of("all")["anchors/7.tsr"]
    return _stamped(reply.replace(b"20261120090009Z", b"20261120090019Z"), tsa=log().stamper.pem)


@forged
def _a_stamp_with_a_time_that_is_none() -> Case:
    reply = files_of("all")["anchors/7.tsr"]
    return _stamped(reply.replace(b"20261120090009Z", b"20261320090009Z"))


@forged
def _a_stamp_under_sha512() -> Case:
    stamper = Stamper("Forge TSA 512", "sha512")
    note = files_of("all")["anchors/7.txt"]
    files = files_of("all") | {"anchors/7.tsr": stamper.stamp(note, START + timedelta(seconds=9))}
    verdict = "ANCHORED (time-stamped 2026-11-20 09:00:09 UTC, leaves below 7)"
    return good(files, verdict, policy=log().policy("quorum none\n"), tsa=stamper.pem)


@forged
def _an_anchor_that_was_not_signed() -> Case:
    files = files_of("all")
    note = files["anchors/7.txt"].replace(b"\n7\n", b"\n6\n")
    stamp = log().stamper.stamp(note, START + timedelta(seconds=9))
    return bad(files | {"anchors/7.txt": note, "anchors/7.tsr": stamp}, "anchors")


@forged
def _an_anchor_with_three_signatures() -> Case:
    """As the log signed it: one line, or two while a key is being replaced."""
    files = files_of("all")
    note = files["anchors/7.txt"] + "— x AAAAAAAA\n— y AAAAAAAA\n".encode()
    stamp = log().stamper.stamp(note, START + timedelta(seconds=9))
    return bad(files | {"anchors/7.txt": note, "anchors/7.tsr": stamp}, "anchors")


@forged
def _a_certificate_that_is_none() -> Case:
    pem = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    return bad(files_of("all"), "anchors", tsa=pem)


@forged
def _a_file_without_certificate() -> Case:
    return good(files_of("all"), tsa=b"hello")
