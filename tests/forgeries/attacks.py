"""The attacks A1 to A18 that a bundle can show."""

import json
from datetime import timedelta
from typing import Any

from tests.forge import Files, Log
from tests.forge_parts import START, Signer, b64, canonical, recording
from tests.forge_tools import changed_json, changed_line, story, with_table
from tests.forge_zip import pack
from tests.forgeries.base import SELF_SIGNED, SEVEN, Case, asked, bad, files_of, forged, log

ALL = ("all", "")


@forged
def _A01_an_event_edited() -> Case:
    return bad(changed_line(files_of(*SEVEN), 3, lambda x: x["body"]["actor"].update(ref="user:9")), "bodies")


@forged
def _A01_an_entry_edited() -> Case:
    return bad(changed_line(files_of(*SEVEN), 3, lambda x: x["entry"].update(o="denied")), "inclusion")


@forged
def _A02_another_name() -> Case:
    files = changed_line(files_of(*SEVEN), 3, lambda x: x["reveal"]["actor.name"].update(value="Sam Ortiz"))
    return bad(with_table(files, files["report.csv"].replace(b"Tom Brandt", b"Sam Ortiz")), "values")


@forged
def _A02_another_name_in_the_table_only() -> Case:
    files = files_of(*SEVEN)
    return bad(with_table(files, files["report.csv"].replace(b"Tom", b"Sam")), "table")


def _without(*leaves: int, **changes: Any) -> Files:
    """A bundle about recording 7 that says nothing of some of its leaves, everything else made to fit."""
    left = [n for n in (1, 3, 5, 7) if n not in leaves]
    files = asked(*SEVEN).bundle(*SEVEN, leaves=left)
    return changed_json(files, lambda claim: claim["chains"][0]["head"].update(changes)) if changes else files


@forged
def _A03_a_view_left_out() -> Case:
    return bad(_without(5), "completeness")


@forged
def _A03_a_view_left_out_of_everybodys() -> Case:
    left = [n for n in range(12) if n != 4]
    return bad(asked().bundle(leaves=left), "completeness")


@forged
def _A04_the_newest_view_left_out() -> Case:
    return bad(_without(7), "completeness")


@forged
def _A05_the_newest_left_out_and_the_count_a_lie() -> Case:
    return bad(_without(7, count=3, last=5), "completeness")


@forged
def _A05_the_manifest_a_lie_as_well() -> Case:
    files = changed_line(files_of(*SEVEN), 11, lambda x: x["body"]["action_detail"].update(objects_n=2))
    return bad(files, "bodies")


@forged
def _A06_two_events_swapped() -> Case:
    files = files_of(*SEVEN)
    lines = files["events.jsonl"].splitlines(keepends=True)
    lines[1], lines[2] = lines[2], lines[1]
    return bad(files | {"events.jsonl": b"".join(lines)}, "inclusion")


@forged
def _A06_two_events_swapped_and_renumbered() -> Case:
    files = changed_line(files_of("all"), 2, lambda x: x["entry"].update(n=99))
    files = changed_line(files, 3, lambda x: x["entry"].update(n=2))
    files = changed_line(files, 99, lambda x: x["entry"].update(n=3))
    lines = files["events.jsonl"].splitlines(keepends=True)
    lines[2], lines[3] = lines[3], lines[2]
    return bad(files | {"events.jsonl": b"".join(lines)}, "inclusion")


@forged
def _A07_signed_again_without_the_key() -> Case:
    text, wrong = asked().text(), Signer(log().origin, seed="a thief's")
    return bad(files_of("all") | {"checkpoint.txt": f"{text}\n{wrong.line(text)}".encode()}, "checkpoint")


@forged
def _A07_signed_again_under_the_keys_id() -> Case:
    text, wrong = asked().text(), Signer(log().origin, seed="a thief's")
    line = f"— {log().origin} {b64(log().key.id + wrong.key.sign(text.encode()))}\n"
    return bad(files_of("all") | {"checkpoint.txt": f"{text}\n{line}".encode()}, "checkpoint")


@forged
def _A08_a_checkpoint_edited() -> Case:
    return bad(
        files_of("all") | {"checkpoint.txt": asked().note().replace("\n12\n", "\n13\n").encode()},
        "checkpoint",
    )


