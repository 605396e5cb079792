"""The attacks A1 to A18 that a bundle can show."""

import json
import re
from datetime import timedelta
from typing import Any

from tests.forge import Files, Log, pack, summed
from tests.forge_parts import START, Signer, b64, canonical
from tests.forge_tools import changed_extra, changed_json, resigned, story
from tests.forgeries.base import SELF_SIGNED, SEVEN, Case, bad, files_of, forged, log


@forged
def _A01_an_event_edited() -> Case:
    name = changed_extra(files_of(*SEVEN), 3, lambda x: x.update(body=x["body"].replace("user:2", "user:9")))
    return bad(name, "bodies")


@forged
def _A01_an_entry_edited() -> Case:
    files = changed_extra(
        files_of(*SEVEN), 3, lambda x: x.update(entry=x["entry"].replace("granted", "denied"))
    )
    return bad(files, "inclusion")


@forged
def _A02_another_name() -> Case:
    def rename(extra: Any) -> None:
        extra["reveal"]["actor.name"]["value"] = "Sam Ortiz"

    files = changed_extra(files_of(*SEVEN), 3, rename)
    return bad(
        summed(files | {"report.csv": files["report.csv"].replace(b"Tom Brandt", b"Sam Ortiz")}), "values"
    )


@forged
def _A02_another_name_in_the_table_only() -> Case:
    files = files_of(*SEVEN)
    return bad(summed(files | {"report.csv": files["report.csv"].replace(b"Tom", b"Sam")}), "table")


def _without(*leaves: int, **changes: Any) -> Files:
    """A bundle about recording 7 that says nothing of some of its leaves, everything else made to fit."""
    said = json.loads(files_of(*SEVEN)["bundle.json"])
    left = [n for n in said["leaves"] if n not in leaves]
    files = log().bundle(*SEVEN, leaves=left)
    return changed_json(files, lambda claim: claim["head"].update(changes)) if changes else files


@forged
def _A03_a_view_left_out() -> Case:
    return bad(_without(3), "completeness")


@forged
def _A03_a_view_left_out_of_everybodys() -> Case:
    left = [n for n in range(len(log().leaves)) if n != 3]
    return bad(log().bundle(leaves=left), "completeness")


@forged
def _A04_the_newest_view_left_out() -> Case:
    return bad(_without(7), "completeness")


@forged
def _A05_the_newest_left_out_and_the_count_a_lie() -> Case:
    return bad(_without(7, count=3, last=5), "completeness")


@forged
def _A05_the_manifest_a_lie_as_well() -> Case:
    files = changed_extra(
        files_of(*SEVEN), 9, lambda x: x.update(body=re.sub('"objects_n":3', '"objects_n":2', x["body"]))
    )
    return bad(files, "bodies")


@forged
def _A06_two_events_swapped() -> Case:
    files = dict(files_of(*SEVEN))
    one, other = "events/000000000001.tlog-proof", "events/000000000003.tlog-proof"
    files[one], files[other] = files[other], files[one]
    return bad(summed(files), "inclusion")


@forged
def _A06_two_events_swapped_and_renumbered() -> Case:
    files = dict(files_of(*SEVEN))
    one, other = "events/000000000001.tlog-proof", "events/000000000003.tlog-proof"
    files[one], files[other] = (
        files[other].replace(b"\nindex 3\n", b"\nindex 1\n"),
        files[one].replace(b"\nindex 1\n", b"\nindex 3\n"),
    )
    return bad(summed(files), "inclusion")


@forged
def _A07_signed_again_without_the_key() -> Case:
    text, wrong = log().text(), Signer(log().origin, seed="a thief's")
    return bad(resigned(files_of("all"), f"{text}\n{wrong.line(text)}"), "checkpoint")


@forged
def _A07_signed_again_under_the_keys_id() -> Case:
    text, wrong = log().text(), Signer(log().origin, seed="a thief's")
    line = f"— {log().origin} {b64(log().key.id + wrong.key.sign(text.encode()))}\n"
    return bad(resigned(files_of("all"), f"{text}\n{line}"), "checkpoint")


@forged
def _A08_a_checkpoint_edited() -> Case:
    return bad(resigned(files_of("all"), log().note().replace("\n10\n", "\n11\n")), "checkpoint")


def _rewritten(**how: Any) -> Log:
    """The same history with another viewer's name, signed with the real key: what owner and thief of the key can do."""
    return story(Log(**how), name="Sam Ortiz")


@forged
def _A09_history_rewritten_with_the_real_key() -> Case:
    return bad(_rewritten(witnesses=()).bundle(), "witnesses")


@forged
def _A09_rewritten_with_the_witness_lines_of_the_old_checkpoint() -> Case:
    other = _rewritten(witnesses=())
    lines = "".join(log().note().splitlines(keepends=True)[5:])
    return bad(other.bundle(note=other.note() + lines), "witnesses")


@forged
def _A10_rewritten_and_nobody_can_tell() -> Case:
    files = _rewritten(witnesses=()).bundle(policy=log().policy("quorum none\n"))
    return Case(pack(files).getvalue(), "", SELF_SIGNED)


@forged
def _A11_somebody_holds_an_older_checkpoint() -> Case:
    other = _rewritten()
    return bad(other.bundle(), "older", older=log().note(4), proof=other.request(4))


@forged
def _A11_and_the_proof_of_the_true_log() -> Case:
    return bad(_rewritten().bundle(), "older", older=log().note(4), proof=log().request(4))


@forged
def _A11_somebody_holds_a_checkpoint_of_the_same_size() -> Case:
    return bad(_rewritten().bundle(), "older", older=log().note())


@forged
def _A11_somebody_had_one_stamped() -> Case:
    other = _rewritten()
    other.anchors = log().anchors
    return bad(other.bundle(), "anchors")


@forged
def _A14_an_old_manifest() -> Case:
    """The checkpoint is the newest, the manifest – true in its day – is leaf 6: the view at leaf 7 is hidden."""
    early, now = log().bundle(*SEVEN, manifest=6), files_of(*SEVEN)
    lie = json.loads(early["bundle.json"]) | {
        "size": len(log().leaves),
        "anchors": json.loads(now["bundle.json"])["anchors"],
    }
    files = {name: data for name, data in now.items() if not name.startswith("events/")}
    note = log().note()
    for n in {*lie["leaves"], 0, 6}:
        files[f"events/{n:012}.tlog-proof"] = log().proof(n, note)
    return bad(summed(files | {"bundle.json": canonical(lie), "report.csv": early["report.csv"]}), "manifest")


@forged
def _A14_an_old_manifest_said_to_be_the_last_leaf() -> Case:
    ends = story(anchors=True)
    ends.leaves.append(ends.leaves.pop(6))
    return bad(ends.bundle(*SEVEN), "inclusion")


@forged
def _A18_an_event_dated_back() -> Case:
    late = Log()
    late.add(about="recording:7")
    late.add(about="recording:7", after=3600)
    late.anchor()
    late.add(about="recording:7", at=START + timedelta(seconds=5))
    late.close()
    return bad(late.bundle(*SEVEN), "times")


@forged
def _A18_an_event_dated_forward() -> Case:
    late = Log()
    late.add(about="recording:7", at=START + timedelta(hours=2))
    late.anchor()
    late.close()
    return bad(late.bundle(*SEVEN), "times")