def _rewritten(**how: Any) -> Log:
    """The same history with another viewer's name, signed with the real key: what owner and thief of the key can do."""
    return story(Log(**how), name="Sam Ortiz").asked()


@forged
def _A09_history_rewritten_with_the_real_key() -> Case:
    return bad(_rewritten(witnesses=()).bundle(), "witnesses")


@forged
def _A09_rewritten_with_the_witness_lines_of_the_old_checkpoint() -> Case:
    other = _rewritten(witnesses=())
    lines = "".join(asked().note().splitlines(keepends=True)[5:])
    return bad(other.bundle(note=other.note() + lines), "witnesses")


@forged
def _A10_rewritten_and_nobody_can_tell() -> Case:
    files = _rewritten(witnesses=()).bundle(policy=log().policy("quorum none\n"))
    said = {
        "Cosigned by": "no witness",
        "Trust": "the bundle’s own policy; only the bundle’s maker vouches for it",
    }
    return Case(pack(files).getvalue(), "", SELF_SIGNED, says=said, states={"witnesses": "none"})


@forged
def _A11_somebody_holds_an_older_checkpoint() -> Case:
    other = _rewritten()
    return bad(other.bundle(), "older", older=log().note(4), proof=other.request(4))


@forged
def _A11_and_the_proof_of_the_true_log() -> Case:
    return bad(_rewritten().bundle(), "older", older=log().note(4), proof=asked().request(4))


@forged
def _A11_somebody_holds_a_checkpoint_of_the_same_size() -> Case:
    return bad(_rewritten().bundle(), "older", older=asked().note())


@forged
def _A11_somebody_had_one_stamped() -> Case:
    other = _rewritten()
    other.anchors = log().anchors
    return bad(other.bundle(), "anchors")


@forged
def _A14_an_old_manifest() -> Case:
    """The log grew after the manifest by a view, and the checkpoint is newer: the view is hidden."""
    grown = asked(*SEVEN).copy()
    grown.add(about=recording(7))
    return bad(grown.bundle(*SEVEN, size=13, request=10), "manifest")


@forged
def _A14_an_old_manifest_said_to_be_the_last_leaf() -> Case:
    grown = asked(*SEVEN).copy()
    grown.leaves[11:] = []
    grown.add(about=recording(7))
    grown.leaves.append(asked(*SEVEN).leaves[11])
    return bad(grown.bundle(*SEVEN, size=13, request=10), "inclusion")


@forged
def _A18_an_event_dated_back() -> Case:
    """Recorded before the log was closed for that time, and sealed behind the manifest that closed it."""
    late = Log()
    late.add(about=recording(7), after=3600)
    late.close(after=300)
    late.add(about=recording(7), at=START + timedelta(seconds=5))
    return bad(late.bundle(), "times")


@forged
def _A18_an_event_dated_forward() -> Case:
    late = Log()
    late.add(about=recording(7), at=START + timedelta(hours=2))
    late.close()
    return bad(late.bundle(*SEVEN), "times")


@forged
def _A18_an_event_dated_behind_a_time_stamp() -> Case:
    late = Log()
    late.add(about=recording(7), at=START + timedelta(hours=2))
    late.anchor()
    late.clock += timedelta(hours=3)
    return bad(late.bundle(*SEVEN), "times", tsa=late.stamper.pem)


@forged
def _A18_and_the_stamp_is_by_a_stranger() -> Case:
    late = Log()
    late.add(about=recording(7), at=START + timedelta(hours=2))
    late.anchor()
    late.clock += timedelta(hours=3)
    return Case(pack(late.bundle(*SEVEN)).getvalue(), "", "WITNESSED by w0, w1", {"policy": log().policy()})


@forged
def _a_manifest_whose_detail_is_rewritten_as_text() -> Case:
    said = json.loads(files_of(*SEVEN)["events.jsonl"].splitlines()[-1])
    said["body"]["action_detail"]["upto"] = "11"
    lines = files_of(*SEVEN)["events.jsonl"].splitlines(keepends=True)
    return bad(
        files_of(*SEVEN) | {"events.jsonl": b"".join([*lines[:-1], canonical(said) + b"\n"])}, "bodies"
    )
